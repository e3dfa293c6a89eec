"""Novelty of the harmony: chords change at the beginnings of bars more than elsewhere.

Alternating kicks and snares do not reveal which kick begins the bar; the harmony
does [1]_. The novelty at a moment is the distance between the mean spectrum of the
second before it and that of the second after it.

.. [1] M. Goto and Y. Muraoka, "Real-time beat tracking for drumless audio signals:
   Chord change detection for musical decisions", Speech Communication 27, 1999.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd
from adt_plugins.features.spectrogram import band_frequencies

WEIGHT = 2.0
"""Log odds of a downbeat for each standard deviation of novelty (experiment 27)."""

# Chords and the overtones of the bass, with little of kick and hi-hat.
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 1500.0
# About two beats (experiment 27).
_SPAN_S = 1.0
# Frames are averaged over this many: a fifth of the distances.
_POOLED = 5
_BLOCK = 4096  # rows in one computation of distances
_LEAST = 0.02  # smaller distances count as 0
_MOST = 2.0  # standard deviations

Frames = NDArray[np.float32]


class Harmony:
    """Collects the harmony of a recording while it is being read.

    Parameters
    ----------
    front_end
        Front end of the frames; a log-filterbank.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        hertz = band_frequencies(front_end)
        chosen = np.flatnonzero((hertz >= _LOWEST_HZ) & (hertz <= _HIGHEST_HZ))
        self._bands = slice(int(chosen[0]), int(chosen[-1]) + 1)
        self._span = round(_SPAN_S * front_end.frame_rate / _POOLED)
        self._rest = np.zeros((0, len(chosen)), np.float32)
        self._frames = 0
        # Rows from `span` before the next block of distances on.
        self._pooled: list[Frames] = []
        self._count = self._before = 0  # of these rows, and of those before the block
        self._distances: list[NDArray[np.float64]] = []

    def add(self, frames: Frames) -> None:
        """Add the next frames, shape (n, bands)."""
        self._frames += len(frames)
        chroma = np.concatenate([self._rest, frames[:, self._bands]])
        whole = len(chroma) // _POOLED * _POOLED
        self._rest = chroma[whole:].copy()
        blocks = chroma[:whole].reshape(-1, _POOLED, chroma.shape[1])
        self._pooled.append(blocks.mean(axis=1))
        self._count += len(blocks)
        while self._count >= self._before + _BLOCK + self._span:
            self._measure(_BLOCK)

    def _measure(self, count: int) -> None:
        """Compute distances of the next rows, and release those before the rest."""
        pooled = np.concatenate(self._pooled)
        end = self._before + count
        near = pooled[: end + self._span]
        self._distances.append(_distances(near, self._span, self._before, end))
        gone = max(end - self._span, 0)
        self._pooled = [pooled[gone:].copy()]
        self._count, self._before = self._count - gone, end - gone

    def changes(self) -> NDArray[np.float32]:
        """Return the novelty at each frame, once all have been added.

        Returns
        -------
        NDArray
            Shape (frames,), in standard deviations from the mean, -2 to 2; 0 within
            half a second of either end.
        """
        while rest := self._count - self._before:
            self._measure(min(rest, _BLOCK))
        edge = self._span // 2
        result = np.zeros(self._frames, np.float32)
        if sum(map(len, self._distances)) <= 2 * edge:
            return result
        distance = np.log(np.concatenate(self._distances) + _LEAST)[edge:-edge]
        spread = distance.std()
        if spread > 1e-6:
            score = np.clip((distance - distance.mean()) / spread, -_MOST, _MOST)
            novelty = np.repeat(np.pad(score, edge), _POOLED)
            result[: len(novelty)] = novelty
        return result


def _distances(pooled: Frames, span: int, first: int, end: int) -> NDArray[np.float64]:
    """Return the cosine distances between the means of `span` rows before and after."""
    near = pooled.astype(np.float64)
    count = len(near)
    sums = np.concatenate([np.zeros((1, near.shape[1])), np.cumsum(near, axis=0)])
    here = np.arange(first, end)

    def mean(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
        values = sums[last] - sums[first]
        values /= np.maximum(last - first, 1)[:, None]
        centred: NDArray[np.float64] = values - values.mean(axis=1, keepdims=True)
        return centred

    old = mean(np.maximum(here - span, 0), here)
    # The row itself is left out: it may hold the attack of a drum.
    new = mean(np.minimum(here + 1, count), np.minimum(here + span, count))
    norms = np.sqrt((old**2).sum(axis=1) * (new**2).sum(axis=1))
    distances: NDArray[np.float64] = 1 - (old * new).sum(axis=1) / (norms + 1e-6)
    return distances
