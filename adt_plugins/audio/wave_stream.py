"""Reads WAV from a pipe: once, from the front, to wherever it ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.decoder import BLOCK, BLOCK_BYTES, Mixer
from adt_plugins.audio.layout import low_channels_of_format
from adt_plugins.errors import AudioError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_TYPES: dict[tuple[int, int], np.dtype[Any]] = {
    (_PCM, 8): np.dtype("u1"),
    (_PCM, 16): np.dtype("<i2"),
    (_PCM, 24): np.dtype("<i4"),  # after they are widened
    (_PCM, 32): np.dtype("<i4"),
    (_FLOAT, 32): np.dtype("<f4"),
    (_FLOAT, 64): np.dtype("<f8"),
}

# A program that writes into a pipe does not know the size in advance: FFmpeg states
# 2^32 - 1 bytes, SoX and arecord 2^31 or a little less, others 0.
_ENDLESS = 0x7FFF0000
_HEADER_BYTES = 1 << 20  # most bytes of chunks before the samples


def is_wave(head: bytes) -> bool:
    """Return whether a file that begins with these 12 bytes is supported here."""
    return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"


class WavePipe:
    """Decodes WAV from a pipe; see `decoder.Decoder`.

    Parameters
    ----------
    file
        Binary file whose first 12 bytes have been read; stays open.

    Raises
    ------
    AudioError
        If this kind of WAV is not supported.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.frames: int | None = None
        self.expected: int | None = None
        self.warnings: list[str] = []
        self.mixing = Mixer
        self._size: int | None = None
        self._read_header()

    def _read_header(self) -> None:
        form: bytes | None = None
        skipped = 0
        while True:
            name, size = struct.unpack("<4sI", self._exactly(8))
            if name == b"data":
                break
            size += size % 2
            skipped += size
            if skipped > _HEADER_BYTES:
                raise AudioError("damaged: no samples where they should begin")
            content = self._exactly(size)
            form = content if name == b"fmt " else form
        if form is None or len(form) < 16:
            raise AudioError("damaged: it does not say how its samples are stored")
        code, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", form[:16])
        if code == _EXTENSIBLE and len(form) >= 26:
            code = struct.unpack("<H", form[24:26])[0]
        if (code, bits) not in _TYPES or not channels or frame != channels * bits // 8:
            raise AudioError(
                f"WAV of {channels} channels, {bits} bits and code {code} cannot be"
                " read from a pipe"
            )
        self._low = low_channels_of_format(form, channels)
        self._dtype, self._frame = _TYPES[code, bits], frame
        self._wide = bits == 24
        self.channels, self.sample_rate = channels, rate
        self.bits = bits if code == _PCM and bits < 32 else None
        if 0 < size < _ENDLESS:
            self._size = size
            self.frames = self.expected = size // frame

    def _exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        while len(data) < count:  # an unbuffered pipe returns what is there
            more = self._file.read(count - len(data))
            if not more:
                raise AudioError("ends in its header")
            data += more
        return data

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `decoder.Decoder`."""
        mixer = self.mixing(self._dtype, self.warnings, self._low)
        position = 0
        for data in self._data():
            samples = self._samples(data)
            skip = min(len(samples), max(0, first - position))
            position += len(samples)
            if skip < len(samples):
                yield mixer(samples[skip:])
        if self.frames is not None and position < self.frames:
            seconds = position / self.sample_rate
            of = self.frames / self.sample_rate
            self.warnings.append(f"cut short: only {seconds:.1f} s of {of:.1f} s came")

    def _data(self) -> Iterator[bytes]:
        """Yield complete frames, as many as have arrived."""
        left = self._size
        most = max(self._frame, min(BLOCK * self._frame, BLOCK_BYTES))
        pending = b""
        while left is None or left > 0:
            data = _some(self._file, most if left is None else min(most, left))
            if not data:
                return
            left = None if left is None else left - len(data)
            pending += data
            whole = len(pending) // self._frame * self._frame
            if whole:
                yield pending[:whole]
            pending = pending[whole:]

    def _samples(self, data: bytes) -> NDArray[Any]:
        if self._wide:
            parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
            wide = np.zeros((len(parts), 4), np.uint8)
            wide[:, 1:] = parts
            return np.reshape(wide.view("<i4"), (-1, self.channels))
        return np.reshape(np.frombuffer(data, self._dtype), (-1, self.channels))

    def close(self) -> None:
        """See `decoder.Decoder`."""


def _some(file: BinaryIO, most: int) -> bytes:
    """Return what has arrived, without waiting for more."""
    read = getattr(file, "read1", file.read)
    data: bytes = read(most)
    return data
