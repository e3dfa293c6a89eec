"""What Python writes of songs, for the tests of the page's notation and tab.

``python -m tests.support.web.notation_fixtures FILE`` writes four songs and their
scores, as `notebook_ext/src/notation/score.ts` has them, for whoever draws scores.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.musicxml.notes import DIVISIONS
from adt_plugins.formats.notation.bars import Bar, usual_length
from adt_plugins.formats.notation.lines import bars_before_lines
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.formats.notation.sections import repeated, section_names
from adt_plugins.formats.notation.spelling import (
    FEET,
    HANDS,
    Note,
    bar_rest,
    spell,
    value_of,
)
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.notation.tempi import TempoMark
from adt_plugins.formats.song_names import SongNames, song_names
from adt_plugins.formats.tab import tab_lines
from adt_plugins.meter import meter_changes
from adt_plugins.transcription import Transcription
from tests.support.paths import EXAMPLES


def score_of(part: Part, onsets: Sequence[Onset]) -> dict[str, Any]:
    """A part as `score.ts` has it.

    Parameters
    ----------
    part
        What `make_part` made.
    onsets
        What it was made of.
    """
    index = {id(onset): n for n, onset in enumerate(onsets)}
    names = section_names(part.sections)
    lines, alike = bars_before_lines(part), repeated(part.bars)
    ends = [*(bar.beats[0].time for bar in part.bars[1:]), part.end]
    return {
        "drums": [[drum.value, name] for drum, name in part.drums().items()],
        "bars": [
            {
                "number": bar.number,
                "start": bar.beats[0].time,
                "end": ends[n],
                "length": _ticks(bar.quarters),
                "signature": _signature(bar, part.bars),
                "feel": bar.feel.value,
                "swing": part.swing_of(bar),
                "section": names.get(n),
                "tempo": _tempo(bar, part.tempi.get(n)),
                "isRepeat": alike[n] and n not in names,
                "beginsLine": n in lines,
                "beats": _beats(bar),
                "hands": _notes(spell(bar, HANDS) or [bar_rest(bar)], index),
                "feet": _notes(spell(bar, FEET), index),
            }
            for n, bar in enumerate(part.bars)
        ],
        "omissions": part.omissions(),
    }


def _ticks(quarters: Fraction) -> int:
    ticks = quarters * DIVISIONS
    assert ticks.denominator == 1
    return ticks.numerator


def _signature(bar: Bar, bars: Sequence[Bar]) -> tuple[int, int]:
    return bar.meter.signature(usual_length(bars) if bar.number < 1 else bar.count)


def _beats(bar: Bar) -> list[dict[str, Any]]:
    start, beats = Fraction(0), []
    for beat in bar.beats:
        beats.append(
            {
                "time": beat.time,
                "place": _ticks(start),
                "position": beat.position,
                "isCounted": beat.is_counted,
            }
        )
        start += beat.quarters
    return beats


def _tempo(bar: Bar, mark: TempoMark | None) -> dict[str, Any] | None:
    if mark is None:
        return None
    value, dots = value_of(Fraction(bar.meter.tempo_unit))
    return {"beats": mark.beats, "text": mark.text, "value": value, "dots": dots}


def _notes(notes: Iterable[Note], index: dict[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "place": _ticks(note.place),
            "length": _ticks(note.length),
            "value": note.value,
            "dots": note.dots,
            "tuplet": note.tuplet,
            "edge": note.edge,
            "beams": note.beams,
            "isBar": note.is_bar,
            "strokes": [
                {
                    "drum": drum.value,
                    "height": PLACES[drum].height,
                    "head": PLACES[drum].head,
                    "graces": stroke.graces,
                    "isGhost": stroke.is_ghost,
                    "isAccent": stroke.is_accent,
                    "hit": index[id(stroke.onset)],
                }
                for drum, stroke in sorted(
                    note.drums, key=lambda item: PLACES[item[0]].height
                )
            ],
        }
        for note in notes
    ]


def example() -> Transcription:
    """The project's example, as it was played, with loud and soft strokes."""
    song = Transcription.read(EXAMPLES / "groove.txt")
    beat = 60 / 104
    steps = [round((onset.time - 0.1) / beat * 4) for onset in song.onsets]
    return Transcription(
        onsets=tuple(
            Onset(onset.time, onset.drum, 28 if _is_ghost(onset, step) else 100)
            for onset, step in zip(song.onsets, steps, strict=True)
        ),
        beats=tuple(Beat(0.1 + beat * n, n % 4 + 1) for n in range(33)),
        meters=meter_changes("4/4"),
    )


def _is_ghost(onset: Onset, step: int) -> bool:
    return onset.drum is Drum.SD and step % 16 in (7, 9, 15)


Pattern = dict[Drum, Sequence[float]]

SIX_EIGHT: Pattern = {
    Drum.CHH: [n / 3 for n in range(6)],
    Drum.KD: [0, 5 / 3],
    Drum.SD: [1],
}
SHUFFLE: Pattern = {
    Drum.RDC: [n + part for n in range(4) for part in (0.0, 0.63)],
    Drum.KD: [0, 1.63, 2],
    Drum.SD: [1, 3],
    Drum.PHH: [1, 3],
}
SEVEN_EIGHT: Pattern = {Drum.CHH: range(7), Drum.KD: [0, 4, 4.5], Drum.SD: [2, 6]}


def song(
    pattern: Pattern, meter: str, bars: int, bpm: float, *, pickup: float = 0.0
) -> Transcription:
    """A bar that is played again and again, with a crash, a fill and a flam in it.

    `pickup`: so many beats before the first bar a tom leads into it.
    """
    changes, beat = meter_changes(meter), 60 / bpm
    counted = changes[0].meter.counted
    start = 0.25 + pickup * beat
    places = [
        (bar * counted + place, drum)
        for bar in range(bars)
        for drum, own in pattern.items()
        for place in own
        if bar % 4 < 3 or place < counted / 2 or drum not in (Drum.CHH, Drum.RDC)
    ]
    last = bars * counted
    places += [(4 * counted * n, Drum.CRC) for n in range(bars // 4)]
    places += [(last - 1, Drum.HIT), (last - 0.5, Drum.LFT)]
    places += [(-pickup + n / 2, Drum.SD) for n in range(int(2 * pickup))]
    onsets = [
        Onset(start + place * beat, drum, 96 - 8 * (round(place * 12) % 12 > 0))
        for place, drum in places
    ]
    onsets.append(Onset(start + beat - 0.03, Drum.SD, 40))  # a flam
    before = -int(-(-pickup // 1))
    return Transcription(
        onsets=tuple(onsets),
        beats=tuple(
            Beat(start + n * beat, n % counted + 1) for n in range(before, last + 1)
        ),
        meters=changes,
    )


def shown_songs() -> dict[str, Transcription]:
    """Return songs whose scores people look at."""
    return {
        "example": example(),
        "six-eight": song(SIX_EIGHT, "6/8", 9, 70),
        "shuffle": song(SHUFFLE, "4/4", 12, 132, pickup=1.5),
        "seven-eight": song(SEVEN_EIGHT, "7/8", 8, 240),
    }


SONGS, CHANGING_SONGS = 240, 40
DRUMS = tuple(Drum)
METERS = ("4/4", "4/4", "3/4", "6/8", "7/8", "12/8", "2/2", "5/4", "15/16", "3/8")
GRIDS: tuple[Sequence[float], ...] = (
    (0.0, 0.5),
    (0.0, 0.25, 0.5, 0.75),
    (0.0, 0.62),
    (0.0, 0.31, 0.5, 0.81),
    (0.0, 1 / 3, 2 / 3),
    tuple(n / 6 for n in range(6)),
    tuple(n / 8 for n in range(8)),
    (0.0,),
)


def random_song(seed: int) -> Transcription:
    """A song of any kind: some are steady, some swing, some are noise, some empty."""
    chance = random.Random(seed)
    meter = chance.choice(METERS)
    meters: Any = chance.choice((None, meter, meter, [(1, meter), (3, "3/4")]))
    counted = meter_changes(meter)[0].meter.counted
    beats = _random_beats(chance, counted)
    times = [beat.time for beat in beats]
    return Transcription(
        onsets=tuple(_random_onsets(chance, times)),
        beats=tuple(beats),
        meters=meter_changes(meters),
    )


def changing_song(seed: int) -> Transcription:
    """A song at several tempi, some of which slow down at the end."""
    chance = random.Random(seed)
    meter = chance.choice(METERS)
    counted, jitter = meter_changes(meter)[0].meter.counted, chance.choice((0.0, 0.005))
    time = chance.uniform(0, 2)
    beats: list[Beat] = []
    for _ in range(chance.randint(2, 4)):
        step = 60 / chance.choice((90, 110, 112.5, chance.uniform(60, 240)))
        for _ in range(counted * chance.randint(1, 12)):
            own = max(time + chance.gauss(0, jitter), 0.0)
            beats.append(Beat(own, len(beats) % counted + 1))
            time += step
    slower = chance.choice((1.0, 1.06))
    for _ in range(counted * 3):
        beats.append(Beat(time, len(beats) % counted + 1))
        step *= slower
        time += step
    return Transcription(
        onsets=tuple(_random_onsets(chance, [beat.time for beat in beats])),
        beats=tuple(sorted(set(beats))),
        meters=meter_changes(meter),
    )


def _random_beats(chance: random.Random, counted: int) -> list[Beat]:
    beat = 60 / chance.choice((104, 149.95, chance.uniform(45, 260)))
    time = chance.choice((0.0, 0.1, chance.uniform(0, 4)))
    jitter, bend = chance.choice((0.0, 0.0, 0.004, 0.02)), chance.choice((0, 0, 2e-3))
    position = chance.choice((1, 1, 1, counted))
    beats = []
    for n in range(chance.choice((1, 2, counted, 3 * counted, 10 * counted))):
        beats.append(Beat(max(time + chance.gauss(0, jitter), 0.0), position))
        is_odd = chance.random() < 0.01  # a bar of another length
        position = position + 1 if position < counted and not is_odd else 1
        time += beat * (1 + bend * n)
    return sorted(set(beats))


def _random_onsets(chance: random.Random, beats: Sequence[float]) -> Iterator[Onset]:
    grids = [chance.choice(GRIDS), chance.choice(GRIDS)]
    rest, error = chance.choice((0.1, 0.3, 0.6, 0.98)), chance.choice((0, 0.004, 0.02))
    late = chance.choice((0.0, 0.0, 0.02))
    kit = chance.sample(DRUMS, chance.randint(1, 5))
    beat = (beats[-1] - beats[0]) / (len(beats) - 1) if len(beats) > 1 else 0.5
    before = chance.choice((0, 0, 1, 5)) if beats[0] > 1 else 0
    starts = [beats[0] - n * beat for n in range(before, 0, -1)]
    starts += [*beats, *(beats[-1] + n * beat for n in range(chance.choice((0, 0, 9))))]
    for n, start in enumerate(starts):
        grid = grids[n >= len(starts) / 2 and n % 8 > 0]
        for place in grid:
            time = start + place * beat + late
            for drum in kit:
                if chance.random() < rest:
                    continue
                velocity = chance.choice((30, 64, 90, 100, 100, 127))
                own = max(time + chance.gauss(0, error), 0.0)
                yield Onset(own, drum, velocity, chance.choice((0.25, 0.5, 1.0)))
                if chance.random() < 0.05:  # a flam, or heard twice
                    more = own + chance.uniform(0.01, 0.07)
                    yield Onset(more, drum, chance.randint(20, 127))
    if chance.random() < 0.1:
        for _ in range(chance.randint(1, 200)):
            time = chance.uniform(0, max(beats[-1], 2.0))
            yield Onset(time, chance.choice(DRUMS), chance.randint(1, 127))


NAMED = (("Für \u00a0Elise 🥁", "Los Años"), ("Plain", ""), ("", ""))


def tagged_files() -> Iterator[dict[str, str]]:
    """Return recordings with titles and artists, and what Python reads of these."""
    with tempfile.TemporaryDirectory() as folder:
        for title, artist in NAMED:
            for kind in ("wav", "flac", "ogg", "id3v2.2", "id3v2.3", "id3v2.4"):
                path = Path(folder) / f"song.{'mp3' if 'id3' in kind else kind}"
                _write_tagged(path, kind, title, artist)
                names = song_names(Transcription(source=Source(str(path))), path)
                data = base64.b64encode(path.read_bytes()).decode()
                yield {"data": data, "title": names.title, "artist": names.artist}


def _write_tagged(path: Path, kind: str, title: str, artist: str) -> None:
    import soundfile

    with soundfile.SoundFile(path, "w", 44100, 1) as file:
        if not kind.startswith("id3"):
            if title:
                file.title = title
            if artist:
                file.artist = artist
        file.write(np.zeros(4410))
    if kind.startswith("id3"):
        tag = _id3(int(kind[-1]), title, artist)
        path.write_bytes(tag + path.read_bytes())


def _id3(version: int, title: str, artist: str) -> bytes:
    """An ID3 tag; its version 4 has UTF-8, and sizes of seven bits a byte."""
    frames = b""
    names = ("TT2", "TP1") if version == 2 else ("TIT2", "TPE1")
    for name, text in zip(names, (title, artist), strict=True):
        utf_16 = b"\1" + text.encode("utf-16") + b"\0\0"
        data = b"\3" + text.encode() if version == 4 else utf_16
        size = len(data).to_bytes(
            3 if version == 2 else 4, "big"
        )  # below 128: as it is
        flags = b"" if version == 2 else b"\0\0"
        frames += (name.encode() + size + flags + data) if text else b""
    frames += bytes(20)
    return (
        b"ID3"
        + bytes((version, 0, 0, 0, 0, len(frames) >> 7, len(frames) & 127))
        + frames
    )


def fixtures() -> list[dict[str, Any]]:
    """Songs, their scores, and their tabs."""
    songs = [*shown_songs().values(), *map(random_song, range(SONGS))]
    songs += map(changing_song, range(CHANGING_SONGS))
    songs.append(Transcription(beats=songs[0].beats))
    songs.append(Transcription((Onset(1.0, Drum.KD),)))
    songs.append(Transcription((Onset(1e5, Drum.KD),), (Beat(0.0, 1), Beat(0.5, 2))))
    return [
        {
            "beats": [[beat.time, beat.position] for beat in whole.beats],
            "meters": [
                {"bar": change.bar, "meter": str(change.meter)}
                for change in whole.meters
            ],
            "hits": [
                [onset.time, onset.drum.value, onset.velocity, onset.confidence]
                for onset in whole.onsets
            ],
            **_written(whole),
        }
        for whole in songs
    ]


def _written(whole: Transcription) -> dict[str, Any]:
    try:
        part = make_part(whole)
    except FormatError as error:
        return {"refused": str(error)}
    names = SongNames("A song", "Somebody")
    return {
        "score": score_of(part, whole.onsets),
        "tab": "\n".join(tab_lines(part, names)) + "\n",
    }


if __name__ == "__main__":
    scores = {
        name: score_of(make_part(whole), whole.onsets)
        for name, whole in shown_songs().items()
    }
    Path(sys.argv[1]).write_text(json.dumps(scores), encoding="utf-8")
