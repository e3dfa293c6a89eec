"""Aligns the hits of a low drum with its waveform, in low samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.low_band import LowWave

LENGTHS = {Drum.KD: 480, Drum.SD: 300, Drum.TT: 700}
"""Length of the waveforms of low drums in low samples, by coarse drum."""

_BEFORE = 10  # low samples of a waveform before the time of the hit
_SLACK = 12  # by which hits may begin early or late, but mostly by
_SPREAD = 6.0
_FINER = 8  # steps of a low sample
_SHORTEST = 20
_ATTACK = 80
_MOST_LOUDER = 8.0
_TINY = 1e-12


class HitWaves:
    """The hits of a drum in a stretch of sound, and delay and gain of each.

    Parameters
    ----------
    places
        Where hits are, in low samples, ascending; some may lie outside. Of those within
        15 ms, the first one counts.
    length
        Length of the waveform.
    extent
        Length of the stretch.
    """

    def __init__(self, places: Sequence[float], length: int, extent: int) -> None:
        self._begins: list[int] = []
        earliest = _SLACK
        for place in places:
            begin = round(place) - _BEFORE
            if earliest <= begin < extent - _SHORTEST:
                self._begins.append(begin)
                earliest = begin + _SHORTEST
        self._extent = extent
        count = len(self._begins)
        self._delays = np.zeros(count)
        self.gains = np.zeros(count)
        self.sounding = np.ones((count, length))
        """1 until the next hit begins or the stretch ends, and 0 from then on."""
        following = [*self._begins, extent][1:]
        for begin, end, row in zip(self._begins, following, self.sounding, strict=True):
            row[max(min(end, extent) - begin, _SHORTEST) :] = 0

    def __len__(self) -> int:
        return len(self._begins)

    def aligned(self, wave: LowWave) -> LowWave:
        """Return the sound of each hit, shape (hits, length)."""
        sounds = _delayed(self._cut(wave), -self._delays)[:, _SLACK:-_SLACK]
        return sounds * self.sounding

    def guess_gains(self, wave: LowWave) -> None:
        """Take the level of each attack for the gain."""
        attacks = self.aligned(wave)[:, :_ATTACK]
        self.gains = np.sqrt(np.square(attacks).sum(axis=1)) + _TINY

    def align(self, wave: LowWave, samples: LowWave) -> None:
        """Find where and how loud the waveform is in each hit."""
        heard = np.pad(self.sounding, ((0, 0), (_SLACK, _SLACK)), mode="edge")
        cut = self._cut(wave) * heard
        size = 2 * cut.shape[1]
        spectrum = np.fft.rfft(np.pad(samples, _SLACK), size).conj()
        product = np.fft.rfft(cut, size, axis=1) * spectrum
        like = np.fft.irfft(product, size * _FINER, axis=1) * _FINER
        lags = np.arange(-_SLACK * _FINER, _SLACK * _FINER + 1)
        near = np.exp(-0.5 * (lags / (_FINER * _SPREAD)) ** 2)
        best = lags[np.argmax(like[:, lags] * near, axis=1)]
        self._delays = best / _FINER
        power = (np.square(samples) * self.sounding).sum(axis=1) + _TINY
        self.gains = np.clip(like[np.arange(len(best)), best] / power, 0, _MOST_LOUDER)

    def placed(self, sounds: LowWave) -> LowWave:
        """Return the sum of a sound at each hit, shape (extent,).

        Parameters
        ----------
        sounds
            Shape (hits, length).
        """
        padded = np.pad(sounds * self.sounding, ((0, 0), (_SLACK, _SLACK)))
        out = np.zeros(self._extent + padded.shape[1])
        for begin, sound in zip(
            self._begins, _delayed(padded, self._delays), strict=True
        ):
            out[begin - _SLACK :][: len(sound)] += sound
        return out[: self._extent]

    def _cut(self, wave: LowWave) -> LowWave:
        width = self.sounding.shape[1] + 2 * _SLACK
        padded = np.pad(wave, (0, width))
        cuts = [padded[b - _SLACK :][:width] for b in self._begins]
        return np.reshape(cuts, (len(cuts), width))


def mean_of_others(
    hits: Sequence[HitWaves], sounds: Sequence[LowWave]
) -> tuple[LowWave, list[LowWave]]:
    """Return the waveform, and for each hit that of all others.

    Parameters
    ----------
    hits
        The hits in each stretch.
    sounds
        Their sounds, from `HitWaves.aligned`.

    Returns
    -------
    tuple
        The least-squares estimate of shape (length,), and estimates of shape (hits,
        length) for each stretch.
    """
    sums, weights = np.zeros(1), np.full(1, 1e-6)
    for some, rows in zip(hits, sounds, strict=True):
        sums = sums + some.gains @ rows
        weights = weights + np.square(some.gains) @ some.sounding
    others = []
    for some, rows in zip(hits, sounds, strict=True):
        gains = some.gains[:, None]
        left = weights - np.square(gains) * some.sounding
        others.append((sums - gains * rows) / np.maximum(left, 0.3))
    return sums / weights, others


def _delayed(rows: LowWave, by: NDArray[np.float64]) -> LowWave:
    """Delay rows by fractions of a sample."""
    width = rows.shape[1]
    frequencies = np.arange(width + 1) / (2 * width)
    turns = np.exp(-2j * np.pi * frequencies * by[:, None])
    spectra = np.fft.rfft(rows, 2 * width, axis=1) * turns
    return np.fft.irfft(spectra, 2 * width, axis=1)[:, :width]
