"""The low part of spectra as samples at a low rate, and back."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.separation.frames import OVERLAP, Grid, Spectra

LOW_BINS = 24
"""Number of bins that are true in both directions: below 517 Hz at 44.1 kHz."""
SIZE = 64
"""Low samples of a frame: one lasts 0.73 ms at 44.1 kHz."""
HOP = SIZE // OVERLAP
READ_BINS = SIZE // 2 + 1
"""Number of bins that are read; those above `LOW_BINS` fade out."""

LowWave = NDArray[np.float64]
LowSpectra = NDArray[np.complex128]


def low_place(seconds: float, grid: Grid) -> float:
    """Return a time in low samples, counted from the first frame of a recording."""
    lead = grid.size - grid.hop
    return (seconds * grid.sample_rate + lead) * SIZE / grid.size


def low_wave(spectra: Spectra) -> LowWave:
    """Transform the low bins back, to samples of shape ((frames + 3) * `HOP`,).

    Parameters
    ----------
    spectra
        Shape (frames, bins), with at least `READ_BINS` bins.
    """
    frames = np.fft.irfft(spectra[:, :READ_BINS] * _TAPER, SIZE, axis=1)
    frames *= _WINDOW / 2
    count = len(frames)
    out = np.zeros((count + OVERLAP - 1, HOP))
    for part in range(OVERLAP):
        out[part : part + count] += frames[:, part * HOP :][:, :HOP]
    return out.reshape(-1)


def low_spectra(wave: LowWave) -> LowSpectra:
    """Transform low samples to spectra, shape (frames, `LOW_BINS`)."""
    frames = sliding_window_view(wave, SIZE)[::HOP]
    return np.fft.rfft(frames * _WINDOW, axis=1)[:, :LOW_BINS]


def _taper() -> LowWave:
    fading = np.linspace(0, np.pi / 2, READ_BINS - LOW_BINS - 1)
    return np.concatenate([np.ones(LOW_BINS + 1), np.cos(fading) ** 2])


_TAPER = _taper()
_WINDOW: LowWave = np.sqrt(np.hanning(SIZE + 1)[:-1])
