"""Computes frames of samples: madmom's spectrograms, block by block.

The log-filterbank frames equal madmom's ``LogarithmicFilteredSpectrogram``, the
linear ones its ``Spectrogram`` (Böck et al., "madmom: a new Python audio and
music signal processing library", ACM Multimedia 2016).
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from adt_plugins.card import FrontEnd, LevelRule
from adt_plugins.features.rfft import rfft

LOG_FILTERBANK = "log-filterbank"
LINEAR = "linear"
TUNING_HZ = 440.0  # the filters' centres are the notes of this scale

# Frames in one FFT call, the fastest of 16 to 128. Every call is this long, with
# leftovers behind the last frame, so that a frame has the same bits however the samples
# are cut into blocks.
BLOCK_FRAMES = 64


class Frames(NamedTuple):
    """Neighbouring frames of a recording.

    Parameters
    ----------
    values
        Shape (m, bands).
    gains
        Factors that the level rule applied to the magnitudes of each frame, shape
        (m,); None without a level rule.
    """

    values: NDArray[np.float32]
    gains: NDArray[np.float32] | None


class Spectrogram:
    """Frames of a recording that arrives in blocks.

    Frame t is centred on sample t * hop size; silence is assumed beyond both ends. A
    recording of n samples has ceil(n / hop size) frames. The result does not
    depend on how the samples are cut into blocks.

    Parameters
    ----------
    front_end
        The front end; its sample rate must be that of the samples.
    level
        Level rule of the model card, if it has one.
    at_once
        Frames computed together: few arrive soon, many cost less.

    Attributes
    ----------
    bands : int
        Number of columns of the frames.
    """

    bands: int

    def __init__(
        self,
        front_end: FrontEnd | None = None,
        level: LevelRule | None = None,
        at_once: int = BLOCK_FRAMES,
    ) -> None:
        self._at_once = at_once
        self._front_end = front_end = front_end or FrontEnd()
        self._window = np.hanning(front_end.frame_size).astype(np.float32)
        self._groups: tuple[_Group, ...] = ()
        self._bins = self.bands = front_end.frame_size // 2
        if front_end.kind == LOG_FILTERBANK:
            self.bands, self._bins, self._groups = _bank(front_end)
        self._follower = None if level is None else LevelFollower(level, front_end)
        size = front_end.frame_size
        self._windowed = np.zeros((self._at_once, size), np.float32)
        self._spectrum = np.empty((self._at_once, size // 2 + 1), np.complex64)
        self._magnitudes = np.empty((self._at_once, self._bins), np.float32)
        self._reset()

    def _reset(self) -> None:
        # Half a frame of silence precedes the first sample.
        size = self._front_end.frame_size
        self._samples = np.zeros(size // 2, np.float32)
        self._received = 0
        self._returned = 0
        if self._follower is not None:
            self._follower.reset()

    def process(self, samples: ArrayLike) -> Frames:
        """Add samples, and return the frames that are complete.

        Parameters
        ----------
        samples
            Shape (n,), n >= 0, float, full scale at 1.

        Returns
        -------
        Frames
            They come `at_once` at a time; 64 of them are up to 0.7 s late, but FFTs of
            many frames at once are several times faster.
        """
        samples = np.asarray(samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ValueError(f"samples must be of shape (n,), not {samples.shape}")
        self._received += len(samples)
        self._samples = np.concatenate((self._samples, samples))
        size, hop = self._front_end.frame_size, self._front_end.hop_size
        complete = max(0, (len(self._samples) - size) // hop + 1)
        return self._take(complete // self._at_once * self._at_once)

    def finish(self) -> Frames:
        """Return the remaining frames, and prepare for another recording."""
        size, hop = self._front_end.frame_size, self._front_end.hop_size
        remaining = math.ceil(self._received / hop) - self._returned
        missing = (remaining - 1) * hop + size - len(self._samples)
        if missing > 0:
            self._samples = np.pad(self._samples, (0, missing))
        frames = self._take(remaining)
        self._reset()
        return frames

    def _take(self, count: int) -> Frames:
        """Compute the next `count` frames, and release their samples."""
        whole = -(-count // self._at_once) * self._at_once
        out = np.empty((whole, self.bands), np.float32)
        hop = self._front_end.hop_size
        step = self._samples.itemsize
        views = as_strided(
            self._samples,
            shape=(count, self._front_end.frame_size),
            strides=(hop * step, step),
            writeable=False,
        )
        for start in range(0, count, self._at_once):
            end = start + self._at_once
            self._bands_of(views[start:end], out[start:end])
        # For all at once: a call of NumPy costs as much as its work on a few frames.
        gains = None
        if self._follower is not None:
            gains = self._follower.gains(out, count, self._at_once)
            out *= gains
            gains = gains[:count, 0]
        self._finish(out)
        # A copy, so that the samples before it are freed.
        self._samples = self._samples[count * hop :].copy()
        self._returned += count
        return Frames(out[:count], gains)

    def _bands_of(self, block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Compute the bands of up to `at_once` rows of samples."""
        count = len(block)
        # Copied first: NumPy would buffer the product of overlapping rows, which takes
        # half as long again.
        windowed = self._windowed[:count]
        windowed[:] = block
        windowed *= self._window
        rfft(self._windowed, self._spectrum)
        # No power spectrum: np.abs is faster than squares and a root by hand.
        if not self._groups:
            np.abs(self._spectrum[:, : self._bins], out=out)
            return
        np.abs(self._spectrum[:, : self._bins], out=self._magnitudes)
        for group in self._groups:
            group.apply(self._magnitudes, out)

    def _finish(self, frames: NDArray[np.float32]) -> None:
        """Take the logarithm in place, if the front end is logarithmic."""
        if not self._groups:
            return
        # log10(1 + x) by np.log, the only logarithm that NumPy vectorises in float32:
        # a third of the time of np.log10 or np.log1p.
        frames += np.float32(1.0)
        np.log(frames, out=frames)
        frames *= np.float32(1.0 / math.log(10.0))


def spectrogram(
    samples: ArrayLike,
    front_end: FrontEnd | None = None,
    level: LevelRule | None = None,
) -> NDArray[np.float32]:
    """Compute the frames of a whole recording.

    Parameters
    ----------
    samples
        Shape (n,), float, full scale at 1, at the front end's sample rate.
    front_end, level
        As for `Spectrogram`.

    Returns
    -------
    NDArray[np.float32]
        Shape (ceil(n / hop size), bands).
    """
    front = Spectrogram(front_end, level)
    return np.concatenate((front.process(samples).values, front.finish().values))


def band_frequencies(front_end: FrontEnd | None = None) -> NDArray[np.float64]:
    """Return the centre frequency of each band in Hz.

    Parameters
    ----------
    front_end
        As for `Spectrogram`.

    Returns
    -------
    NDArray[np.float64]
        Shape (bands,), ascending.
    """
    front_end = front_end or FrontEnd()
    if front_end.kind == LINEAR:
        return _bin_frequencies(front_end)
    return _bin_frequencies(front_end)[_centre_bins(front_end)[1:-1]]


def filterbank(front_end: FrontEnd | None = None) -> NDArray[np.float32]:
    """Return the triangular filters of madmom's ``LogarithmicFilterbank``.

    The corners are the bins nearest to the notes of the scale, without duplicates: in
    the low octaves, where notes are closer than bins, the filters are single bins.
    Each filter's weights sum to 1.

    Parameters
    ----------
    front_end
        As for `Spectrogram`; its kind must be ``"log-filterbank"``.

    Returns
    -------
    NDArray[np.float32]
        Shape (frame size / 2, bands); (1024, 84) for the default front end.

    Raises
    ------
    ValueError
        If the front end is of another kind, or too few bins lie between its
        `fmin` and `fmax`.
    """
    front_end = front_end or FrontEnd()
    corners = _centre_bins(front_end)
    filters = np.zeros((front_end.frame_size // 2, len(corners) - 2), np.float32)
    for band, (start, centre, stop) in enumerate(
        zip(corners[:-2], corners[1:-1], corners[2:], strict=True)
    ):
        rise = np.linspace(0.0, 1.0, centre - start, endpoint=False)
        fall = np.linspace(1.0, 0.0, stop - centre, endpoint=False)
        weights = np.concatenate((rise, fall)).astype(np.float32)
        filters[start:stop, band] = weights / weights.sum()
    return filters


def _bin_frequencies(front_end: FrontEnd) -> NDArray[np.float64]:
    bins = np.arange(front_end.frame_size // 2, dtype=np.float64)  # no Nyquist bin
    return bins * (front_end.sample_rate / front_end.frame_size)


def _centre_bins(front_end: FrontEnd) -> NDArray[np.intp]:
    """Return the bins nearest to the notes from fmin to fmax, ascending."""
    if front_end.kind != LOG_FILTERBANK:
        raise ValueError(f"a front end of kind {front_end.kind!r} has no filters")
    octave = front_end.bands_per_octave
    first = math.floor(math.log2(front_end.fmin / TUNING_HZ) * octave)
    last = math.ceil(math.log2(front_end.fmax / TUNING_HZ) * octave)
    notes = TUNING_HZ * 2.0 ** (np.arange(first, last) / octave)
    notes = notes[(notes >= front_end.fmin) & (notes <= front_end.fmax)]
    frequencies = _bin_frequencies(front_end)
    right = np.clip(np.searchsorted(frequencies, notes), 1, len(frequencies) - 1)
    nearer_left = notes - frequencies[right - 1] < frequencies[right] - notes
    bins = np.unique(right - nearer_left)
    if len(bins) < 3:
        raise ValueError(
            f"too few bins ({len(bins)}) for filters between"
            f" {front_end.fmin:g} and {front_end.fmax:g} Hz"
        )
    return bins


class _Group:
    """Neighbouring bands and the few bins that they cover, as one small product."""

    def __init__(self, filters: NDArray[np.float32], bands: NDArray[np.intp]) -> None:
        bins = np.flatnonzero(filters[:, bands].any(axis=1))
        self._bins = slice(int(bins[0]), int(bins[-1]) + 1)
        self._bands = slice(int(bands[0]), int(bands[-1]) + 1)
        self._weights = np.ascontiguousarray(filters[self._bins, self._bands])

    def apply(self, magnitudes: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        np.matmul(magnitudes[:, self._bins], self._weights, out=out[:, self._bands])


@cache
def _bank(front_end: FrontEnd) -> tuple[int, int, tuple[_Group, ...]]:
    """Return the filterbank: its bands, the bins that they need, and its groups."""
    filters = filterbank(front_end)
    # Bins above the highest filter are not needed.
    bins = int(np.flatnonzero(filters.any(axis=1))[-1]) + 1
    return filters.shape[1], bins, tuple(_group_bands(filters))


def _group_bands(filters: NDArray[np.float32]) -> list[_Group]:
    """Cut the filterbank at its three top octaves.

    Four small products take a quarter of the time of a single one. They also stay below
    the size from which OpenBLAS starts threads.
    """
    tops = filters.shape[0] - np.argmax(filters[::-1] > 0, axis=0)
    octave = np.minimum(3, np.floor(np.log2(tops[-1] / tops))).astype(int)
    return [_Group(filters, np.flatnonzero(octave == k)) for k in np.unique(octave)]


class LevelFollower:
    """The level rule of a card: computes gains, and keeps the state between blocks.

    Parameters
    ----------
    level
        The rule.
    front_end
        Front end of the frames, for their rate.
    """

    def __init__(self, level: LevelRule, front_end: FrontEnd) -> None:
        self._level = level
        # The decay per frame, as a natural logarithm.
        db_per_frame = level.decay_db_per_second / front_end.frame_rate
        self._decay = db_per_frame * math.log(10.0) / 20.0
        # Fall of the reference since before the frames.
        self._fall: NDArray[np.floating] = np.zeros(0)
        self._target = math.log(level.target)
        self.reset()

    def reset(self, reference: float = 0.0) -> None:
        """Forget past frames, except for a reference level (as a magnitude)."""
        self._last = math.log(max(reference, self._level.floor))

    def gains(
        self, frames: NDArray[np.float32], count: int, at_once: int | None = None
    ) -> NDArray[np.float32]:
        """Return the factors for the frames, shape (len(frames), 1).

        With e the logarithm of a frame's level (at least the floor) and k the decay
        per frame, the logarithm of the reference, r(t) = max(e(t), r(t - 1) - k), is
        a running maximum of e(t) + k·t, minus k·t. Only the first `count` frames
        count. They are computed `at_once` frames at a time, by default all, so that
        rounding does not depend on how many there are.
        """
        size = at_once or len(frames)
        if len(self._fall) != size:
            self._fall = self._decay * np.arange(1, size + 1)
        # One array throughout: this runs for every few frames.
        values = np.einsum("tb,tb->t", frames, frames).astype(np.float64)
        values = values.reshape(-1, size)
        values /= frames.shape[1]
        np.maximum(values, self._level.floor**2, out=values)
        np.log(values, out=values)
        values *= 0.5
        values += self._fall
        np.maximum.accumulate(values, axis=1, out=values)
        for number, row in enumerate(values):
            np.maximum(row, self._last, out=row)
            last = min(size, count - number * size) - 1
            self._last = float(row[last] - self._fall[last])
        values -= self._fall
        np.subtract(self._target, values, out=values)
        gains: NDArray[np.float32] = np.exp(values, out=values).astype(np.float32)
        return gains.reshape(-1, 1)
