"""Targets of the network: onsets and beats for each frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum

OUTPUTS = ("KD", "SD", "SST", "HH", "TT", "CY", "OT", "beat", "downbeat")
"""Columns of the targets. The side stick is an output of its own, since it is not a
snare. "OT" holds sounds that are not part of the kit (claps, tambourines, shakers):
it is learnt so that they are not mistaken for drums, and never written."""

REACH = 2.0
"""A hit reaches this many frames to either side of its own time: the target of frame t
is 1 - |t - time| / REACH, so [0.5, 1, 0.5] for a hit on a frame, and the time between
two frames can be read from the shape of the activation."""


UNSURE_REACH = 4
"""Frames to either side of an uncertain onset whose targets are masked."""


def column(code: str) -> int:
    """Return the column of a drum code, fine or coarse."""
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
    """Return the targets of the frames in a window.

    Parameters
    ----------
    onsets
        Time in seconds, drum code and velocity of each onset.
    beats
        Time in seconds and position in the bar of each beat.
    start
        Time of frame 0 in seconds.
    frames
        Number of frames.
    frame_rate
        Frames per second.

    Returns
    -------
    array, shape (frames, len(OUTPUTS))
        Targets, 0-1.
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


def target_mask(
    unsure: Iterable[tuple[float, str]],
    unlabelled: Iterable[str],
    *,
    start: float,
    frames: int,
    frame_rate: float,
) -> NDArray[np.float32]:
    """Return which targets of a window count in the loss.

    Parameters
    ----------
    unsure
        Time in seconds and drum code of each uncertain onset.
    unlabelled
        Outputs without labels.
    start, frames, frame_rate
        As in `frame_targets`.

    Returns
    -------
    array, shape (frames, len(OUTPUTS))
        0 near uncertain onsets and for outputs without labels, else 1.
    """
    mask = np.ones((frames, len(OUTPUTS)), dtype=np.float32)
    for time, code in unsure:
        place = round((time - start) * frame_rate)
        first, last = max(0, place - UNSURE_REACH), place + UNSURE_REACH + 1
        mask[first : max(0, last), column(code)] = 0.0
    for output in unlabelled:
        mask[:, OUTPUTS.index(output)] = 0.0
    return mask


def _add(target: NDArray[np.float32], place: float) -> None:
    """Raise a target around a frame, which need not be a whole number."""
    first = max(0, int(np.ceil(place - REACH)))
    last = min(len(target) - 1, int(np.floor(place + REACH)))
    if first <= last:
        near = np.arange(first, last + 1)
        value = 1.0 - np.abs(near - place) / REACH
        target[first : last + 1] = np.maximum(target[first : last + 1], value)
