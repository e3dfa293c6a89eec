"""Reads WAV from a pipe: once, from the front, to wherever it ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.containers import ALL_ARE_READ
from adt_plugins.audio.decoder import BLOCK, BLOCK_BYTES, Damage, Mixer
from adt_plugins.audio.layout import low_channels_of_format
from adt_plugins.audio.resample import resampled
from adt_plugins.audio.sniff import mp3_frame_bytes
from adt_plugins.errors import AudioError

_FORMS = (b"RIFF", b"RF64")
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
_MOST_CHUNKS = 1000
_OTHERS = (b"Ogg", b"fLa", b"ID3", b"FOR")  # where a chunk should begin
_FIRST_IS_READ = "only the first of several streams in a pipe is read"
_MORE_FOLLOWS = "more follows than its header states: it is left out"
_LEAST_MORE = 1 << 14  # bytes
_HEADER_BYTES = 1 << 20  # most bytes of chunks before the samples


def is_wave(head: bytes) -> bool:
    """Return whether a file that begins with these 12 bytes is supported here."""
    return head[:4] in _FORMS and head[8:12] == b"WAVE"


class NeedsFileError(AudioError):
    """WAV of a codec that is not decoded here; `content` has been read of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__("WAV of this kind cannot be one of several in a pipe")
        self.content = content


class WavePipe:
    """Decodes WAV from a pipe; see `decoder.Decoder`.

    Parameters
    ----------
    file
        Binary file whose first 12 bytes have been read; stays open.

    Attributes
    ----------
    waits : bool
        Whether blocks are those of a file, rather than what has arrived.

    Raises
    ------
    NeedsFileError
        If its codec is not supported; what was read is an attribute.
    AudioError
        If its header is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._header = b""
        self.frames: int | None = None
        self.expected: int | None = None
        self.warnings: list[str] = []
        self.mixing = Mixer
        self.waits = False
        self._size: int | None = None
        self._read_header()

    def _read_header(self) -> None:
        form: bytes | None = None
        skipped = 0
        while True:
            start = self._exactly(8)
            self._header += start
            name, size = struct.unpack("<4sI", start)
            if name == b"data":
                break
            size += size % 2
            skipped += size
            if skipped > _HEADER_BYTES:
                raise AudioError("damaged: no samples where they should begin")
            content = self._exactly(size)
            self._header += content
            form = content if name == b"fmt " else form
        if form is None or len(form) < 16:
            raise AudioError("damaged: it does not say how its samples are stored")
        code, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", form[:16])
        if code == _EXTENSIBLE and len(form) >= 26:
            code = struct.unpack("<H", form[24:26])[0]
        if (code, bits) not in _TYPES or not channels or frame != channels * bits // 8:
            raise NeedsFileError(self._header)
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
        part: WavePipe | None = self
        skip = first
        while part is not None:
            part.mixing, part.waits = self.mixing, self.waits
            for block in resampled(part._own(), part.sample_rate, self.sample_rate):
                if skip < len(block):
                    yield block[skip:]
                skip = max(0, skip - len(block))
            self.warnings += [x for x in part.warnings if x not in self.warnings]
            part = part._following()

    def _own(self) -> Iterator[NDArray[np.float32]]:
        """Decode this file, of several in a pipe."""
        mixer = self.mixing(self._dtype, self.warnings, self._low)
        position = 0
        for data in self._data():
            samples = self._samples(data)
            position += len(samples)
            yield mixer(samples)
        if self.frames is not None and position < self.frames:
            seconds = position / self.sample_rate
            of = self.frames / self.sample_rate
            read = f"only {seconds:.1f} s of {of:.1f} s"
            self.warnings.append(Damage(f"cut short: {read} came"))

    def _following(self) -> WavePipe | None:
        """Return the next WAV file in the pipe, if there is one."""
        left = (self._size or 0) % 2
        with suppress(AudioError):
            for _ in range(_MOST_CHUNKS if self._size else 0):
                while left:
                    left -= len(self._exactly(min(left, BLOCK)))
                head = self._exactly(8)
                name, left = struct.unpack("<4sI", head)
                if name in _FORMS and self._exactly(4) == b"WAVE":
                    following = WavePipe(self._file)
                    following.warnings.append(ALL_ARE_READ)
                    return following
                if name[:3] in _OTHERS or mp3_frame_bytes(head):
                    self.warnings.append(_FIRST_IS_READ)
                    break
                if not (name.isascii() and name.decode().isprintable()):
                    if any(self._exactly(_LEAST_MORE)):
                        self.warnings.append(_MORE_FOLLOWS)
                    break
                left += left % 2
        return None

    def _data(self) -> Iterator[bytes]:
        """Yield complete frames, as many as have arrived or as a block has."""
        left = self._size
        frames = max(1, BLOCK * self.sample_rate // 44100)
        most = max(1, min(frames, BLOCK_BYTES // self._frame)) * self._frame
        pending = b""
        while left is None or left > 0:
            data = self._some(most if left is None else min(most, left))
            if not data:
                return
            left = None if left is None else left - len(data)
            pending += data
            whole = len(pending) // self._frame * self._frame
            if whole:
                yield pending[:whole]
            pending = pending[whole:]

    def _some(self, most: int) -> bytes:
        """Return what has arrived or, if that is to be waited for, all."""
        data = _arrived(self._file, most)
        more = data
        while self.waits and more and len(data) < most:
            more = _arrived(self._file, most - len(data))
            data += more
        return data

    def _samples(self, data: bytes) -> NDArray[Any]:
        if self._wide:
            parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
            wide = np.zeros((len(parts), 4), np.uint8)
            wide[:, 1:] = parts
            return np.reshape(wide.view("<i4"), (-1, self.channels))
        return np.reshape(np.frombuffer(data, self._dtype), (-1, self.channels))

    def close(self) -> None:
        """See `decoder.Decoder`."""


def _arrived(file: BinaryIO, most: int) -> bytes:
    """Return what has arrived, without waiting for more."""
    read = getattr(file, "read1", file.read)
    data: bytes = read(most)
    return data
