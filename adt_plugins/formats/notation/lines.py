"""Breaks a page into lines of four bars, and begins a new one at each section."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

from adt_plugins.formats.notation.bars import Bar
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.sections import repeated

BARS_A_LINE = 4
MOST_ROOM = 56
"""Room of a line, in notes; fuller lines are divided into halves."""

_GHOST_ROOM, _GRACE_ROOM = 0.5, 1.0
_SIMILE_ROOM = 4.0


def bars_before_lines(part: Part) -> set[int]:
    """Return the indices of the bars at which lines begin, except for the first line.

    A pickup stands before the first bars of its line. So that no bar of a section is
    alone on its last line, that has five bars, or the last two have three.
    """
    starts: set[int] = set()
    ends = [*part.sections[1:], len(part.bars)]
    for start, end in zip(part.sections, ends, strict=True):
        before = accumulate(_lines(end - start), initial=0)
        starts |= {start + count for count in before if start + count < end}
    first = part.sections[0]
    starts -= {0, first} if part.bars[0].number == 0 else {0}
    # Bars before the first downbeat, of songs that begin without a beat.
    starts |= set(range(BARS_A_LINE, first, BARS_A_LINE))
    return starts | set(_halves(part, [0, *sorted(starts), len(part.bars)]))


def _halves(part: Part, starts: list[int]) -> Iterator[int]:
    """Yield the bars that the second halves of full lines begin with."""
    alike = repeated(part.bars)
    for first, end in pairwise(starts):
        rooms = [
            _SIMILE_ROOM if n > first and alike[n] else _room(part.bars[n])
            for n in range(first, end)
        ]
        if len(rooms) > 1 and sum(rooms) > MOST_ROOM:
            yield first + (len(rooms) + 1) // 2


def _room(bar: Bar) -> float:
    """Return the room that a bar takes, in notes."""
    room = 0.0
    for beat in bar.beats:
        for chord in beat.strokes.values():
            graces = max(stroke.graces for stroke in chord.values())
            is_ghost = any(stroke.is_ghost for stroke in chord.values())
            room += 1 + _GRACE_ROOM * graces + _GHOST_ROOM * is_ghost
    return room


def _lines(bars: int) -> Iterator[int]:
    """Yield the number of bars of each line of a section."""
    whole, rest = divmod(bars, BARS_A_LINE)
    if not whole or rest in (0, 3):
        sizes = [BARS_A_LINE] * whole + [rest] * (rest > 0)
    elif rest == 1:
        sizes = [BARS_A_LINE] * (whole - 1) + [BARS_A_LINE + 1]
    else:
        sizes = [BARS_A_LINE] * (whole - 1) + [3, 3]
    yield from sizes
