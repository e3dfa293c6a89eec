"""How hard each drum was hit, from the level in its own frequency range.

Chosen on 150 rendered clips with known velocities. What the comments call r is
the mean over clips of the correlation (Pearson) with them, of the drum tracks
alone and, after a stroke, with an accompaniment 3 dB louder than the drums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.features.band_levels import SILENCE

REFERENCE_VELOCITY = 110
"""Velocity of a hit as loud as the `REFERENCE_PERCENTILE` of its drum's hits."""
REFERENCE_PERCENTILE = 90.0
"""Not the loudest hit: a single one may be a mistake, or another drum's."""
DB_PER_DECADE = 40.0
"""Synthesisers play a velocity v at (v / 127)² of full amplitude (General MIDI,
Downloadable Sounds), so playing the result back restores the levels."""

# A hit is loudest within 30 ms of its onset (within 10 ms: r of hats 0.65 ->
# 0.59; 60 ms: of snares 0.87 -> 0.84). 30 ms before it, its window of 46 ms
# does not reach it yet.
_RISE_S = 0.03
_BEFORE_S = (0.03, 0.04)
# What rang before is subtracted (without: r of cymbals 0.65 / 0.64 -> 0.60 /
# 0.58), but at least a fifth is left: two tails may partly cancel each other
# (with a hundredth: of toms 0.53 / 0.43 -> 0.51 / 0.40).
_LEAST_RISE = 0.2


def strengths(
    level: NDArray[np.floating], frames: NDArray[np.int64], frame_rate: float
) -> NDArray[np.float64]:
    """How much each hit adds to its drum's level.

    Parameters
    ----------
    level
        Shape (n,), dB: one column of `BandLevels`.
    frames
        Shape (hits,): frames of the onsets, each within the recording or just
        outside (the nearest frame counts).
    frame_rate
        Frames per second.

    Returns
    -------
    NDArray[np.float64]
        Shape (hits,), dB.
    """
    power = 10 ** (np.asarray(level, dtype=np.float64) / 10)
    rise = round(_RISE_S * frame_rate)
    near, far = (round(seconds * frame_rate) for seconds in _BEFORE_S)
    # Silence lies before the first frame; after the last, its own level.
    padded = np.concatenate((np.full(far, SILENCE), power, np.full(rise, SILENCE)))
    at = np.clip(frames, 0, max(len(power) - 1, 0)) + far
    hit = padded[at[:, None] + np.arange(rise + 1)].max(axis=1)
    before = padded[at[:, None] - np.arange(near, far + 1)].mean(axis=1)
    added: NDArray[np.float64] = np.maximum(hit - before, _LEAST_RISE * hit)
    return 10 * np.log10(added)


def velocities(
    level: NDArray[np.floating], frames: NDArray[np.int64], frame_rate: float
) -> NDArray[np.int64]:
    """MIDI velocities of all hits of one drum in a recording.

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


def relative(
    strength: NDArray[np.float64], others: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.int64]:
    """MIDI velocities of hits by their strengths, dB, beside those of others."""
    below = strength - np.percentile(others, REFERENCE_PERCENTILE)
    velocity = REFERENCE_VELOCITY * 10 ** (below / DB_PER_DECADE)
    return np.asarray(np.clip(np.rint(velocity), 1, 127), np.int64)


def beside(
    strength: NDArray[np.float64],
    others: NDArray[np.float64],
    velocities_of_others: Sequence[int],
) -> NDArray[np.int64]:
    """MIDI velocities of hits by their strengths, dB, on the scale of others.

    Parameters
    ----------
    strength
        Shape (hits,), dB.
    others, velocities_of_others
        Strengths of at least one other hit of the drum, and their velocities.
    """
    known = np.asarray(velocities_of_others, np.float64)
    # Where on the scale of velocities 0 dB lies; a wrong one of them weighs little.
    shift = np.median(DB_PER_DECADE * np.log10(known) - others)
    velocity = 10 ** ((strength + shift) / DB_PER_DECADE)
    return np.asarray(np.clip(np.rint(velocity), 1, 127), np.int64)
