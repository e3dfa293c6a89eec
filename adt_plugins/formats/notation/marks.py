"""Marks accents and ghost notes, by comparison with nearby hits of the same drum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.bars import Bar, Stroke
from adt_plugins.formats.notation.staff import USUAL

GHOST = 0.5
"""A snare at most so loud, relative to the loud ones nearby, is a ghost note. Of 3809
snares of human drummers, found in renders, 76 % of those called so had been played at
less than 0.45 of the loud ones, and 61 % of those played so were called so."""
LOUD_PERCENT = 80  # percentage of a drum's hits that are softer

ACCENT = 1.3
"""A hit at least so loud, relative to its drum's median nearby, is accented, ..."""
MOST_ACCENTED = 0.25
"""... but where more are, they are rather the usual ones among softer hits."""

NEAR_BARS = 2
LEAST_HITS = 8  # of a drum nearby, or nothing is known of what is usual
LEAST_GHOSTS = 3  # nearby
_ACCENTED = (Drum.SD, Drum.HH, Drum.TT)


@dataclass(frozen=True)
class _Hit:
    bar: int
    place: Fraction
    stroke: Stroke
    is_covered: bool = False

    @property
    def velocity(self) -> int:
        return self.stroke.onset.velocity


def mark(bars: Sequence[Bar]) -> None:
    """Mark accents and ghost notes, in place."""
    by_drum: dict[Drum, list[_Hit]] = {}
    for drum, hit in _hits(bars):
        by_drum.setdefault(drum, []).append(hit)
    for drum, hits in by_drum.items():
        if drum is Drum.SD:
            around = [_near(hits, n) for n in range(len(hits))]
            for hit, near in zip(hits, around, strict=True):
                hit.stroke.is_ghost = hit.velocity <= _soft(near)
            lonely = [
                hit
                for hit, near in zip(hits, around, strict=True)
                if sum(other.stroke.is_ghost for other in near) < LEAST_GHOSTS
            ]
            for hit in lonely:
                hit.stroke.is_ghost = False
        if drum.coarse in _ACCENTED:
            # The velocity of a hat under a snare cannot be measured.
            clear = [hit for hit in hits if not hit.is_covered]
            _accent(clear, [_near(clear, n) for n in range(len(clear))])


def _hits(bars: Sequence[Bar]) -> Iterator[tuple[Drum, _Hit]]:
    for index, bar in enumerate(bars):
        start = Fraction(0)
        for beat in bar.beats:
            for step in sorted(beat.strokes):
                struck = beat.strokes[step]
                at = start + beat.place(step)
                for drum, stroke in struck.items():
                    is_covered = drum.coarse is Drum.HH and Drum.SD in struck
                    yield USUAL.get(drum, drum), _Hit(index, at, stroke, is_covered)
            start += beat.quarters


def _near(hits: Sequence[_Hit], n: int) -> Sequence[_Hit]:
    """Return a drum's hits in the bars around hit `n`."""
    first = last = n
    while first and hits[n].bar - hits[first - 1].bar <= NEAR_BARS:
        first -= 1
    while last + 1 < len(hits) and hits[last + 1].bar - hits[n].bar <= NEAR_BARS:
        last += 1
    return hits[first : last + 1]


def _soft(near: Sequence[_Hit]) -> float:
    """Return the highest velocity of a ghost note among these hits."""
    if len(near) < LEAST_HITS:
        return 0.0
    values = sorted(hit.velocity for hit in near)
    return GHOST * values[min(len(values) * LOUD_PERCENT // 100, len(values) - 1)]


def _accent(hits: Sequence[_Hit], around: Sequence[Sequence[_Hit]]) -> None:
    """Mark the loud hits at places where other bars have loud hits, too."""
    loud = {id(h) for h, near in zip(hits, around, strict=True) if _is_loud(h, near)}
    for hit, near in zip(hits, around, strict=True):
        if id(hit) not in loud:
            continue
        alike = [other for other in near if other.place == hit.place]
        again = sum(id(other) in loud for other in alike)
        hit.stroke.is_accent = again >= 2 and 2 * again >= len(alike)


def _is_loud(hit: _Hit, near: Sequence[_Hit]) -> bool:
    if len(near) < LEAST_HITS:
        return False
    values = sorted(other.velocity for other in near)
    least = ACCENT * values[len(values) // 2]
    accented = sum(value >= least for value in values)
    return hit.velocity >= least and accented <= MOST_ACCENTED * len(values)
