"""Level of each drum's frequency range in every frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd
from adt_plugins.drums import Drum
from adt_plugins.features import spectrogram

RANGES_HZ: dict[Drum, tuple[float, float]] = {
    # The fundamental, without toms and snares.
    Drum.KD: (40.0, 130.0),
    # Shell and the lower rattle, above the kick and below the hats.
    Drum.SD: (180.0, 2000.0),
    # Above most of the snare.
    Drum.HH: (9000.0, 20000.0),
    # Floor to high toms without the kick's fundamental.
    Drum.TT: (80.0, 500.0),
    # Above most of snares and voices.
    Drum.CY: (5000.0, 20000.0),
    # Side stick and claps: clicks without a body.
    Drum.OT: (1000.0, 8000.0),
}
"""Where each drum stands out best from the others (experiment 36); finer drums share
the range of their coarse drum."""


SILENCE = 1e-7
"""Power below which a band is silent: -70 dB of a magnitude of 1."""


class BandLevels:
    """Level of each drum's frequency range in every frame.

    Parameters
    ----------
    front_end
        Front end that computed the frames.
    drums
        Drum codes, the columns of the result.
    """

    def __init__(self, front_end: FrontEnd, drums: Iterable[Drum | str]) -> None:
        self._logarithmic = front_end.kind == spectrogram.LOG_FILTERBANK
        frequencies = spectrogram.band_frequencies(front_end)
        ranges = [RANGES_HZ[Drum(drum).coarse] for drum in drums]
        self._weights = np.zeros((len(frequencies), len(ranges)), np.float32)
        for column, (low, high) in enumerate(ranges):
            inside = (frequencies >= low) & (frequencies <= high)
            self._weights[inside, column] = 1

    def process(
        self,
        frames: NDArray[np.float32],
        gains: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the levels of frames; each depends on its own frame only.

        Parameters
        ----------
        frames
            Shape (n, bands): ``log10(1 + magnitude)``, or magnitudes from a linear
            front end.
        gains
            Shape (n,) or (n, 1): factors that a level rule applied to the
            magnitudes of each frame, undone here. None: there were none.

        Returns
        -------
        NDArray[np.float32]
            Shape (n, drums), dB.
        """
        magnitudes = frames
        if self._logarithmic:
            magnitudes = np.exp(frames * np.float32(np.log(10.0)))
            magnitudes -= np.float32(1)
        power = np.square(magnitudes) @ self._weights
        if gains is not None:
            power /= np.square(gains).reshape(-1, 1)
        power += np.float32(SILENCE)
        levels: NDArray[np.float32] = 10 * np.log10(power)
        return levels
