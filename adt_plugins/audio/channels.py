"""Reads a recording at its own sample rate, with all of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.decoder import Mixer
from adt_plugins.audio.opening import AudioSource
from adt_plugins.audio.reader import AudioReader
from adt_plugins.errors import AudioError


class ChannelReader(AudioReader):
    """A recording that is read as it is stored; otherwise like `AudioReader`.

    Yields arrays of shape (n, channels) at `info.sample_rate`.

    Attributes
    ----------
    channels : int
        Channels of the blocks: the decoder may return more than the file's header
        states (AAC with parametric stereo).
    bits : int or None
        Bits of a sample; None for floats and lossy compression.
    """

    def __init__(self, source: AudioSource) -> None:
        super().__init__(source)
        assert self._decoder is not None
        self._decoder.mixing = Splitter
        self.bits = self._decoder.bits
        try:
            self._next: NDArray[np.float32] | None = next(self._blocks, None)
        except BaseException:
            self.close()
            raise
        self.channels = 0 if self._next is None else self._next.shape[1]

    @property
    def duration(self) -> float:
        """Seconds that have been read so far."""
        return self._returned / self.info.sample_rate

    def __enter__(self) -> ChannelReader:
        return self

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        if self._next is not None:
            yield self._next
            self._next = None
        for block in self._blocks:
            if block.shape[1] != self.channels:
                raise AudioError(f"{self.label}: its number of channels changes")
            yield block

    def _resampled(self) -> Iterator[NDArray[np.float32]]:
        return self._checked(0)


class Splitter(Mixer):
    """Keeps all channels, as float32 with full scale at 1."""

    def __call__(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Scale a block of shape (n, channels) into memory of its own."""
        with np.errstate(over="ignore"):  # becomes infinite, and is refused later
            samples = block.astype(np.float32)
        samples -= np.float32(self._offset)
        samples /= np.float32(self._full_scale)
        return samples
