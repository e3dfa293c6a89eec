"""Resamples in blocks, with soxr, or with SciPy where soxr has no wheel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_HALF_LENGTH = 24
"""Samples of the slower rate that the filter covers on each side."""
_KAISER_BETA = 9.0  # side lobes below -90 dB


class Resampler(Protocol):
    """Converts a recording that arrives in blocks to another rate, without a delay."""

    def resample_chunk(self, block: Samples, last: bool = False) -> Samples:
        """Add samples, and return those of the result that are final.

        Parameters
        ----------
        block
            Shape (n,) for one channel, (n, channels) for more; n >= 0.
        last
            Whether these are the last samples.

        Returns
        -------
        NDArray[np.float32]
            Shape (m,) or (m, channels). The first sample has the time of the
            recording's first, and there are as many in all as it lasts at the new rate.
        """


def open_resampler(rate: int, wanted: int, channels: int = 1) -> Resampler:
    """Return a resampler from `rate` to `wanted`, both in Hz."""
    try:
        import soxr
    except ImportError:  # Windows on ARM
        return PolyphaseResampler(rate, wanted)
    resampler: Resampler = soxr.ResampleStream(rate, wanted, channels, dtype="float32")
    return resampler


def resampled(blocks: Iterable[Samples], rate: int, wanted: int) -> Iterator[Samples]:
    """Convert blocks from `rate` to `wanted`, both in Hz, where these differ."""
    if rate == wanted:
        yield from blocks
        return
    resampler, last = None, np.zeros(0, np.float32)
    for block in blocks:
        if resampler is None:
            channels = 1 if block.ndim == 1 else block.shape[1]
            resampler = open_resampler(rate, wanted, channels)
        last = block[:0]
        yield resampler.resample_chunk(np.ascontiguousarray(block))
    if resampler is not None:
        yield resampler.resample_chunk(last, last=True)


class PolyphaseResampler:
    """SciPy's polyphase filter, in blocks; see `Resampler`.

    Parameters
    ----------
    rate, wanted
        In Hz.
    """

    def __init__(self, rate: int, wanted: int) -> None:
        from scipy.signal import firwin

        common = math.gcd(rate, wanted)
        self._up, self._down = wanted // common, rate // common
        widest = max(self._up, self._down)
        reach = _HALF_LENGTH * widest
        taps = firwin(2 * reach + 1, 0.96 / widest, window=("kaiser", _KAISER_BETA))
        # Zeros in front, so that the filter's middle coincides with a sample of the
        # result.
        front = -reach % self._down
        self._taps = np.concatenate((np.zeros(front), taps * self._up))
        self._taps = self._taps.astype(np.float32)
        self._middle = (reach + front) // self._down
        self._reach = -(-reach // self._up) + 1  # in samples of the recording
        self._pending: Samples | None = None
        self._first = 0  # place of the first pending sample in the recording
        self._received = self._returned = 0

    def resample_chunk(self, block: Samples, last: bool = False) -> Samples:
        """See `Resampler`."""
        block = np.asarray(block, np.float32)
        self._received += len(block)
        if self._pending is not None:
            block = np.concatenate((self._pending, block))
        end = self._received - self._reach
        final = max(0, end * self._up // self._down)
        if last:
            final = round(self._received * self._up / self._down)
            block = np.concatenate((block, np.zeros_like(block[:1])))
        result = self._filtered(block, final)
        # Release samples that are not needed again, in whole steps of the common grid.
        oldest = self._returned * self._down // self._up - self._reach
        drop = max(0, (oldest - self._first) // self._down) * self._down
        self._pending, self._first = block[drop:], self._first + drop
        return result

    def _filtered(self, block: Samples, final: int) -> Samples:
        """Return the samples from `_returned` to `final`."""
        from scipy.signal import upfirdn

        count = max(0, final - self._returned)
        if not count or not len(block):
            return np.zeros((0, *block.shape[1:]), np.float32)
        result = upfirdn(self._taps, block, self._up, self._down, axis=0)
        start = self._returned - self._first * self._up // self._down + self._middle
        result = result[start : start + count]
        missing = count - len(result)
        if missing:
            pad = ((0, missing), *((0, 0),) * (block.ndim - 1))
            result = np.pad(result, pad)
        self._returned = final
        return np.asarray(result, np.float32)
