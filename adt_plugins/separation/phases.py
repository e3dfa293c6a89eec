"""What phases tell of a bin: whether it holds a tone, an impulse or noise.

The phase of a steady tone advances equally in bins side by side and from frame to
frame; that of an impulse turns evenly with frequency, by its place in the frame. So
the mixed second difference of the phase, over time and frequency, is 0 for a tone and,
where frames advance by a quarter of their size, a quarter of a turn for an impulse
(Fulop and Fitz, *Separation of components from impulses in reassigned spectrograms*,
2007). For noise it has any value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.separation.frames import Floats, Spectra

MIXED = ((3, 3), (5, 17))
STEADY = ((5, 3), (9, 17))
DELAYS = ((1, 5), (1, 33))
"""Frames and bins over which each difference is averaged."""
PHASES = 2 * len(MIXED) + len(STEADY) + 2 * len(DELAYS)
"""Number of features."""

_EPSILON = np.float32(1e-7)


def phase_features(spectra: Spectra) -> list[Floats]:
    """Return averages of unit vectors that point at differences of phases, -1 to 1.

    Parameters
    ----------
    spectra
        Shape (frames, bins).

    Returns
    -------
    list of NDArray[np.float32]
        `PHASES` arrays, shape (frames, bins) each: real and imaginary part of the mixed
        difference, real part of the difference of differences over time, and both parts
        of the difference over frequency, which is the delay.
    """
    level = np.abs(spectra) + _EPSILON
    fourth = spectra / level ** np.float32(0.75)
    advance = np.zeros_like(fourth)
    advance[1:] = fourth[1:] * fourth[:-1].conj()
    mixed = np.zeros_like(fourth)
    mixed[:, :-1] = advance[:, 1:] * advance[:, :-1].conj()
    steady = np.zeros_like(fourth)
    steady[1:-1] = advance[2:] * advance[1:-1].conj()
    half = spectra / np.sqrt(level)
    delay = np.zeros_like(half)
    # The middle of a frame has the delay 0.
    delay[:, :-1] = -half[:, 1:] * half[:, :-1].conj()
    features: list[Floats] = []
    for vectors, sizes, parts in (
        (mixed, MIXED, 2),
        (steady, STEADY, 1),
        (delay, DELAYS, 2),
    ):
        for size in sizes:
            features.extend(_averages(vectors, size)[:parts])
    return features


def _averages(vectors: NDArray[np.complex64], size: tuple[int, int]) -> list[Floats]:
    """Return real and imaginary parts of means, relative to the mean length."""
    from scipy.ndimage import uniform_filter

    real, imaginary, length = (
        uniform_filter(part, size, mode="nearest")
        for part in (vectors.real, vectors.imag, np.abs(vectors))
    )
    length += _EPSILON
    return [real / length, imaginary / length]
