"""Velocities of hits, from the level in each drum's own frequency range.

The constants were chosen by their correlation with known velocities (experiment 33).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.features.band_levels import SILENCE

REFERENCE_VELOCITY = 110
"""Velocity of a hit as loud as the `REFERENCE_PERCENTILE` of its drum's hits."""
REFERENCE_PERCENTILE = 90.0
"""Not the loudest hit: that may be a mistake, or another drum's."""
DB_PER_DECADE = 40.0
"""Synthesisers play a velocity v at (v / 127)² of full amplitude (General MIDI,
Downloadable Sounds), so playing the result back restores the levels."""

# A hit is loudest within 30 ms of its onset. 30 ms before it, its window of 46 ms does
# not reach it yet.
_RISE_S = 0.03
_BEFORE_S = (0.03, 0.04)
# Sound from before the hit is subtracted, but at least a fifth is left: two decays may
# partly cancel each other.
_LEAST_RISE = 0.2


def strengths(
    level: NDArray[np.floating], frames: NDArray[np.int64], frame_rate: float
) -> NDArray[np.float64]:
    """Return how much each hit adds to its drum's level.

    Parameters
    ----------
    level
        Shape (n,), dB: one column of `adt_plugins.features.band_levels.BandLevels`.
    frames
        Frames of the onsets, shape (hits,); for one outside the recording the nearest
        frame counts.
    frame_rate
        Frames per second.

    Returns
    -------
    NDArray[np.float64]
        Shape (hits,), dB.
    """
    rise = round(_RISE_S * frame_rate)
    near, far = (round(seconds * frame_rate) for seconds in _BEFORE_S)
    last = len(level) - 1
    at = np.clip(frames, 0, max(last, 0))

    def power(shifts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the power around each hit; silence lies beyond both ends."""
        places = at[:, None] + shifts
        inside = (places >= 0) & (places <= last)
        values = np.full(places.shape, SILENCE)
        values[inside] = 10 ** (level[places[inside]].astype(np.float64) / 10)
        return values

    hit = power(np.arange(rise + 1)).max(axis=1)
    before = power(-np.arange(near, far + 1)).mean(axis=1)
    added: NDArray[np.float64] = np.maximum(hit - before, _LEAST_RISE * hit)
    return 10 * np.log10(added)


def velocities(
    level: NDArray[np.floating], frames: NDArray[np.int64], frame_rate: float
) -> NDArray[np.int64]:
    """Return the MIDI velocities of all hits of one drum in a recording.

    Parameters
    ----------
    level, frames, frame_rate
        As for `strengths`.

    Returns
    -------
    NDArray[np.int64]
        Shape (hits,), 1-127. They compare the hits of this drum with each
        other and do not depend on the recording's level: a loud hit is about
        110, a hit 12 dB below it about 55, and an only hit 110.
    """
    if not len(frames):
        return np.zeros(0, dtype=np.int64)
    strength = strengths(level, frames, frame_rate)
    return relative(strength, strength)


def of_confidence(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return MIDI velocities of hits whose sound was not measured, by confidence."""
    return np.asarray(np.rint(1 + 126 * confidence), np.int64)


def relative(
    strength: NDArray[np.float64], others: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return MIDI velocities of hits by their strengths in dB, relative to others."""
    below = strength - np.percentile(others, REFERENCE_PERCENTILE)
    velocity = REFERENCE_VELOCITY * 10 ** (below / DB_PER_DECADE)
    return np.asarray(np.clip(np.rint(velocity), 1, 127), np.int64)


def beside(
    strength: NDArray[np.float64],
    others: NDArray[np.float64],
    velocities_of_others: Sequence[int],
) -> NDArray[np.int64]:
    """Return MIDI velocities of hits by their strengths in dB, on the scale of others.

    Parameters
    ----------
    strength
        Shape (hits,), dB.
    others, velocities_of_others
        Strengths of at least one other hit of the drum, and their velocities.
    """
    velocities = np.asarray(velocities_of_others, np.float64)
    # Velocity level of 0 dB; a single wrong one of the others hardly matters.
    shift = np.median(DB_PER_DECADE * np.log10(velocities) - others)
    velocity = 10 ** ((strength + shift) / DB_PER_DECADE)
    return np.asarray(np.clip(np.rint(velocity), 1, 127), np.int64)
