"""Builds the part of a transcription, which tab, PDF and MusicXML share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.bars import Bar, GridBeat, Stroke, lay_out, tempo
from adt_plugins.formats.notation.divisions import (
    PAIR,
    TRIPLET,
    Division,
    Feel,
    with_fewest_steps,
)
from adt_plugins.formats.notation.flams import Played, find_flams
from adt_plugins.formats.notation.hands import make_playable
from adt_plugins.formats.notation.marks import mark
from adt_plugins.formats.notation.rhythm import Beats, Rhythm, Strokes, find_rhythm
from adt_plugins.formats.notation.sections import find_sections
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.notation.tempi import TempoMark, tempo_marks
from adt_plugins.meter import Meter
from adt_plugins.midi.quantize import GridHit, Quantize, quantize
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.transcription import Transcription

SWING_NOTATIONS = ("eighths", "triplets")
"""How a shuffle is written: as eighths with a swing mark, or as triplets."""

_TOGETHER_S, _SPREAD_S = 0.025, 0.04
_LEAST_PAIRS, _COMPOUND_SHARE = 0.2, 0.8  # of the beats that are divided
_COMPOUND = Meter(6, 8)  # of as many beats as there are
_BIT = {drum: 1 << n for n, drum in enumerate(Drum)}


@dataclass
class Part:
    """A drum part: its bars, and the headings of bars and sections.

    Parameters
    ----------
    bars
        All of them.
    rhythm
        Its rhythm, which gives the times of its steps.
    tempi
        Tempo marks by the index of their bars; the first bar has one.
    end
        Time at which the last bar ends, in seconds.
    left_out
        Number of hits that are not notated, by drum.
    sections
        Indices of the bars at which sections begin.
    """

    bars: list[Bar]
    rhythm: Rhythm
    tempi: dict[int, TempoMark]
    end: float
    left_out: Counter[Drum] = field(default_factory=Counter)
    sections: list[int] = field(default_factory=list)

    def drums(self) -> dict[Drum, str]:
        """Return the drums that are drawn, in the order of `Drum`, with their names.

        If the kind of most strokes is uncertain, it is just a hi-hat, cymbal or tom; so
        are all drums that share a head on the staff with such a one. No
        two heads have the same name: beside a "cymbal", a run is called a ride.
        """
        sure: Counter[Drum] = Counter()
        drawn: Counter[Drum] = Counter()
        for drum, stroke in self.strokes():
            drawn[drum] += 1
            sure[drum] += stroke.onset.drum is drum
        kinds = {
            drum: drum if 2 * sure[drum] > drawn[drum] else drum.coarse
            for drum in Drum
            if drawn[drum]
        }
        unsure = {(kind, PLACES[drum]) for drum, kind in kinds.items()}
        for drum in kinds:
            if (drum.coarse, PLACES[drum]) in unsure:
                kinds[drum] = drum.coarse
        taken = {kind for drum, kind in kinds.items() if PLACES[drum] == PLACES[kind]}
        return {
            drum: (
                drum if kind in taken and PLACES[drum] != PLACES[kind] else kind
            ).full_name
            for drum, kind in kinds.items()
        }

    def strokes(self) -> Iterator[tuple[Drum, Stroke]]:
        """Yield all strokes that are drawn."""
        for bar in self.bars:
            for beat in bar.beats:
                for strokes in beat.strokes.values():
                    yield from strokes.items()

    def omissions(self) -> str | None:
        """Return a sentence about hits that are left out; None if there are none."""
        count = sum(self.left_out.values())
        if not count:
            return None
        drums = ", ".join(
            f"{drum.full_name.lower()} {n}" for drum, n in self.left_out.most_common()
        )
        hits = "1 hit" if count == 1 else f"{count} hits"
        return f"left out {hits} heard twice or too much for two hands: {drums}"

    def swing_of(self, bar: Bar) -> float:
        """Return the position of the second of two swung notes; 0.5 if straight."""
        return self.rhythm.swing_of(bar.feel)


def make_part(
    transcription: Transcription,
    *,
    quantize: Quantize | None = None,
    swing_notation: str = "eighths",
) -> Part:
    """Notate a transcription.

    Parameters
    ----------
    transcription
        A transcription with beats.
    quantize
        Grid that hits are moved to beforehand; None: the division of beats decides.
    swing_notation
        One of `SWING_NOTATIONS`.

    Raises
    ------
    FormatError
        If there are no beats, or hits too far away from them.
    ValueError
        If `swing_notation` is not one of these.
    """
    if swing_notation not in SWING_NOTATIONS:
        names = " and ".join(SWING_NOTATIONS)
        raise ValueError(f"no swing notation {swing_notation!r}; there are {names}")
    if quantize is not None:
        transcription = _quantized(transcription, quantize)
    bars, end = lay_out(transcription)
    played, lost = find_flams(transcription.onsets)
    left_out = Counter(onset.drum for onset in lost)
    groups = _together(played)
    rhythm = _divide(bars, end, groups)
    left_out += _place(bars, groups, rhythm)
    last = max(beat.time for beat in transcription.beats)
    while len(bars) > 1 and bars[-1].beats[0].time > last and not _sounds(bars[-1]):
        # It exists only in case the last hit belongs to it.
        end = bars.pop().beats[0].time
    left_out += make_playable(bars)
    mark(bars)
    for bar in bars:
        for beat in bar.beats:
            beat.strokes = {
                step: struck for step, struck in beat.strokes.items() if struck
            }
            _simplify(beat, bar.feel)
    if not transcription.meters and _sounds_compound(bars):
        _write_as_triplets(bars)
        _write_as_compound(bars)
    elif swing_notation == "triplets" or not _has_pairs(bars):
        _write_as_triplets(bars)
    tempi = _tempi(bars, end, transcription)
    return Part(bars, rhythm, tempi, end, left_out, find_sections(bars))


def _tempi(
    bars: Sequence[Bar], end: float, transcription: Transcription
) -> dict[int, TempoMark]:
    usual = transcription.meter or bars[0].meter
    beats = transcription.tempo or tempo(bars)
    return tempo_marks(
        bars,
        end,
        beats * usual.tempo_unit,
        is_steady=transcription.has_steady_tempo or len(transcription.beats) < 2,
    )


def _quantized(transcription: Transcription, how: Quantize) -> Transcription:
    """Move the hits to where a MIDI file would have them."""
    timing = tempo_maps(transcription)[0]
    if not timing.bars:
        return transcription
    hits = [
        GridHit(timing.tick(o.time), o.drum, o.drum.note, o.velocity)
        for o in transcription.onsets
    ]
    moved = quantize(hits, timing, how)
    return replace(
        transcription,
        onsets=tuple(
            replace(onset, time=timing.seconds(hit.tick))
            for onset, hit in zip(transcription.onsets, moved, strict=True)
        ),
    )


def _together(played: Iterable[Played]) -> list[list[Played]]:
    """Group strokes that were meant to sound at once."""
    groups: list[list[Played]] = []
    for stroke in played:
        group = groups[-1] if groups else []
        if (
            group
            and stroke.onset.time - group[-1].onset.time <= _TOGETHER_S
            and stroke.onset.time - group[0].onset.time <= _SPREAD_S
            and all(stroke.onset.drum is not other.onset.drum for other in group)
        ):
            group.append(stroke)
        else:
            groups.append([stroke])
    return groups


def _time(group: Sequence[Played]) -> float:
    times = sorted(stroke.onset.time for stroke in group)
    return (times[(len(times) - 1) // 2] + times[len(times) // 2]) / 2


def _divide(
    bars: Sequence[Bar], end: float, groups: Sequence[Sequence[Played]]
) -> Rhythm:
    """Determine the division of every beat and the feel of every bar."""
    beats = [beat for bar in bars for beat in bar.beats]
    strokes = Strokes(
        np.array([_time(group) for group in groups], np.float64),
        np.array(
            [sum(_BIT[s.onset.drum] for s in group) for group in groups], np.int64
        ),
    )
    times = np.array([*(beat.time for beat in beats), end], np.float64)
    rhythm = find_rhythm(
        Beats(
            times,
            [beat.unit for beat in beats],
            [n for n, bar in enumerate(bars) for _ in bar.beats],
        ),
        strokes,
    )
    for beat, division in zip(beats, rhythm.divisions, strict=True):
        beat.division = division
    first = 0
    for bar in bars:
        bar.feel = rhythm.feels[first]
        first += len(bar.beats)
    return rhythm


def _place(
    bars: Sequence[Bar], groups: Sequence[Sequence[Played]], rhythm: Rhythm
) -> Counter[Drum]:
    """Put every stroke on its step; return those whose step is taken."""
    beats = [beat for bar in bars for beat in bar.beats]
    lost: Counter[Drum] = Counter()
    for group, (index, step) in zip(groups, rhythm.places, strict=True):
        # The list ends with a beat that no hit is near the end of.
        taken = beats[min(index, len(beats) - 1)].strokes.setdefault(step, {})
        for stroke in group:
            new = Stroke(stroke.onset, stroke.onset.drum, stroke.graces)
            old = taken.get(new.drum)
            if old is not None:
                lost[new.drum] += 1
            if old is None or new.onset.velocity > old.onset.velocity:
                taken[new.drum] = new
    return lost


def _simplify(beat: GridBeat, feel: Feel) -> None:
    """Notate a beat with as few steps as its strokes need."""
    division, part = with_fewest_steps(beat.division, beat.strokes)
    _respell(beat, division, {step: step // part for step in beat.strokes})
    if feel is Feel.EIGHTHS and division == TRIPLET and 1 not in beat.strokes:
        # A pair is always spelled the same way, whichever division fitted better.
        _respell(beat, PAIR, {0: 0, 2: 1})


def _has_pairs(bars: Sequence[Bar]) -> bool:
    """Whether a swing mark is of use; music in triplets alone does not need one."""
    swung = [
        beat.division.swung
        for bar in bars
        if bar.feel is Feel.EIGHTHS
        for beat in bar.beats
        if beat.division.steps > 1
    ]
    return sum(swung) >= _LEAST_PAIRS * len(swung)


def _sounds(bar: Bar) -> bool:
    return any(beat.strokes for beat in bar.beats)


def _sounds_compound(bars: Sequence[Bar]) -> bool:
    """Whether nearly all divided beats are divided by three."""
    divided = [
        beat.division.is_ternary
        for bar in bars
        for beat in bar.beats
        if beat.division.steps > 1
    ]
    return len(divided) > 1 and sum(divided) >= _COMPOUND_SHARE * len(divided)


def _write_as_compound(bars: Sequence[Bar]) -> None:
    for bar in bars:
        bar.meter = _COMPOUND
        for beat in bar.beats:
            beat.quarters = Fraction(_COMPOUND.quarters)


def _write_as_triplets(bars: Sequence[Bar]) -> None:
    for bar in bars:
        if bar.feel is not Feel.EIGHTHS:
            continue
        for beat in bar.beats:
            if beat.division == PAIR:
                _respell(beat, TRIPLET, {0: 0, 1: 2})
        bar.feel = Feel.STRAIGHT


def _respell(beat: GridBeat, division: Division, steps: dict[int, int]) -> None:
    beat.division = division
    beat.strokes = {steps[n]: strokes for n, strokes in beat.strokes.items()}
