"""Decodes recordings joined end to end, perhaps of different kinds and sample rates.

A chain of Ogg streams is valid (RFC 3533), and players play all of them. libsndfile
stops after the first, FFmpeg at the first whose rate or channels differ. So each
recording is decoded separately.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.containers import ALL_ARE_READ
from adt_plugins.audio.decoder import Damage, Decoder, Mixer
from adt_plugins.audio.part import part_of
from adt_plugins.audio.resample import resampled
from adt_plugins.errors import AudioError

Open = Callable[[BinaryIO], Decoder]


class ChainDecoder:
    """The streams of a file, one after the other; see `Decoder`.

    Sample rate and number of channels are those of the first stream.

    Parameters
    ----------
    file
        Binary file, seekable; stays open.
    starts
        Positions in bytes at which the streams begin.
    open_stream
        Opens a stream as a file of its own.
    """

    def __init__(self, file: BinaryIO, starts: list[int], open_stream: Open) -> None:
        self._file, self._open_stream = file, open_stream
        size = file.seek(0, os.SEEK_END)
        self._parts = list(zip(starts, [*starts[1:], size], strict=True))
        self._decoder = first = self._opened(0)
        self.sample_rate, self.channels = first.sample_rate, first.channels
        self.frames: int | None = None
        self.expected: int | None = None
        if first.expected:
            self.expected = first.expected * size // max(1, self._parts[0][1])
        self.bits = first.bits
        self.mixing: type[Mixer] = Mixer
        self.warnings: list[str] = [ALL_ARE_READ]

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        skip = first
        for number in range(len(self._parts)):
            if number:
                self.close()
                try:
                    self._decoder = self._opened(number)
                except AudioError as error:
                    self.warnings.append(Damage(f"stream {number + 1}: {error}"))
                    continue
            self._decoder.mixing = self.mixing
            for block in self._at_rate():
                if skip < len(block):
                    yield block[skip:]
                skip = max(0, skip - len(block))
            self.warnings += [
                text for text in self._decoder.warnings if text not in self.warnings
            ]

    def _at_rate(self) -> Iterator[NDArray[np.float32]]:
        """Iterate over the blocks of the open stream, at the rate of the first."""
        blocks = self._decoder.blocks(0)
        return resampled(blocks, self._decoder.sample_rate, self.sample_rate)

    def _opened(self, number: int) -> Decoder:
        return self._open_stream(part_of(self._file, *self._parts[number]))

    def close(self) -> None:
        """See `Decoder`."""
        self._decoder.close()
