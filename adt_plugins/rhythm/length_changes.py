"""How likely the bar pointer changes the length of its beats, in tables for the search.

The tables are kept for the next recording: short ones all search the same lengths.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.rhythm.evidence import Singles

NEVER = -1e30
"""A log probability; unlike infinity, its differences are numbers."""

Floats = NDArray[np.float64]


class Changes(NamedTuple):
    """Determines the changes of length: all lengths, a mask of those searched."""

    lengths: tuple[int, ...]
    searched: tuple[bool, ...]
    transition_lambda: float


@lru_cache(maxsize=2)
def transitions(changes: Changes) -> Floats:
    """Return the log probability of each length (column) after each other (row)."""
    lengths, searched = np.array(changes.lengths), np.array(changes.searched)
    ratio = lengths[np.newaxis] / lengths[:, np.newaxis]
    probability = np.exp(-changes.transition_lambda * np.abs(ratio - 1))
    probability[probability <= np.spacing(1)] = 0
    probability /= probability.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs: Floats = np.maximum(np.log(probability), NEVER)
    among: Floats = logs[np.ix_(searched, searched)]
    return among


@lru_cache(maxsize=4)
def bands(changes: Changes, size: int) -> list[tuple[int, int, Singles]]:
    """Return the log probabilities of changes of length, by the size of the change.

    Parameters
    ----------
    changes
        See `transitions`.
    size
        Numbers of a length in a step: beats times frames.

    Returns
    -------
    list of tuple
        First no change. Each holds the offset of the first preceding length among
        the numbers of a step, twice in a row, the offset of the first following
        one, and what is added; shape (lengths times beats times frames of a step).
        So a shift past the last length goes on with the first: changes up and down
        share a call.
    """
    logs = transitions(changes)
    count = len(logs)
    previous, following = np.nonzero(logs > NEVER)
    shifts = (previous - following) % count
    found = []
    for shift in np.unique(shifts).tolist():
        rows = following[shifts == shift]
        rows = np.arange(rows.min(), rows.max() + 1)
        gain = logs[(rows + shift) % count, rows].astype(np.float32)
        first = int(rows[0])
        repeated = aligned(len(gain) * size)
        repeated.reshape(len(gain), size)[:] = gain[:, np.newaxis]
        found.append(((first + shift) * size, first * size, repeated))
    return found


def aligned(count: int) -> Singles:
    """Return memory at the start of a cache line: a sixth of the time of sums less."""
    line = 64
    room = np.empty(count + line // 4, np.float32)
    start = -int(room.ctypes.data) % line // 4
    return room[start : start + count]
