"""What Python writes of songs, for the tests of the page's notation and tab.

``python -m tests.support.web.notation_fixtures FILE`` writes four songs and their
scores, as `notebook_ext/src/notation/score.ts` has them, for whoever draws scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.musicxml import DIVISIONS
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
    value, dots = value_of(Fraction(part.bars[0].meter.quarters))
    return {
        "bpm": part.bpm,
        "counted": {"value": value, "dots": dots},
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
                "isRepeat": alike[n] and n not in names,
                "beginsLine": n in lines,
                "beats": _beats(bar),
                "hands": _notes(spell(bar, HANDS) or [bar_rest(bar)], index),
                "feet": _notes(spell(bar, FEET), index),
            }
            for n, bar in enumerate(part.bars)
        ],
        "told": part.told(),
    }


def _ticks(quarters: Fraction) -> int:
    ticks = quarters * DIVISIONS
    assert ticks.denominator == 1
    return ticks.numerator


def _signature(bar: Bar, bars: Sequence[Bar]) -> tuple[int, int]:
    return bar.meter.signature(usual_length(bars) if bar.number < 1 else bar.count)


def _beats(bar: Bar) -> list[dict[str, Any]]:
    start, found = Fraction(0), []
    for beat in bar.beats:
        found.append(
            {
                "time": beat.time,
                "place": _ticks(start),
                "position": beat.position,
                "isCounted": beat.is_counted,
            }
        )
        start += beat.quarters
    return found


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
    """Songs to look at."""
    return {
        "example": example(),
        "six-eight": song(SIX_EIGHT, "6/8", 9, 70),
        "shuffle": song(SHUFFLE, "4/4", 12, 132, pickup=1.5),
        "seven-eight": song(SEVEN_EIGHT, "7/8", 8, 240),
    }


if __name__ == "__main__":
    scores = {
        name: score_of(make_part(whole), whole.onsets)
        for name, whole in shown_songs().items()
    }
    Path(sys.argv[1]).write_text(json.dumps(scores), encoding="utf-8")
