"""Activations as a network would give them for beats at known times."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations

RATE = 100.0
"""Frames a second."""


def activations(values: NDArray[Any], offset: float = 0.0) -> Activations:
    """Return activations without drums; columns of `values`: beats, downbeats."""
    outputs = ("KD", "downbeat", "beat")
    columns = np.column_stack([np.zeros(len(values)), values[:, 1], values[:, 0]])
    return Activations(columns.astype(np.float32), outputs, RATE, offset)


def played(
    times: NDArray[Any], bar: int, downbeat: int = 0, offset: float = 0.0
) -> Activations:
    """Return clear activations of beats at these times, in seconds."""
    values = np.full((round(times[-1] * RATE) + 60, 2), 0.01)
    for index, at in enumerate(times):
        for shift, height in enumerate((0.1, 0.3, 0.6, 0.9, 0.6, 0.3, 0.1), -3):
            frame = max(round(at * RATE) + shift, 0)
            values[frame, 0] = max(height, values[frame, 0])
            if (index - downbeat) % bar == 0:
                values[frame, 1] = 0.9 * height
    return activations(values, offset)
