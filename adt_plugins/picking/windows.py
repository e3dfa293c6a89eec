"""Means and maxima of columns in windows around hits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Frames = NDArray[np.int64]


def mean(
    values: NDArray[Any], frames: Frames, low: int, high: int, *, unit: float
) -> Floats:
    """Return the mean from `low` to `high` frames after each hit, both included.

    Parameters
    ----------
    values
        Shape (frames, columns); its first and last rows go on beyond both ends.
    frames
        Frame of each hit, shape (hits,).
    low, high
        The window, in frames after a hit.
    unit
        Value that counts as 1.

    Returns
    -------
    NDArray[np.float32]
        Shape (hits, columns).
    """
    total = _at(values, frames, low)
    for shift in range(low + 1, high + 1):
        total += _at(values, frames, shift)
    total /= np.float32((high - low + 1) * unit)
    return total


def greatest(values: NDArray[Any], frames: Frames, low: int, high: int) -> Floats:
    """Return the maximum in a window, see `mean`."""
    most = _at(values, frames, low)
    for shift in range(low + 1, high + 1):
        np.maximum(most, _at(values, frames, shift), out=most)
    return most


def running_mean(column: Floats, first: Frames, last: Frames) -> Floats:
    """Return the means of a column from each of `first` to, without it, `last`."""
    total = np.concatenate(([0.0], np.cumsum(column, dtype=np.float64)))
    return np.asarray((total[last] - total[first]) / (last - first), np.float32)


def _at(values: NDArray[Any], frames: Frames, shift: int) -> Floats:
    rows = np.clip(frames + shift, 0, len(values) - 1)
    return np.asarray(values[rows], np.float32)
