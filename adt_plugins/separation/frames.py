"""Short-time spectra of a channel and back, on one grid whatever the sample rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.audio import LATEST_S

Floats = NDArray[np.float32]
Spectra = NDArray[np.complex64]

_SIZE_S = 2048 / 44100
OVERLAP = 4
"""Number of frames that cover each sample."""


@dataclass(frozen=True)
class Grid:
    """Frames of about 46 ms, one every 12 ms.

    Parameters
    ----------
    sample_rate
        In Hz. The frame size is the power of two nearest to 46 ms.
    """

    sample_rate: int

    @cached_property
    def size(self) -> int:
        """Samples of a frame."""
        return 1 << max(5, round(math.log2(_SIZE_S * self.sample_rate)))

    @property
    def hop(self) -> int:
        """Samples between frames."""
        return self.size // OVERLAP

    @property
    def bins(self) -> int:
        """Number of frequencies in a frame."""
        return self.size // 2 + 1

    @cached_property
    def frequencies(self) -> Floats:
        """Frequencies of the bins in Hz."""
        step = self.sample_rate / self.size
        return (np.arange(self.bins) * step).astype(np.float32)

    @cached_property
    def window(self) -> Floats:
        """The root of a Hann window, for both directions: its squares sum to 2."""
        return np.sqrt(np.hanning(self.size + 1)[:-1]).astype(np.float32)

    def frame(self, seconds: float) -> int:
        """Return the frame whose middle is nearest to a time.

        Frame 0 ends with the first hop of the recording.
        """
        ahead = self.size / 2 - self.hop
        return round((min(seconds, LATEST_S) * self.sample_rate + ahead) / self.hop)

    def spectra(self, samples: Floats) -> Spectra:
        """Transform all complete frames of samples of shape (n,).

        Returns
        -------
        NDArray[np.complex64]
            Shape (frames, bins).
        """
        from scipy import fft

        frames = sliding_window_view(samples, self.size)[:: self.hop]
        spectra: Spectra = fft.rfft(frames * self.window, axis=1)
        return spectra

    def samples(self, spectra: Spectra) -> Floats:
        """Transform back and add the frames, shape ((frames + 3) * hop,).

        The first and the last three hops are incomplete.
        """
        from scipy import fft

        frames = fft.irfft(spectra, self.size, axis=1) * (self.window / 2)
        count = len(frames)
        out = np.zeros((count + OVERLAP - 1, self.hop), np.float32)
        for part in range(OVERLAP):
            out[part : part + count] += frames[:, part * self.hop :][:, : self.hop]
        return out.reshape(-1)
