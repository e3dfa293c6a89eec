"""Lines of a page: four bars each, and a new one where a section begins."""

from __future__ import annotations

from adt_plugins.formats.notation.part import Part

BARS_A_LINE = 4


def bars_before_lines(part: Part) -> set[int]:
    """Indices of the bars that lines begin with, but for the first of all.

    A pickup stands before the first four bars of its line.
    """
    found: set[int] = set()
    count = 0
    for n, bar in enumerate(part.bars):
        if n and (n in part.sections or count == BARS_A_LINE):
            if part.bars[n - 1].number >= 1 or count >= BARS_A_LINE:
                found.add(n)
                count = 0
        count += bar.number != 0
    return found
