"""Breaks a page into lines of four bars, and begins a new one at each section."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from adt_plugins.formats.notation.part import Part

BARS_A_LINE = 4


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
    return starts | set(range(BARS_A_LINE, first, BARS_A_LINE))


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
