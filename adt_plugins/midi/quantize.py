"""Moving hits to the grid of the bars, so that no hit is lost on the way.

A hit of each drum that shares a grid line with others, such as the grace note of a
flam or a ghost note beside a stroke, keeps its distance to the stroke that is
moved. Hits of a note thus stay in their order, and apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from adt_plugins.drums import Drum, as_drum
from adt_plugins.midi.tempo_map import TICKS_PER_QUARTER, TempoMap

FLAM_S = 0.045
"""Closer than this before another hit of its drum, a hit is its grace note."""

LEAST_SWING, MOST_SWING = 0.5, 0.75
_ROLL = 0.75
"""In a roll as fast as the grid hits are a step apart: those are no grace notes."""

_MAIN = 0.8
"""As loud as this, relative to the loudest on a line, a hit may be what is moved."""

_NAME = re.compile(r"1/(1|2|4|8|16|32|64)(t?)")


def grid_ticks(name: str) -> tuple[int, bool]:
    """Ticks between the lines of a grid, and whether it is one of triplets.

    >>> grid_ticks("1/16"), grid_ticks("1/8t")
    ((240, False), (320, True))

    Raises
    ------
    ValueError
        If it is not valid.
    """
    found = _NAME.fullmatch(name.strip().lower())
    if found is None:
        raise ValueError(f"{name!r} is no grid such as 1/16, or 1/8t of triplets")
    ticks = 4 * TICKS_PER_QUARTER // int(found[1])
    return (ticks * 2 // 3, True) if found[2] else (ticks, False)


@dataclass(frozen=True)
class Quantize:
    """How hits are moved to a grid.

    Parameters
    ----------
    grid
        Such as ``"1/16"``, ``"1/8t"`` (triplets); None: only `drums` are moved.
    drums
        Grids of single drums, a coarse one with its finer kinds; None: not moved.
    strength
        How far, 0-1; 1 is onto the line.
    swing
        Where in its pair of steps every second line lies, 0.5-0.75: 0.5 is
        straight, 0.67 a triplet. Grids of triplets do not swing.

    Raises
    ------
    ValueError
        If one of them is out of its range.
    """

    grid: str | None = "1/16"
    drums: Mapping[Drum | str, str | None] = field(default_factory=dict)
    strength: float = 1.0
    swing: float = LEAST_SWING

    def __post_init__(self) -> None:
        drums = {as_drum(drum): grid for drum, grid in self.drums.items()}
        object.__setattr__(self, "drums", drums)
        names = [name for name in (self.grid, *self.drums.values()) if name]
        kinds = [grid_ticks(name) for name in names]
        if not 0 <= self.strength <= 1:
            raise ValueError(f"a strength of {self.strength:g} is not from 0 to 1")
        if not LEAST_SWING <= self.swing <= MOST_SWING:
            raise ValueError(
                f"a swing of {self.swing:g} is not from {LEAST_SWING} to {MOST_SWING}"
            )
        if self.swing > LEAST_SWING and kinds and all(triplet for _, triplet in kinds):
            raise ValueError("a grid of triplets does not swing")

    def of(self, drum: Drum) -> str | None:
        """Grid of a drum; None if it is not moved."""
        for kind in (drum, drum.coarse):
            if kind in self.drums:
                return self.drums[kind]
        return self.grid


@dataclass(frozen=True)
class GridHit:
    """A hit on its way into a file: where in ticks, and which drum, note, velocity."""

    tick: int
    drum: Drum
    note: int
    velocity: int


def quantize(hits: Sequence[GridHit], timing: TempoMap, how: Quantize) -> list[GridHit]:
    """Move hits to the lines of their grids.

    Parameters
    ----------
    hits
        At ticks of `timing`.
    timing
        With bars: the lines count from each.
    how
        See `Quantize`.

    Returns
    -------
    list of GridHit
        In the order of `hits`; those of one note keep their order, and two of
        them meet only if they met before.
    """
    moved = list(hits)
    notes: dict[int, list[int]] = {}
    for index, hit in enumerate(hits):
        notes.setdefault(hit.note, []).append(index)
    for indices in notes.values():
        indices.sort(key=lambda n: hits[n].tick)
        ticks = _moved([hits[n] for n in indices], timing, how)
        for index, tick in zip(indices, ticks, strict=True):
            hit = hits[index]
            moved[index] = GridHit(tick, hit.drum, hit.note, hit.velocity)
    return moved


def _moved(hits: Sequence[GridHit], timing: TempoMap, how: Quantize) -> list[int]:
    """New ticks of the hits of one note, in their order."""
    anchors: dict[int, int] = {}  # index to new tick
    for group in _groups(hits, timing, how):
        grid = how.of(hits[group[0]].drum)
        if grid is None:
            anchors.update({n: hits[n].tick for n in group})
            continue
        loudest = max(hits[n].velocity for n in group)
        lines = {n: _line(hits[n].tick, grid, timing, how.swing) for n in group}
        main = min(
            (n for n in group if hits[n].velocity >= _MAIN * loudest),
            key=lambda n: abs(lines[n] - hits[n].tick),
        )
        way = lines[main] - hits[main].tick
        anchors[main] = hits[main].tick + round(how.strength * way)
    return _between(hits, _ascending(hits, anchors))


def _ascending(hits: Sequence[GridHit], anchors: dict[int, int]) -> dict[int, int]:
    """Leave out anchors that would pass the one before, as on different grids."""
    kept: dict[int, int] = {}
    before = -1
    for index, tick in sorted(anchors.items()):
        if tick > before or hits[index].tick == before:
            kept[index] = before = tick
    return kept


def _groups(
    hits: Sequence[GridHit], timing: TempoMap, how: Quantize
) -> Iterable[list[int]]:
    """Indices of hits that move together: of one line, or grace notes of it."""
    group: list[int] = []
    for index, hit in enumerate(hits):
        if group and not _together(hits[group[-1]], hit, timing, how):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _together(first: GridHit, second: GridHit, timing: TempoMap, how: Quantize) -> bool:
    grid = how.of(first.drum)
    if grid is None or how.of(second.drum) != grid:
        return False
    lines = [_line(hit.tick, grid, timing, how.swing) for hit in (first, second)]
    if lines[0] == lines[1]:
        return True
    apart = second.tick - first.tick
    seconds = timing.seconds(second.tick) - timing.seconds(first.tick)
    return seconds < FLAM_S and apart < _ROLL * grid_ticks(grid)[0]


def _line(tick: int, grid: str, timing: TempoMap, swing: float) -> int:
    """Line of a grid that is nearest to a tick."""
    step, is_triplet = grid_ticks(grid)
    index = max(bisect_right(timing.bars, tick) - 1, 0)
    start = timing.bars[index]
    end = timing.bars[index + 1] if index + 1 < len(timing.bars) else None
    if index < 1 - timing.first_bar and end is not None:
        start = end - -(-(end - start) // (2 * step)) * 2 * step  # counted back
    pair, rest = divmod(tick - start, 2 * step)
    middle = step if is_triplet else round(2 * step * swing)
    near = min((0, middle, 2 * step), key=lambda line: abs(rest - line))
    line = start + pair * 2 * step + near
    if end is not None and end - tick < abs(line - tick):
        line = end
    return max(line, 0) if end is None else min(max(line, 0), end)


def _between(hits: Sequence[GridHit], anchors: dict[int, int]) -> list[int]:
    """Ticks of all hits, of which some are moved as `anchors` says."""
    order = sorted(anchors)
    ticks = [anchors.get(n, -1) for n in range(len(hits))]
    first, last = order[0], order[-1]
    for n in range(first - 1, -1, -1):
        ticks[n] = ticks[n + 1] - (hits[n + 1].tick - hits[n].tick)
    if first and ticks[0] < 0:  # no room before the first tick: stay as played
        ticks[: first + 1] = [hit.tick for hit in hits[: first + 1]]
    for n in range(last + 1, len(hits)):
        ticks[n] = ticks[n - 1] + (hits[n].tick - hits[n - 1].tick)
    for left, right in pairwise(order):
        _fill(hits, ticks, left, right)
    return ticks


def _fill(hits: Sequence[GridHit], ticks: list[int], left: int, right: int) -> None:
    """Place the hits between two that are moved."""
    old = [hits[n].tick for n in range(left, right + 1)]
    middle = (old[0] + old[-1]) / 2
    rigid = [
        tick + (ticks[left] - old[0] if tick < middle else ticks[right] - old[-1])
        for tick in old
    ]
    apart = all(
        a < b or (a == b and c == d)
        for (a, b), (c, d) in zip(pairwise(rigid), pairwise(old), strict=True)
    )
    if not apart:
        # No room for their distances: shrink these, in proportion.
        scale = (ticks[right] - ticks[left]) / max(old[-1] - old[0], 1)
        rigid = [ticks[left] + round((tick - old[0]) * scale) for tick in old]
    ticks[left : right + 1] = rigid
