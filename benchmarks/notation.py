"""Measures how well performances are notated whose every note has a known place.

Usage: ``python benchmarks/notation.py DATA [--rendered SOUNDFONT] [--only WORD]
[--others SEED]``; DATA holds ``groove/`` of the Groove MIDI Dataset (see
docs/contributing/models.md). These performances were played to a click, so that the
tick of a note says where it belongs, but for how early their drummer plays as a whole:

- *place*: share of notes written where they were played in the bar. A note is right if
  it is written at the line nearest to it, of sixteenths or, in swung and compound
  music, of triplets (a swung eighth is their last third), or within a 16th of a quarter
  of where it was played, as 32nds are.
- *one way*: share of bars in which the groove is spelled in one way: no triplet and no
  swing in a straight one, swung pairs and triplets in a shuffle.
- *hands*: bars in which two hands and two feet do not suffice.

Notes are taken from the performance itself, with the beats of the click. With
``--rendered`` they are heard in a render (FluidSynth, a minute of each), and the beats
as well; *in the beat* then leaves out whether bars and beats were found. ``--others``
draws sixty performances besides those that are named here; a rule tells their family.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np

from adt_plugins import Transcription, transcribe
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum, drum_of_note
from adt_plugins.formats.notation.bars import Bar
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.meter import Meter, meter_changes

# Families by what the hits of each performance do against the click, as histograms of
# them show. Some were looked at while the speller's numbers were chosen.
FAMILIES = {
    "straight": "1/session2/35 1/session3/13 3/session1/11 3/session2/10"
    " 6/session3/1 6/session3/4 6/session3/5 7/session2/100 7/session2/15"
    " 7/session2/27 7/session2/46 7/session2/14 7/session3/11 7/session3/132"
    " 8/session2/37 8/session2/40",
    "funk": "1/eval_session/1 1/eval_session/5 1/eval_session/6 1/eval_session/10"
    " 7/eval_session/1 7/eval_session/5 7/eval_session/10 1/session1/126 1/session1/2"
    " 1/session3/15 7/session1/13 8/session1/8 8/session2/11",
    "swung funk": "1/eval_session/2 7/eval_session/2 8/session1/18 8/session1/19"
    " 8/session2/16 3/session1/7",
    "shuffle": "1/session2/62 5/session1/17 8/session1/20 8/session1/21"
    " 1/session1/51 1/session1/47 1/session1/48 1/session1/239 3/session1/15"
    " 3/session1/16 7/session1/14 7/session1/15 5/session2/4 1/session1/50"
    " 8/session2/23",
    "6/8, 12/8": "6/session1/1 6/session1/4 1/session2/112",
    "fast jazz": "1/session1/77 1/session1/78 1/session3/2 1/session3/3 10/session1/2"
    " 10/session1/3 10/session1/5",
}
OTHERS, LEAST_S = 60, 30.0
RENDERED_S = 60.0
FINE = 1 / 16
FAMILY_LINES = {  # in a quarter
    "swung funk": (0, 0.3, 0.5, 0.8),
    "6/8, 12/8": (0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6),
    "shuffle": (0, 1 / 3, 2 / 3),
    "fast jazz": (0, 1 / 3, 2 / 3),
}
STRAIGHT_LINES = (0, 0.25, 0.5, 0.75)
FEET = (Drum.KD, Drum.PHH)
NEAR, FAST_BPM = 0.04, 200


@dataclass
class Performance:
    """Return notes in quarters from the click's first beat, with drum and velocity."""

    name: str
    family: str
    bpm: float
    meter: Meter
    path: Path
    notes: list[tuple[float, Drum, int]]

    @property
    def quarter(self) -> float:
        """Return the length of a quarter in seconds."""
        return 60 / self.bpm

    def lines(self) -> tuple[float, ...]:
        """Return the places of notes within a quarter."""
        return FAMILY_LINES.get(self.family, STRAIGHT_LINES)

    def heard(self) -> Transcription:
        """Return the performance itself, with the beats of the click."""
        step = self.meter.quarters * self.quarter
        last = self.notes[-1][0] * self.quarter
        beats = (
            Beat(n * step, n % self.meter.counted + 1)
            for n in range(int(last / step) + 2)
        )
        hits = (
            Onset(place * self.quarter, drum, velocity)
            for place, drum, velocity in self.notes
        )
        return Transcription(
            tuple(hits), tuple(beats), meters=meter_changes(self.meter)
        )


@dataclass
class Tally:
    """Counts of one or more performances."""

    notes: int = 0
    right: int = 0
    in_beat: int = 0
    bars: int = 0
    one_way: int = 0
    too_many_hands: int = 0
    left_out: int = 0
    played: int = 0

    def add(self, other: Tally) -> None:
        """Add the counts of another."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def row(self, name: str) -> str:
        """Return a line of the table."""
        return (
            f"{name:28} {self.right / max(self.notes, 1):.3f}"
            f"   {self.in_beat / max(self.notes, 1):.3f}"
            f"   {self.one_way / max(self.bars, 1):.3f}   {self.too_many_hands:5d}"
            f"   {self.bars:5d}   {self.left_out / max(self.played, 1):.3f}"
        )


def performances(data: Path, others: int | None) -> Iterator[Performance]:
    """Yield the sixty performances, or others drawn by this seed."""
    with (data / "groove" / "info.csv").open(newline="", encoding="utf-8") as file:
        rows = {
            row["id"].removeprefix("drummer"): row | {"folder": str(data / "groove")}
            for row in csv.DictReader(file)
        }
    named = {name: family for family, all_ in FAMILIES.items() for name in all_.split()}
    if others is None:
        for name, family in named.items():
            yield replace(_performance(name, rows[name]), family=family)
        return
    left = [
        name
        for name, row in sorted(rows.items())
        if name not in named
        and row["beat_type"] == "beat"
        and float(row["duration"]) >= LEAST_S
    ]
    for name in sorted(random.Random(others).sample(left, OTHERS)):
        performance = _performance(name, rows[name])
        yield replace(performance, family=family_of(performance))


def _performance(name: str, row: dict[str, str]) -> Performance:
    path = Path(row["folder"], row["midi_filename"])
    meter = Meter.parse(row["time_signature"].replace("-", "/"))
    return Performance(name, "", float(row["bpm"]), meter, path, sorted(_notes(path)))


def family_of(performance: Performance) -> str:
    """Return the family, by the places of hits between the clicks."""
    if performance.meter.is_compound:
        return "6/8, 12/8"
    early = _early(performance)
    phases = np.array([(place - early) % 1 for place, _, _ in performance.notes])

    def near(*places: float) -> int:
        away = np.abs(phases[:, None] - places)
        return int((away.min(axis=1) < NEAR).sum())

    if near(1 / 3, 2 / 3) > near(1 / 4, 1 / 2, 3 / 4):
        return "fast jazz" if performance.bpm > FAST_BPM else "shuffle"
    return "swung funk" if near(0.31, 0.81) > near(0.25, 0.75) else "straight"


def _notes(path: Path) -> Iterator[tuple[float, Drum, int]]:
    file = mido.MidiFile(path)
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                drum = drum_of_note(message.note)
                if drum is not None:
                    yield tick / file.ticks_per_beat, drum, message.velocity


def measure(performance: Performance, part: Part, offset: float) -> Tally:
    """Compare a part with the places where its notes were played."""
    tally = Tally(
        left_out=sum(part.left_out.values()),
        played=sum(part.left_out.values()),
    )
    early = _early(performance)
    bar_length = performance.meter.beats * 4 / performance.meter.unit
    for bar in part.bars:
        struck = False
        start = Fraction(0)
        for beat in bar.beats:
            places = beat.division.places(part.swing_of(bar))
            for step, strokes in beat.strokes.items():
                struck = True
                written = float(start) + places[step] * float(beat.quarters)
                hands = [drum for drum in strokes if drum not in FEET]
                feet = [drum for drum in strokes if drum in FEET]
                tally.too_many_hands += len(hands) > 2 or len(feet) > 2
                for stroke in strokes.values():
                    played = (stroke.onset.time - offset) / performance.quarter - early
                    tally.notes += 1
                    tally.right += _is_right(played, written, performance, bar_length)
                    tally.in_beat += _is_right(played, written, performance, 1.0)
            start += beat.quarters
        if struck:
            tally.bars += 1
            tally.one_way += _is_one_way(bar, part, performance.family)
    tally.played += tally.notes
    return tally


def _early(performance: Performance) -> float:
    """Return how much later than the click a drummer plays overall, in quarters."""
    places = np.array([place for place, _, _ in performance.notes])
    off = places - np.round(places)
    return float(np.median(off[np.abs(off) < 0.12]))


def _is_right(
    played: float, written: float, performance: Performance, around: float
) -> bool:
    apart = (played - written + around / 2) % around - around / 2
    if abs(apart) <= FINE:
        return True
    lines = performance.lines()
    count = round(around * len(lines))
    return (_line(played, lines) - _line(written, lines)) % count == 0


def _line(place: float, lines: Sequence[float]) -> int:
    """Return the number of the nearest line."""
    whole = int(place // 1)
    near = min(range(len(lines) + 1), key=lambda n: abs([*lines, 1][n] - place % 1))
    return whole * len(lines) + near


def _is_one_way(bar: Bar, part: Part, family: str) -> bool:
    divided = [beat.division for beat in bar.beats if set(beat.strokes) - {0}]
    usual = _usual_feel(part)
    if bar.feel is not usual:
        return False
    if family in ("straight", "funk", "swung funk"):
        return usual is not Feel.EIGHTHS and not any(d.is_ternary for d in divided)
    if family == "6/8, 12/8":
        return all(d.is_ternary or d.swung for d in divided)
    if family == "shuffle" or usual is Feel.EIGHTHS:
        return all(d.swung or d.is_ternary for d in divided)
    # At 290 BPM eighths are hardly swung, if at all.
    return not any(d.is_ternary for d in divided)


def _usual_feel(part: Part) -> Feel:
    feels = [bar.feel for bar in part.bars]
    return max(Feel, key=feels.count)


@dataclass
class Render:
    """Renders performances with FluidSynth."""

    soundfont: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))

    def __call__(self, performance: Performance) -> Transcription:
        """Return the transcription of a performance's render."""
        wave = self.folder / "song.wav"
        command = ["fluidsynth", "-ni", "-F", str(wave), "-r", "44100", "-g", "0.6"]
        command += [str(self.soundfont), str(performance.path)]
        subprocess.run(command, check=True, capture_output=True)
        return transcribe(wave, end=RENDERED_S, fine=True, song_gate="off")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rendered", type=Path, metavar="SOUNDFONT")
    parser.add_argument("--others", type=int, metavar="SEED")
    parser.add_argument("--only", default="", help="family or name")
    args = parser.parse_args()
    render = None if args.rendered is None else Render(args.rendered)
    whole, families = Tally(), dict[str, Tally]()
    print(f"{'':28} place   in beat one way   hands    bars   left out")
    for performance in performances(args.data, args.others):
        if args.only not in f"{performance.family} {performance.name}":
            continue
        song = performance.heard() if render is None else render(performance)
        if not song.beats:
            print(f"{performance.name:28} no beats were found")
            continue
        # FluidSynth is tuned to the file's own tempo.
        tally = measure(performance, make_part(song), 0.0)
        print(tally.row(f"{performance.family} {performance.name}"), flush=True)
        whole.add(tally)
        families.setdefault(performance.family, Tally()).add(tally)
    for name, tally in families.items():
        print(tally.row(name))
    print(whole.row("all"))


if __name__ == "__main__":
    main()
