"""What the network learns to say: onsets and beats as targets per frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum

#: Columns of the targets. The side stick is an output of its own: it is no
#: snare. "OT" holds what is no drum of the kit (claps, tambourines, shakers);
#: it is learnt so that it is not taken for drums, and never written out.
OUTPUTS = ("KD", "SD", "SST", "HH", "TT", "CY", "OT", "beat", "downbeat")

#: A hit reaches this many frames to either side of its own time: the target of
#: frame t is 1 - |t - time| / REACH, so [0.5, 1, 0.5] for a hit on a frame, and
#: the place between two frames can be read from the activation's shape.
REACH = 2.0


def column(code: str) -> int:
    """Column of a drum code, fine or coarse."""
    if code in OUTPUTS:
        return OUTPUTS.index(code)
    return OUTPUTS.index(str(Drum(code).coarse))


def frame_targets(
    onsets: Iterable[tuple[float, str, int]],
    beats: Iterable[tuple[float, int]],
    *,
    start: float,
    frames: int,
    frame_rate: float,
) -> NDArray[np.float32]:
    """Targets of the frames of a window.

    Parameters
    ----------
    onsets
        (time in seconds, drum code, velocity) each.
    beats
        (time in seconds, position in the bar) each.
    start
        Time of frame 0 in seconds.
    frames
        Number of frames.
    frame_rate
        Frames per second.

    Returns
    -------
    array, shape (frames, len(OUTPUTS))
        0-1.
    """
    targets = np.zeros((frames, len(OUTPUTS)), dtype=np.float32)
    for time, code, _ in onsets:
        _add(targets[:, column(code)], (time - start) * frame_rate)
    for time, position in beats:
        place = (time - start) * frame_rate
        _add(targets[:, OUTPUTS.index("beat")], place)
        if position == 1:
            _add(targets[:, OUTPUTS.index("downbeat")], place)
    return targets


def _add(target: NDArray[np.float32], place: float) -> None:
    first = max(0, int(np.ceil(place - REACH)))
    last = min(len(target) - 1, int(np.floor(place + REACH)))
    if first <= last:
        near = np.arange(first, last + 1)
        value = 1.0 - np.abs(near - place) / REACH
        target[first : last + 1] = np.maximum(target[first : last + 1], value)
