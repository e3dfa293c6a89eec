"""Finds where a container ends by its own header, and what follows it in a file."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from adt_plugins.audio.sniff import HEAD_BYTES, is_sound
from adt_plugins.audio.unfinished import matroska_segment

_MOST_CHUNKS = 10_000
_MOST_PARTS = 1000
_LONG_FORMS = (b"RF64", b"BW64")
_W64 = b"riff\x2e\x91\xcf\x11"
_W64_HEADER = 24
_W64_UNIT = 8
_MP4_HEADER = 8
_WAVPACK_FORM = "<4sI8xI4xI"  # name, size, number of the first sample, flags
_WAVPACK_FIRST = 0x800  # the first block of these samples
_MOST_BLOCKS = 1_000_000
_FLV_TAGS = (8, 9, 18)  # sound, picture, script


def container_starts(file: BinaryIO) -> Iterator[int]:
    """Iterate over the positions of containers after the first one.

    Players read the first alone: its header states where it ends. What follows the last
    one may be sound of another kind, and is not a container then.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes. WAV, RF64, W64, AIFF, AU, CAF,
        MP4, WavPack, FLV and Matroska are supported.
    """
    size = file.seek(0, os.SEEK_END)
    position = 0
    for _ in range(_MOST_PARTS):
        file.seek(position)
        find_end = _reader_of(file.read(16))
        if find_end is None:
            return
        following = find_end(file, position, size)
        if not position < following < size:
            return
        position = following
        file.seek(position)
        head = file.read(HEAD_BYTES)
        if _reader_of(head) is None and not is_sound(head):
            return
        yield position


def _reader_of(head: bytes) -> Callable[[BinaryIO, int, int], int] | None:
    """Return the function that finds the end of a container with this beginning."""
    for place, magic, find_end in _READERS:
        if head[place : place + len(magic)] == magic:
            return find_end
    return None


def _end_of_wave(file: BinaryIO, start: int, size: int) -> int:
    claimed = _number(file, start + 4, "<I")
    if _bytes(file, start, 4) in _LONG_FORMS and _bytes(file, start + 12, 4) == b"ds64":
        claimed = _number(file, start + 20, "<Q")
    return start + 8 + claimed + claimed % 2


def _end_of_aiff(file: BinaryIO, start: int, size: int) -> int:
    claimed = _number(file, start + 4, ">I")
    return start + 8 + claimed + claimed % 2


def _end_of_w64(file: BinaryIO, start: int, size: int) -> int:
    # Some programs count the file's header of 24 bytes, as they should, and some do
    # not; some align the end, and some do not.
    claimed = start + _number(file, start + 16, "<Q")
    for end in (claimed, claimed + _W64_HEADER):
        for position in (end, end + (start - end) % _W64_UNIT):
            if position < size and _bytes(file, position, len(_W64)) == _W64:
                return position
    return size


def _end_of_au(file: BinaryIO, start: int, size: int) -> int:
    return start + _number(file, start + 4, ">I") + _number(file, start + 8, ">I")


def _end_of_caf(file: BinaryIO, start: int, size: int) -> int:
    position = start + 8
    for _ in range(_MOST_CHUNKS):
        header = _bytes(file, position, 12)
        if len(header) < 12 or header[:4] == b"caff":
            return position
        length = struct.unpack(">q", header[4:])[0]
        if length < 0:  # to the end of the file
            return size
        position += 12 + length
    return size


def _end_of_mp4(file: BinaryIO, start: int, size: int) -> int:
    position = start
    for _ in range(_MOST_CHUNKS):
        length, name = _mp4_box(file, position)
        if name == b"ftyp" and position > start:
            return position
        if position > start and name and not name.isalnum():
            return position  # no box any more
        if length < _MP4_HEADER:
            return size
        position += length
    return size


def lacks_index(file: BinaryIO) -> bool:
    """Return whether an MP4 file lacks its index, most often behind the sound."""
    position, size = 0, file.seek(0, os.SEEK_END)
    for _ in range(_MOST_CHUNKS):
        length, name = _mp4_box(file, position)
        if name == b"moov":
            return False
        if length < _MP4_HEADER:
            break
        position += length
    return position >= size


def _mp4_box(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """Return length and name of a box; length 0: to the end of the file."""
    header = _bytes(file, position, 16)
    if len(header) < _MP4_HEADER:
        return 0, b""
    length, name = struct.unpack(">I4s", header[:_MP4_HEADER])
    if length == 1 and len(header) == 16:
        length = struct.unpack(">Q", header[8:])[0]
    return length, name


def _end_of_wavpack(file: BinaryIO, start: int, size: int) -> int:
    position = start
    for _ in range(_MOST_BLOCKS):
        header = _bytes(file, position, struct.calcsize(_WAVPACK_FORM))
        if len(header) < struct.calcsize(_WAVPACK_FORM):
            return size
        name, length, sample, flags = struct.unpack(_WAVPACK_FORM, header)
        if name == b"APET":
            position += 32 + _number(file, position + 12, "<I")
            continue
        if name != b"wvpk":
            return position
        if position > start and not sample and flags & _WAVPACK_FIRST:
            return position
        position += 8 + length
    return size


def _end_of_flv(file: BinaryIO, start: int, size: int) -> int:
    # Tags, each followed by its size.
    position = start + _number(file, start + 5, ">I") + 4
    for _ in range(_MOST_BLOCKS):
        tag = _bytes(file, position, 4)
        if len(tag) < 4 or tag[0] not in _FLV_TAGS:
            return position
        position += 11 + int.from_bytes(tag[1:], "big") + 4
    return size


def _end_of_matroska(file: BinaryIO, start: int, size: int) -> int:
    claimed, position = matroska_segment(_bytes(file, start, 64))
    return start + position + claimed if claimed else size


def _bytes(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _number(file: BinaryIO, position: int, form: str) -> int:
    """Return an integer in the file, 0 behind its end."""
    data = _bytes(file, position, struct.calcsize(form))
    return int(struct.unpack(form, data)[0]) if data[struct.calcsize(form) - 1 :] else 0


_READERS = (
    (8, b"WAVE", _end_of_wave),
    (8, b"AIF", _end_of_aiff),
    (0, _W64, _end_of_w64),
    (0, b".snd", _end_of_au),
    (0, b"caff", _end_of_caf),
    (0, b"wvpk", _end_of_wavpack),
    (0, b"FLV\x01", _end_of_flv),
    (0, b"\x1a\x45\xdf\xa3", _end_of_matroska),
    (4, b"ftyp", _end_of_mp4),
)
