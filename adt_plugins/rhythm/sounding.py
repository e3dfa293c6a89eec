"""Finds where beats sound: from the first to the last, without lone ones far away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP_S = 5.0
"""A pause without any activation: four beats of the slowest tempo."""

LONE_S = 2.0
"""What is no longer than this, before or after such a pause, is not music: the click of
a recorder or of an edge of the file."""


def sounding(loud: NDArray[np.int64], rate: float) -> tuple[int, int]:
    """Return the first and the last frame of the music.

    Parameters
    ----------
    loud
        Frames at which a beat may be, ascending, at least one.
    rate
        Frames a second.
    """
    breaks = np.flatnonzero(np.diff(loud) > GAP_S * rate)
    starts = [0, *(breaks + 1).tolist()]
    ends = [*breaks.tolist(), len(loud) - 1]
    long = [
        n
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
        if loud[end] - loud[start] > LONE_S * rate
    ]
    # If nothing is long, it may be a recording of single strokes.
    first, last = (starts[long[0]], ends[long[-1]]) if long else (0, -1)
    return int(loud[first]), int(loud[last])
