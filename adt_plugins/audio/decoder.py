"""What the reader asks of a decoder, and the simplest one: an array."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adt_plugins.errors import AudioError

# Samples of a block at 44.1 kHz, 1.5 s. Larger blocks do not decode faster.
BLOCK = 65536

# And no more bytes than this, however many channels and samples a second a header
# claims: of 1024 channels at 1 MHz, 1.5 s would be 6 GB.
BLOCK_BYTES = 16 << 20

# The power of the sum of all channels, as a part of the sum of their powers: 1 if they
# have nothing in common, 2 for two that are the same, 0 for one and its inverse.
_CANCELS, _AGREES = 0.6, 0.8
_EVERY = 4  # samples of which one is looked at for that
_ENOUGH = 8192  # samples to judge by: a few agree by chance
_FADE = 441  # samples at a change

_MOST_CHANNELS = 64  # more than these, and than samples: a matrix is transposed


class Decoder(Protocol):
    """A recording as it is stored.

    Attributes
    ----------
    sample_rate
        In Hz.
    channels
        At least 1.
    frames
        How many samples each channel has; None if the file does not say.
    expected
        The same for a progress bar, perhaps by a guess.
    warnings
        Problems of the recording that did not stop the work; complete when
        the last block has been read.
    bits
        Bits of a sample; None if they are floats, or compressed with a loss.
    mixing
        What becomes of the channels: their mean, unless this is changed before
        the first block is read.
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
        """Let go of the file."""


class Mixer:
    """Mean of the channels, as float32 with full scale at 1.

    Left out of it is the channel for low-frequency effects: it holds what cinemas add,
    or the bass of all others once more. Where channels cancel each other out, as after
    a cable with one side inverted, some are inverted back.

    Parameters
    ----------
    dtype
        Dtype of the blocks: a float, or an integer of 8 (unsigned, as in WAV), 16 or
        32 bits.
    warnings
        Gets a line if the result is not the mean of all channels.
    low
        Numbers of channels for low-frequency effects, from 0.

    Raises
    ------
    AudioError
        If it is another type.
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
        self._signs = np.zeros(0, np.float32)
        self._products = np.zeros((0, 0))
        self._heard = 0
        if dtype.kind == "f":
            self._full_scale = 1.0
        elif dtype in (np.uint8, np.int16, np.int32):
            self._full_scale = 2.0 ** (8 * dtype.itemsize - 1)
        else:
            raise AudioError(
                f"samples of type {dtype}; float, int16, int32 and uint8 can be read"
            )

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Mix.

        Parameters
        ----------
        block
            Shape (n, channels).

        Returns
        -------
        NDArray[np.float32]
            Shape (n,), its own memory.
        """
        channels = block.shape[1]
        if len(self._weights) != channels:
            self._begin(channels)
        if block.dtype == np.float64:
            with np.errstate(over="ignore"):  # infinite then, and refused as that
                block = block.astype(np.float32)
        samples = block.astype(np.float32, copy=False)
        if self._offset:
            samples = samples - np.float32(self._offset)
        begins = not self._heard
        before = self._signs
        if channels > 1:
            self._listen(samples)
        # One matrix product: 0.8 ns a stereo sample; block.mean(axis=1) takes 23.
        mixed = np.asarray(samples @ (self._weights * self._signs))
        if before is not self._signs and not begins:
            fade = samples[:_FADE] @ (self._weights * before)
            ramp = np.linspace(0, 1, len(fade), dtype=np.float32)
            mixed[:_FADE] = ramp * mixed[:_FADE] + (1 - ramp) * fade
        return mixed

    def _begin(self, channels: int) -> None:
        """Get ready for so many channels."""
        heard = np.ones(channels, np.float32)
        low = [channel for channel in self._low if channel < channels]
        if len(low) < channels:
            heard[low] = 0
        self._weights = heard / np.float32(heard.sum() * self._full_scale)
        self._signs = np.ones(channels, np.float32)
        self._products = np.zeros((channels, channels))
        self._heard = 0
        if low:
            self._say("the channel for low-frequency effects is left out")

    def _listen(self, samples: NDArray[np.float32]) -> None:
        """Choose the signs by how the channels have agreed so far."""
        with np.errstate(over="ignore", invalid="ignore"):
            # A row for each channel: its products take a fifth of a column's time.
            some = samples[::_EVERY].T.copy()
            some[self._weights == 0] = 0
            self._products += some @ some.T
            self._heard += len(samples)
            power = float(np.trace(self._products))
            agreement = float(self._products.sum()) / power if power > 0 else 1.0
        inverted = bool(np.any(self._signs < 0))
        if agreement < _CANCELS and not inverted and self._heard >= _ENOUGH:
            axis = np.linalg.eigh(self._products)[1][:, -1]
            signs = np.where(axis < 0, -1, 1).astype(np.float32)
            # The first channel with sound stays as it is.
            self._signs = signs * signs[int(np.argmax(self._weights > 0))]
            names = [str(i + 1) for i, sign in enumerate(self._signs) if sign < 0]
            self._say(f"channels cancel each other out: {' and '.join(names)} inverted")
        elif agreement > _AGREES and inverted:
            self._signs = np.ones_like(self._signs)

    def _say(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)


class ArrayDecoder:
    """Samples that are in memory; see `Decoder`.

    Parameters
    ----------
    samples
        Shape (n,) or (n, channels).
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If shape or type is not that of samples.
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
        """Mix from frame `first` on."""
        size = max(1, BLOCK * self.sample_rate // 44100)
        for start in range(first, len(self._samples), size):
            yield mixer(self._samples[start : start + size])

    def close(self) -> None:
        """See `Decoder`."""


class BlockDecoder:
    """Samples that come in blocks; see `Decoder`.

    Parameters
    ----------
    blocks
        Arrays as for `ArrayDecoder`, all of one shape and type but for their
        length. The first one is taken at once.
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If shape or type of the first is not that of samples.
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
