"""Decodes with libsndfile, and recovers what is left of damaged files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.decoder import BLOCK, BLOCK_BYTES, Damage, Mixer
from adt_plugins.audio.endings import NO_END, lacks_end
from adt_plugins.audio.layout import low_channels
from adt_plugins.audio.quiet import quiet_mpg123
from adt_plugins.audio.sniff import MP3, UNKNOWN, Kind
from adt_plugins.audio.unfinished import (
    MORE_THAN_STATED,
    finished_header,
    missing_share,
)
from adt_plugins.base.held_signals import HeldSignals
from adt_plugins.errors import AudioError, MissingDependencyError

try:
    import soundfile
except (ImportError, OSError) as error:
    raise MissingDependencyError(
        f"libsndfile cannot be loaded ({error}): pip install --upgrade soundfile"
    ) from error

# libsndfile's number of frames for a stream whose header does not state it.
_UNKNOWN_FRAMES = 2**62

# An MP3 without a Xing, Info or VBRI tag does not state its length. libsndfile
# estimates it from the first frame and the size of the file, and stops there, which
# would lose half of a file with a variable bit rate. So the file is made to look
# larger, by the widest error of the estimate, 320 to 8 kbit/s: then its real end is the
# end.
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_STRETCH = 40

# In the last page of an Ogg Vorbis file, libsndfile's positions are late by what the
# file leaves out at its end. A page has up to 255 packets, each of up to 2048 samples.
_LAST_PAGE = 255 * 2048

# Whenever libmpg123 fails, it has moved on by 1024 bytes.
_MP3_RETRIES = 1024

_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}

# Bytes that may follow the last frame of an MP3.
_LARGEST_TAG = 1 << 16

# Shorter losses are not reported.
_TOLERANCE_SECONDS = 0.1


class NotRecognised(Exception):  # noqa: N818
    """libsndfile does not recognise the file."""


class SndFileDecoder:
    """Decodes a file with libsndfile; see `Decoder`.

    Parameters
    ----------
    file
        Binary file, seekable; stays open.
    path
        Its path, if it has one, so that libsndfile reads it by itself.
    kind, head
        Result of `sniff` for this file.

    Raises
    ------
    NotRecognised
        If libsndfile cannot read it.
    """

    def __init__(
        self, file: BinaryIO, path: str | None, kind: Kind, head: bytes
    ) -> None:
        # libsndfile tries libmpg123 on anything unknown, too.
        self._mpeg = kind in (MP3, UNKNOWN)
        self._source = file
        finished = finished_header(file)
        self._stream = None
        if finished is not None:
            self._stream = _Stream(file, header=finished[:2])
        elif path is None:
            self._stream = _Stream(file)
        self._file = self._open(self._stream or path)
        self._mpeg = self._file.format == "MP3"
        self.expected = _frames_or_none(self._file.frames)
        guessed = self._mpeg and not any(tag in head for tag in _MP3_LENGTH_TAGS)
        if guessed:
            self.close()
            self._stream = _Stream(file, _STRETCH)
            self._file = self._open(self._stream)
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames = None if guessed else self.expected
        self._missing = 0.0 if guessed else missing_share(file)
        self._lacks_end = lacks_end(file)
        is_more = finished is not None and finished.is_more
        self.warnings: list[str] = [MORE_THAN_STATED] if is_more else []
        self._low = low_channels(file, head, self.channels)
        # 16-bit files are read as they are, in less than half the time of float32.
        # Compressed ones gain nothing.
        plain = self._file.subtype == "PCM_16" and self._file.format != "FLAC"
        dtype = np.dtype(np.int16 if plain else np.float32)
        self.mixing = Mixer
        self.bits = _BITS.get(self._file.subtype)
        most = BLOCK_BYTES // (self.channels * dtype.itemsize)
        size = max(1, min(BLOCK * self.sample_rate // 44100, most))
        self._buffer: NDArray[Any] = np.empty((size, self.channels), dtype)

    def _open(self, source: str | _Stream | None) -> _File:
        try:
            with self._calling():
                if isinstance(source, str) and os.name != "nt":
                    # Names that are not UTF-8: soundfile encodes them strictly.
                    return _File(os.fsencode(source))
                return _File(source)
        except (soundfile.SoundFileError, TypeError) as error:
            self._raise_stream_error()
            # TypeError: the name ends in .raw, a format without a header.
            raise NotRecognised(str(error)) from error

    def _raise_stream_error(self) -> None:
        if self._stream is not None and self._stream.error is not None:
            raise self._stream.error

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Surround a call of libsndfile: no output of its own, no lost signal."""
        with ExitStack() as stack:
            if self._stream is not None:
                stack.enter_context(HeldSignals())
            if self._mpeg:
                stack.enter_context(quiet_mpg123())
            yield

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        # After a seek the first frames of MP3 differ from those of a continuous run;
        # from a second before, they do not.
        position = first - self.sample_rate
        if self._file.subtype == "VORBIS" and self.expected is not None:
            position = min(position, self.expected - _LAST_PAGE)
        position = max(0, position)
        # In Opus that does not begin at 0, it drops the encoder's silence before the
        # sound only after a seek.
        seeks = position > 0 or self._file.subtype == "OPUS"
        mixer = self.mixing(self._buffer.dtype, self.warnings, self._low)
        try:
            with self._calling():
                if seeks:
                    self._file.seek(position)
        except soundfile.SoundFileError:
            self._raise_stream_error()
            position = 0  # no seeking in this codec, such as GSM: read from the start
        failures = 0
        damage: int | None = None
        while True:
            block, failed = self._read()
            skip = min(len(block), max(0, first - position))
            position += len(block)
            if skip < len(block):
                yield mixer(block[skip:])
            if failed:
                failures += 1
                damage = position if damage is None else damage
            # libmpg123 finds its way back after the damage.
            go_on = failed and self._mpeg and failures <= _MP3_RETRIES
            if not len(block) and not go_on:
                break
        if self._mpeg and self._is_before_end(position):
            position = max(first, position)
            for mixed in self._by_pyav(position):
                position += len(mixed)
                yield mixed
        self._judge(position, damage)

    def _is_before_end(self, position: int) -> bool:
        """Return whether more should follow a position at which an MP3 stopped."""
        if self.frames is None:
            return self._stream is not None and self._stream.has_more()
        return self.frames - position > _TOLERANCE_SECONDS * self.sample_rate

    def _by_pyav(self, first: int) -> Iterator[NDArray[np.float32]]:
        """Decode on where libmpg123 took damage for the end, if PyAV is there."""
        from adt_plugins.audio.pyav import PyAvDecoder

        with suppress(MissingDependencyError, AudioError):
            decoder = PyAvDecoder(self._source, MP3)
            decoder.mixing = self.mixing
            with closing(decoder):
                yield from decoder.blocks(first)

    def _read(self) -> tuple[NDArray[Any], bool]:
        """Read a block, or its part before damage, and return whether there was any."""
        buffer = self._buffer
        if self._mpeg:
            buffer.fill(np.nan)
        try:
            # In MP3 it is not needed, and would go back before damage.
            before = None if self._mpeg else self._file.tell()
        except soundfile.SoundFileError:
            before = None  # libsndfile cannot seek in this codec
        try:
            with self._calling():
                block: NDArray[Any] = self._file.read(len(buffer), out=buffer)
        except soundfile.SoundFileError:
            if self._mpeg:
                # libsndfile has decoded up to the damage, but does not tell how far.
                return buffer[: int(np.argmax(np.isnan(buffer[:, 0])))], True
            count = 0 if before is None else self._file.tell() - before
            return buffer[:count], True
        finally:
            self._raise_stream_error()
        return block, False

    def _judge(self, position: int, damage: int | None) -> None:
        """Warn if less was read than the header states."""
        text = "cut short or damaged"
        if damage is not None:
            text = f"damaged at {damage / self.sample_rate:.1f} s"
        read = f"only {position / self.sample_rate:.1f} s"
        if self.frames is not None:
            promised = round(self.frames / (1 - self._missing))
            missing = (promised - position) / self.sample_rate
            # After all samples there is no damage, only a tag.
            if missing < (_TOLERANCE_SECONDS if damage is None else 1e-9):
                if self._lacks_end:
                    self.warnings.append(Damage(f"{NO_END}; {read[5:]} could be read"))
                return
            read += f" of {promised / self.sample_rate:.1f} s"
        elif damage is None:
            return
        self.warnings.append(Damage(f"{text}: {read} could be read"))

    def close(self) -> None:
        """See `Decoder`."""
        with self._calling():
            self._file.close()


def _frames_or_none(frames: int) -> int | None:
    return frames if frames < _UNKNOWN_FRAMES else None


class _File(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read sequentially.

    soundfile seeks after every read of a seekable file. That fails in FLAC files that
    were cut or do not state their length, and loses their last block.
    """

    def seekable(self) -> bool:
        return False


class _Stream:
    """A file object for libsndfile.

    An exception in a callback would be printed, and taken for the end of the file; it
    is kept in `error` instead. `stretch` makes the file look longer than it is;
    `header` replaces the bytes before a position in the file.
    """

    def __init__(
        self,
        file: BinaryIO,
        stretch: int = 1,
        header: tuple[bytes, int] = (b"", 0),
    ) -> None:
        self.error: BaseException | None = None
        self._file = file
        self._header, start = header
        self._moved = start - len(self._header)
        self._size = file.seek(0, os.SEEK_END) - self._moved
        self._claimed = self._size * stretch
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence, self._claimed)
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def has_more(self) -> bool:
        """Return whether much of the file itself has not been read."""
        return self._position < self._size - _LARGEST_TAG

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._read(len(buffer))
            buffer[: len(data)] = data
        except BaseException as error:  # KeyboardInterrupt as well
            self.error = error
            return 0
        self._position += len(data)
        return len(data)

    def _read(self, count: int) -> bytes:
        if self._position > self._size:
            # libmpg123 looks for a tag at the supposed end.
            return bytes(min(count, max(0, self._claimed - self._position)))
        data = self._header[self._position : self._position + count]
        if len(data) < count:
            self._file.seek(self._position + len(data) + self._moved)
            data += self._file.read(count - len(data))
        return data
