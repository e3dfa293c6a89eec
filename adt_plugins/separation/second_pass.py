"""What the second networks know of a bin besides `Features`: a mask around it, phases.

The first networks estimate the mask of each bin separately. The second ones see what
that mask is nearby, and what drums and rest sound like with it.
"""

from __future__ import annotations

import numpy as np

from adt_plugins.separation.features import MOST, logarithm, shifted
from adt_plugins.separation.frames import Floats, Spectra
from adt_plugins.separation.phases import PHASES, phase_features
from adt_plugins.separation.templates import EPSILON, lasting

FRAMES_AROUND = (-8, -4, -2, -1, 0, 1, 2, 4, 8)
BINS_AROUND = (-4, -2, -1, 1, 2, 4)
"""Offsets at which the mask of the first networks is a feature."""
AVERAGED = ((1, 5), (3, 13), (9, 49), (21, 129), (9, 1), (31, 1))
"""Frames and bins over which it is averaged, weighed by the magnitudes."""
REST_AROUND = (-8, -2, 2, 8)
DRUMS_AROUND = (-8, -2, 2, 4)
"""Offsets in frames of the separated magnitudes that are features."""
LASTING = ((31, 4), (9, 2))
"""Frames of the medians over what is no drums, and the steps between them."""
SECOND_FEATURES = (
    PHASES
    + len(FRAMES_AROUND)
    + len(BINS_AROUND)
    + len(AVERAGED)
    + len(LASTING)
    + len(REST_AROUND)
    + len(DRUMS_AROUND)
)


class SecondFeatures:
    """Features of a stretch of sound and a first mask of its drums.

    Parameters
    ----------
    spectra
        Shape (frames, bins).
    mask
        The mask, 0-1, of that shape.
    """

    def __init__(self, spectra: Spectra, mask: Floats) -> None:
        from scipy.ndimage import uniform_filter

        magnitudes = np.abs(spectra)
        drums, rest = mask * magnitudes, (1 - mask) * magnitudes
        self._mask, self._here = mask, logarithm(magnitudes)
        self._drums, self._rest = logarithm(drums), logarithm(rest)
        self._shares = phase_features(spectra)
        for size in AVERAGED:
            mean, of = (
                uniform_filter(x, size, mode="nearest") for x in (drums, magnitudes)
            )
            self._shares.append(mean / (of + EPSILON))
        self._lasting = [logarithm(lasting(rest, *size)) for size in LASTING]

    def of(self, begin: int, end: int) -> Floats:
        """Return features of frames, shape (`SECOND_FEATURES`, end - begin, bins)."""
        here = self._here[begin:end]
        mask = self._mask[begin:end]
        levels = [
            *(values[begin:end] for values in self._lasting),
            *(shifted(self._rest, begin, end, shift) for shift in REST_AROUND),
            *(shifted(self._drums, begin, end, shift) for shift in DRUMS_AROUND),
        ]
        return np.stack(
            [
                *(values[begin:end] for values in self._shares[:PHASES]),
                *(shifted(self._mask, begin, end, shift) for shift in FRAMES_AROUND),
                *(np.roll(mask, -shift, axis=1) for shift in BINS_AROUND),
                *(values[begin:end] for values in self._shares[PHASES:]),
                *(np.clip(values - here, -MOST, MOST) for values in levels),
            ]
        )
