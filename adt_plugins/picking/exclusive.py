"""Exclusive kinds: two outputs of one drum that are picked together are one hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum

SAME_STROKE_S = 0.02
"""Hits of two kinds of a drum (closed and open hi-hat) closer than this are one."""

# Rounding of positions that are refined.
_EPSILON = 1e-9


@dataclass(frozen=True)
class DrumPicks:
    """The picks of one drum.

    Parameters
    ----------
    drum
        The drum.
    frames, positions, confidence
        Frame of each pick, its refined position in frames, and its confidence, 0-1;
        shape (hits,).
    """

    drum: Drum
    frames: NDArray[np.int64]
    positions: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def only(self, kept: NDArray[np.bool_]) -> DrumPicks:
        """Return the picks for which `kept`, shape (hits,), is true."""
        return DrumPicks(
            self.drum, self.frames[kept], self.positions[kept], self.confidence[kept]
        )


def drop_weaker_kinds(picked: Sequence[DrumPicks], window: float) -> list[DrumPicks]:
    """Keep one of the picks of a drum's kinds that lie within `window` frames."""
    result = list(picked)
    for family in {hits.drum.coarse for hits in picked}:
        members = [i for i, hits in enumerate(picked) if hits.drum.coarse is family]
        if len(members) == 1:
            continue
        owner = np.repeat(members, [len(picked[i].frames) for i in members])
        position = np.concatenate([picked[i].positions for i in members])
        confident = np.concatenate([picked[i].confidence for i in members])
        fine = np.repeat(
            [picked[i].drum is not family for i in members],
            [len(picked[i].frames) for i in members],
        )
        kept = _strongest(owner, position, np.lexsort((-confident, ~fine)), window)
        for i in members:
            result[i] = picked[i].only(kept[owner == i])
    return result


def _strongest(
    owner: NDArray[np.intp],
    position: NDArray[np.float64],
    order: NDArray[np.intp],
    window: float,
) -> NDArray[np.bool_]:
    """Remove the picks near each remaining one, beginning with the strongest."""
    kept = np.ones(len(position), dtype=bool)
    by_time = np.argsort(position)
    starts = np.searchsorted(position[by_time], position - window - _EPSILON, "left")
    ends = np.searchsorted(position[by_time], position + window + _EPSILON, "right")
    for i in order:
        if kept[i] and ends[i] - starts[i] > 1:
            near = by_time[starts[i] : ends[i]]
            kept[near[owner[near] != owner[i]]] = False
    return kept
