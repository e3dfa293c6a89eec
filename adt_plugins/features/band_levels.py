"""How loud each drum's frequency range is in every frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd
from adt_plugins.drums import Drum
from adt_plugins.features import spectrogram

RANGES_HZ: dict[Drum, tuple[float, float]] = {
    # The fundamental; r 0.81 / 0.63, up to 200 Hz 0.78 / 0.61 (toms, snares),
    # the beater at 2-5 kHz 0.37 / 0.26.
    Drum.KD: (40.0, 130.0),
    # Shell and the lower rattle, above the kick and below the hats: 0.85 / 0.74,
    # from 1 kHz on 0.76 / 0.66.
    Drum.SD: (180.0, 2000.0),
    # Above most of the snare: 0.65 / 0.65, from 7 kHz on 0.62 / 0.62.
    Drum.HH: (9000.0, 20000.0),
    # Floor to high toms without the kick's fundamental: 0.53 / 0.43.
    Drum.TT: (80.0, 500.0),
    # Above most of snares and voices: 0.65 / 0.64, from 3 kHz on 0.64 / 0.60.
    Drum.CY: (5000.0, 20000.0),
    # Side stick and claps: clicks without a body. Too few in the clips to say.
    Drum.OT: (1000.0, 8000.0),
}
"""Where each drum stands out best from the others; finer drums share the range."""


SILENCE = 1e-7
"""Power below which a band is silent: -70 dB of a magnitude of 1."""


class BandLevels:
    """Level of each drum's frequency range in every frame.

    Parameters
    ----------
    front_end
        What made the frames.
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
        """Levels of some frames; each frame's depends on it alone.

        Parameters
        ----------
        frames
            Shape (n, bands): ``log10(1 + magnitude)``, or magnitudes of a
            linear front end.
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
