"""The interface of decoders, and the simplest ones: arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.polarity import Polarity
from adt_plugins.audio.sniff import are_bitstream
from adt_plugins.errors import AudioError

# Samples of a block at 44.1 kHz, 3 s. From file to frames, half of it takes a tenth
# longer, since every block passes through some hundred calls of NumPy.
BLOCK = 131072

# Most bytes of a block, whatever number of channels and sample rate a header claims:
# 3 s of 1024 channels at 1 MHz would be 12 GB.
BLOCK_BYTES = 16 << 20

_SNIFFED = 16384  # samples that show frames of a bitstream, several of any kind

_FADE = 441  # samples of the cross-fade at a change

_MOST_CHANNELS = 64  # with more, and more than samples, the array is transposed


class Damage(str):
    """A warning that some of a recording could not be read."""


class Decoder(Protocol):
    """Decodes a recording as it is stored.

    Attributes
    ----------
    sample_rate
        In Hz.
    channels
        Number of channels, at least 1.
    frames
        Samples of each channel; None if unknown.
    expected
        The same for a progress bar, where an estimate suffices.
    warnings
        Problems of the recording that did not stop the work; complete when
        the last block has been read. What could not be read is a `Damage`.
    bits
        Bits of a sample; None for floats and lossy compression.
    mixing
        Class that mixes the channels: their mean, unless it is replaced before the
        first block is read.
    """

    bits: int | None
    mixing: type[Mixer]
    sample_rate: int
    channels: int
    frames: int | None
    expected: int | None
    warnings: list[str]

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """Decode the mean of the channels from frame `first` on, once."""

    def close(self) -> None:
        """Release the file."""


class Mixer:
    """Computes the mean of the channels, as float32 with full scale at 1.

    The channel for low-frequency effects is left out: it holds effects for cinemas, or
    the bass of all others again. If channels cancel each other out, as after a cable
    with one side inverted, some are inverted back, for as long as they do.

    Parameters
    ----------
    dtype
        Type of the blocks: floats, or integers of 8 (unsigned, as in WAV), 16 or
        32 bits.
    warnings
        List that gets a line if the result is not the mean of all channels.
    low
        Numbers of channels for low-frequency effects, from 0.

    Raises
    ------
    AudioError
        If the type is not supported.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        warnings: list[str] | None = None,
        low: Collection[int] = (),
    ) -> None:
        self._offset = 128.0 if dtype == np.uint8 else 0.0
        self._warnings = [] if warnings is None else warnings
        self._low = low
        self._weights = np.zeros(0, np.float32)
        self._polarity = Polarity(np.zeros(0, bool))
        self._is_fresh = True
        self._is_silent = True  # so far
        if dtype.kind == "f":
            self._full_scale = 1.0
        elif dtype in (np.uint8, np.int16, np.int32):
            self._full_scale = 2.0 ** (8 * dtype.itemsize - 1)
        else:
            raise AudioError(
                f"samples of type {dtype}; float, int16, int32 and uint8 can be read"
            )

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Mix a block.

        Parameters
        ----------
        block
            Shape (n, channels).

        Returns
        -------
        NDArray[np.float32]
            The mean, shape (n,), in memory of its own.
        """
        channels = block.shape[1]
        if len(self._weights) != channels:
            self._begin(channels)
        if self._is_silent and block.any():
            self._is_silent = False
            self._check_samples(block)
        if block.dtype == np.float64:
            with np.errstate(over="ignore"):  # becomes infinite, and is refused later
                block = block.astype(np.float32)
        samples = block.astype(np.float32, copy=False)
        if self._offset:
            samples = samples - np.float32(self._offset)
        fresh, self._is_fresh = self._is_fresh, False
        before = self._polarity.signs
        turns = self._polarity.turns(samples) if channels > 1 else []
        if fresh and turns and not turns[0][0]:
            before = turns.pop(0)[1]
        # One matrix product takes a thirtieth of the time of block.mean(axis=1).
        mixed = _weighed(samples, self._weights * before)
        for start, signs in turns:
            fade = mixed[start : start + _FADE].copy()
            mixed[start:] = _weighed(samples[start:], self._weights * signs)
            ramp = np.linspace(0, 1, len(fade), dtype=np.float32)
            part = mixed[start : start + len(fade)]
            part[:] = ramp * part + (1 - ramp) * fade
        for signs in (before, *(signs for _, signs in turns)):
            inverted = [str(i + 1) for i, sign in enumerate(signs) if sign < 0]
            if inverted:
                names = " and ".join(inverted)
                self._warn(f"channels cancel each other out: {names} inverted")
        return mixed

    def _check_samples(self, block: NDArray[Any]) -> None:
        """Raise `AudioError` for the first sound if it is a bitstream, noise to us."""
        if block.shape[1] != 2 or self._offset:
            return
        first = int(np.argmax(block[:, 0] != 0))
        words = block = block[first : first + _SNIFFED]
        if block.dtype != np.int16:
            scaled = block * (32768 / self._full_scale)
            if not np.all(np.abs(scaled) <= 32768) or np.any(scaled != np.rint(scaled)):
                return
            words = scaled.astype("<i2")
        if are_bitstream(words.astype("<i2", copy=False).tobytes()):
            raise AudioError(
                "has AC-3 or DTS for a receiver instead of samples: decode it first"
            )

    def _begin(self, channels: int) -> None:
        """Prepare for this number of channels."""
        used = np.ones(channels, np.float32)
        low = [channel for channel in self._low if channel < channels]
        if len(low) < channels:
            used[low] = 0
        self._weights = used / np.float32(used.sum() * self._full_scale)
        self._polarity = Polarity(used > 0)
        self._is_fresh = True
        if low:
            self._warn("the channel for low-frequency effects is left out")

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)


def _weighed(
    samples: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weighted sum of the channels."""
    if len(weights) == 2 and weights[0] == weights[1]:
        # Stereo, mostly: half the time of the product, and the same sums, since the
        # weights are a power of two.
        with np.errstate(over="ignore", invalid="ignore"):  # refused later
            mixed = samples[:, 0] + samples[:, 1]
            mixed *= weights[0]
        return mixed
    return np.asarray(samples @ weights)


class ArrayDecoder:
    """Decodes samples in memory; see `Decoder`.

    Parameters
    ----------
    samples
        Shape (n,) or (n, channels).
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If samples cannot have this shape or type.
    """

    def __init__(self, samples: NDArray[Any], sample_rate: int) -> None:
        samples = np.asarray(samples)
        if samples.ndim == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or not samples.shape[1]:
            raise AudioError(f"samples of shape {samples.shape}, not (n, channels)")
        if samples.shape[1] > max(_MOST_CHANNELS, samples.shape[0]):
            raise AudioError(
                f"samples of shape {samples.shape}, not (n, channels): transpose them"
            )
        self._samples = samples
        Mixer(samples.dtype)  # refuses other types at once
        self.mixing = Mixer
        self.bits = {"u1": 8, "i2": 16}.get(samples.dtype.str[1:])
        self.sample_rate = sample_rate
        self.frames: int | None = len(samples)
        self.expected: int | None = len(samples)
        self.channels = samples.shape[1]
        self.warnings: list[str] = []

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        mixer = self.mixing(self._samples.dtype, self.warnings)
        yield from self.mixed(mixer, first)

    def mixed(self, mixer: Mixer, first: int) -> Iterator[NDArray[np.float32]]:
        """Yield mixed blocks from frame `first` on."""
        size = max(1, BLOCK * self.sample_rate // 44100)
        for start in range(first, len(self._samples), size):
            yield mixer(self._samples[start : start + size])

    def close(self) -> None:
        """See `Decoder`."""


class BlockDecoder:
    """Decodes samples that arrive in blocks; see `Decoder`.

    Parameters
    ----------
    blocks
        Arrays as for `ArrayDecoder`, equal in type and number of channels. The first
        one is taken at once.
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If samples cannot have the shape or type of the first block.
    """

    def __init__(self, blocks: Iterable[NDArray[Any]], sample_rate: int) -> None:
        self._blocks = iter(blocks)
        first = next(self._blocks, np.zeros(0, np.float32))
        decoder = ArrayDecoder(first, sample_rate)
        self._first: NDArray[Any] | None = first
        self.mixing = Mixer
        self.bits, self.channels = decoder.bits, decoder.channels
        self.sample_rate = sample_rate
        self.frames: int | None = None
        self.expected: int | None = None
        self.warnings: list[str] = []

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        assert not first
        block = self._first
        self._first = None
        mixers: dict[np.dtype[Any], Mixer] = {}
        while block is not None:
            decoder = ArrayDecoder(block, self.sample_rate)
            if decoder.channels != self.channels:
                raise AudioError("its number of channels changes")
            dtype = np.asarray(block).dtype
            if dtype not in mixers:
                mixers[dtype] = self.mixing(dtype, self.warnings)
            yield from decoder.mixed(mixers[dtype], 0)
            block = next(self._blocks, None)

    def close(self) -> None:
        """See `Decoder`."""
