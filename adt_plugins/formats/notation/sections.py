"""Finds where a piece changes its groove, and which bars repeat the one before."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.bars import Bar
from adt_plugins.formats.notation.staff import USUAL

WINDOW_BARS = 4
LEAST_BARS = 4
"""A section is no shorter, ..."""
LEAST_CHANGE, LEAST_MORE = 0.5, 0.2
"""... and what is played changes by at least this much, 0-1, from the bars before it,
and by this much more than within these and within those behind it."""

Pattern = frozenset[tuple[float, Drum]]


def pattern(bar: Bar) -> Pattern:
    """Return the strokes of a bar: drums with their places."""
    hits = set()
    start = Fraction(0)
    for beat in bar.beats:
        for step, strokes in beat.strokes.items():
            at = start + beat.place(step)
            # Fractions take long to hash.
            hits |= {(float(at), USUAL.get(drum, drum)) for drum in strokes}
        start += beat.quarters
    return frozenset(hits)


def find_sections(bars: Sequence[Bar]) -> list[int]:
    """Return the indices of the bars at which sections begin, including the first.

    A section begins where the four bars behind it differ most from the four before
    it, and by enough; and where the music begins or ceases to swing.
    """
    first = next((n for n, bar in enumerate(bars) if bar.number > 0), 0)
    patterns = [pattern(bar) for bar in bars]
    change = [0.0] * len(bars)
    for n in range(first + LEAST_BARS, len(bars) - LEAST_BARS + 1):
        if bars[n].feel is not bars[n - 1].feel:
            change[n] = 1.0
            continue
        before = patterns[max(n - WINDOW_BARS, first) : n]
        after = patterns[n : n + WINDOW_BARS]
        far = _difference(before, after)
        if far > LEAST_MORE + max(map(_unrest, (before, after))):
            change[n] = far
    starts = [first]
    for n in sorted(range(len(bars)), key=lambda n: -change[n]):
        if change[n] < LEAST_CHANGE:
            break
        place = bisect(starts, n)
        if all(abs(n - near) >= LEAST_BARS for near in starts[place - 1 : place + 1]):
            starts.insert(place, n)
    return starts


def _difference(before: Sequence[Pattern], after: Sequence[Pattern]) -> float:
    """Return the difference between two stretches, 0-1."""
    one = Counter(hit for bar in before for hit in bar)
    other = Counter(hit for bar in after for hit in bar)
    scale = len(after) / max(len(before), 1)
    shared = sum(min(one[hit] * scale, other[hit]) for hit in one | other)
    all_ = sum(max(one[hit] * scale, other[hit]) for hit in one | other)
    return 1 - shared / all_ if all_ else 0.0


def _unrest(bars: Sequence[Pattern]) -> float:
    """Return the difference between the halves of a stretch, 0-1."""
    half = len(bars) // 2
    return min(
        _difference(bars[:half], bars[half:]), _difference(bars[::2], bars[1::2])
    )


def repeated(bars: Sequence[Bar]) -> list[bool]:
    """Return whether each bar looks the same as the one before it."""
    repeats = [False] * len(bars)
    for n in range(1, len(bars)):
        repeats[n] = (
            bars[n].number > 1
            and bars[n].signature == bars[n - 1].signature
            and bars[n].feel is bars[n - 1].feel
            and bool(pattern(bars[n]))
            and _signs(bars[n]) == _signs(bars[n - 1])
        )
    return repeats


def _signs(bar: Bar) -> list[tuple[object, ...]]:
    return sorted(
        (
            n,
            beat.division,
            step,
            USUAL.get(drum, drum),
            s.graces,
            s.is_ghost,
            s.is_accent,
        )
        for n, beat in enumerate(bar.beats)
        for step, strokes in beat.strokes.items()
        for drum, s in strokes.items()
    )


def section_names(sections: Sequence[int]) -> dict[int, str]:
    """Return rehearsal marks by bar: A … Z, AA …; empty if there is one section."""
    if len(sections) < 2:
        return {}
    return {start: _letters(n) for n, start in enumerate(sections)}


def _letters(number: int) -> str:
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)
