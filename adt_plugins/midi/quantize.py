"""Moves hits to the grid of the bars, so that no hit is lost.

A hit that shares its grid line with others of its drum, such as the grace note of a
flam or a ghost note beside a stroke, keeps its distance from the stroke that is moved.
The hits of a note thus stay in order, and apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from adt_plugins.drums import Drum, as_drum
from adt_plugins.midi.bar_lines import TICKS_PER_QUARTER
from adt_plugins.midi.tempo_map import TempoMap

FLAM_S = 0.045
"""A hit within this time before another hit of its drum is its grace note."""

LEAST_SWING, MOST_SWING = 0.5, 0.75
_ROLL = 0.75
"""Share of a grid step from which on hits belong to a roll, and are not grace notes."""

_MAIN = 0.8
"""Velocity, relative to the loudest of a line, from which a hit may be its main one."""

_NAME = re.compile(r"1/(1|2|4|8|16|32|64)(t?)")


def grid_ticks(name: str) -> tuple[int, bool]:
    """Return the ticks between the lines of a grid, and whether it has triplets.

    >>> grid_ticks("1/16"), grid_ticks("1/8t")
    ((240, False), (320, True))

    Raises
    ------
    ValueError
        If it is not a grid.
    """
    match = _NAME.fullmatch(name.strip().lower())
    if match is None:
        raise ValueError(f"{name!r} is not a grid such as 1/16, or 1/8t of triplets")
    ticks = 4 * TICKS_PER_QUARTER // int(match[1])
    return (ticks * 2 // 3, True) if match[2] else (ticks, False)


@dataclass(frozen=True)
class Quantize:
    """Options of moving hits to a grid.

    Parameters
    ----------
    grid
        Grid such as ``"1/16"``, ``"1/8t"`` (triplets); None: move only `drums`.
    drums
        Grids of single drums, a coarse one with its finer kinds; None: do not move.
    strength
        Share of the way to the line, 0-1.
    swing
        Place of every second line in its pair of steps, 0.5-0.75: 0.5 is straight, 0.67
        a triplet. Grids of triplets do not swing.

    Raises
    ------
    ValueError
        If a value is out of its range.
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
        """Return the grid of a drum; None if it is not moved."""
        for kind in (drum, drum.coarse):
            if kind in self.drums:
                return self.drums[kind]
        return self.grid


@dataclass(frozen=True)
class GridHit:
    """A hit on its way into a file: tick, drum, note and velocity."""

    tick: int
    drum: Drum
    note: int
    velocity: int


def quantize(hits: Sequence[GridHit], timing: TempoMap, how: Quantize) -> list[GridHit]:
    """Move hits to the lines of their grids.

    Parameters
    ----------
    hits
        Hits at ticks of `timing`.
    timing
        Tempo map with bars, from which lines are counted.
    how
        See `Quantize`.

    Returns
    -------
    list of GridHit
        In the order of `hits`; those of one note keep their order, and only coincide
        if they did before.
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
    """Return the new ticks of the hits of one note, in order."""
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
    """Drop anchors that would pass the one before, as on different grids."""
    kept: dict[int, int] = {}
    before = -1
    for index, tick in sorted(anchors.items()):
        if tick > before or hits[index].tick == before:
            kept[index] = before = tick
    return kept


def _groups(
    hits: Sequence[GridHit], timing: TempoMap, how: Quantize
) -> Iterable[list[int]]:
    """Yield indices of hits that move together: a line's hits and their grace notes."""
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
    """Return the line of a grid that is nearest to a tick."""
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
    """Return the ticks of all hits, given the new ticks of some."""
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
    """Place the hits between two that were moved."""
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
        # There is no room for their distances: scale them down.
        scale = (ticks[right] - ticks[left]) / max(old[-1] - old[0], 1)
        rigid = [ticks[left] + round((tick - old[0]) * scale) for tick in old]
    ticks[left : right + 1] = rigid
