"""Detects several streams joined end to end in one file.

Decoders silently stop after the first one, or read on in some formats.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO

from adt_plugins.audio.containers import container_starts
from adt_plugins.audio.sniff import HEAD_BYTES, is_sound, mp3_frame_bytes

ALL_ARE_READ = "several streams, one after the other: all are read"

_PIECE = 1 << 20
_TAG_BYTES = 128  # ID3v1
_TAGS = 1 << 17  # most bytes of tags behind a FLAC stream
_OGG_HEADER, _OGG_PAGE = 27, 65307
_FLAC_START = b"fLaC\x00\x00\x00\x22"
# Bytes that occur in no sound by chance, and how far behind the beginning of a file.
_BEGINNINGS = (
    (b"OggS\0\2\0\0\0\0\0\0\0\0", 0),
    (b"WAVEfmt ", 8),
    (_FLAC_START, 0),
    (b"ftyp", 4),
)
# The same for MP3, whose tags lie behind a frame's header and side information.
_MP3_BEGINNINGS = (
    (b"ID3", 0),
    *((tag + b"\0\0\0", at) for tag in (b"Info", b"Xing") for at in (36, 21, 13)),
)
_MOST_PLACES = 100
# Formats whose beginning does not occur in their sound by chance, and its length.
_TELLING = {
    b"TTA1": 10,
    b"MAC ": 12,
    b"\x30\x26\xb2\x75": 16,  # WMA
}


def starts_of(file: BinaryIO, head: bytes, start: int) -> list[int]:
    """Return the positions of the streams in a file, which may differ in their kind.

    The last one may itself be a file of several. For MP3s that follow each other see
    `is_joined`; streams of ADTS, AC-3 and MPEG-TS are one. Behind TTA, APE
    and WMA only their own kind is looked for: their headers do not tell where they end.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    head
        Beginning of the first stream.
    start
        Position of `head` in the file.
    """
    if head[:4] == b"OggS":
        others = _other(file, 4, (*_BEGINNINGS[1:], *_MP3_BEGINNINGS), _ends_a_page)
        return [0, *sorted((*_ogg_starts(file), *others))]
    if head[:4] == b"fLaC":
        own = list(_places(file, _FLAC_START, start + 4))
        begin = max(start + len(head), _last_flac_frame(file, head))
        others = (
            _other(file, begin, (*_BEGINNINGS, *_MP3_BEGINNINGS)) if not own else []
        )
        return [0, *own, *others]
    if length := _TELLING.get(head[:4]):
        return [0, *_places(file, head[:length], start + length)]
    if mp3_frame_bytes(head):
        begin = start + (_counted(head) or len(head))
        return [0, *_other(file, begin, _BEGINNINGS)]
    return [0, *container_starts(file)]


def is_joined(file: BinaryIO, head: bytes, start: int) -> bool:
    """Return whether an MP3 stream is followed by another; see `starts_of`."""
    return mp3_frame_bytes(head) > 0 and _follows_mp3(file, head, start)


def _other(
    file: BinaryIO,
    start: int,
    beginnings: Iterable[tuple[bytes, int]],
    is_joint: Callable[[BinaryIO, int], bool] = lambda _file, _position: True,
) -> list[int]:
    """Return the position of the first stream of another kind, if there is one."""
    positions = [
        place - before
        for wanted, before in beginnings
        for place in islice(_places(file, wanted, start), _MOST_PLACES)
    ]
    for position in sorted(positions):
        file.seek(position)
        if is_sound(file.read(HEAD_BYTES)) and is_joint(file, position):
            return [position]
    return []


def _last_flac_frame(file: BinaryIO, head: bytes) -> int:
    """Return where the last frame of a FLAC file begins, if it is near its end.

    RFC 9639: a frame begins with a sync code, two bytes and its number. If there is no
    such frame, 0; if the header does not tell which frame is the last, the file's size.
    """
    end = file.seek(0, os.SEEK_END)
    if len(head) < 26:
        return end
    size, most = (
        struct.unpack_from(">H", head, 10)[0],
        int.from_bytes(head[15:18], "big"),
    )
    samples = int.from_bytes(head[21:26], "big") & ((1 << 36) - 1)
    last = (samples - 1) // max(size, 1)
    if head[8:10] != head[10:12] or not 0 <= last <= sys.maxunicode:
        return end
    begin = file.seek(max(0, end - (most or _PIECE) - _TAGS))
    number = re.escape(chr(last).encode("utf-8", "surrogatepass"))
    frame = re.search(rb"\xff\xf8.." + number, file.read(), re.DOTALL)
    return 0 if frame is None else begin + frame.start()


def _ends_a_page(file: BinaryIO, position: int) -> bool:
    """Return whether an Ogg page ends here: FLAC in Ogg has FLAC's beginning, too."""
    begin = max(0, position - _OGG_PAGE)
    file.seek(begin)
    data = file.read(position - begin)
    at = data.rfind(b"OggS\0")
    if at < 0 or at + _OGG_HEADER > len(data):
        return False
    segments = data[at + _OGG_HEADER - 1]
    lacing = data[at + _OGG_HEADER : at + _OGG_HEADER + segments]
    return at + _OGG_HEADER + segments + sum(lacing) == len(data)


def _places(file: BinaryIO, wanted: bytes, start: int) -> Iterator[int]:
    """Iterate over the positions of some bytes, from `start` on."""
    file.seek(start)
    data = b""
    while piece := file.read(_PIECE):
        data += piece
        at = data.find(wanted)
        while at >= 0:
            yield start + at
            at = data.find(wanted, at + 1)
        kept = data[-len(wanted) + 1 :]
        start += len(data) - len(kept)
        data = kept


def _ogg_starts(file: BinaryIO) -> Iterator[int]:
    """Iterate over the positions of streams after the first one (RFC 3533)."""
    file.seek(0)
    data, offset, begun = b"", 0, False
    while piece := file.read(_PIECE):
        data += piece
        at = data.find(b"OggS\x00")
        while 0 <= at <= len(data) - _OGG_HEADER:
            first = bool(data[at + 5] & 2)
            number = struct.unpack_from("<I", data, at + 18)[0]
            if begun and first and not number:
                yield offset + at
                begun = False
            begun = begun or not first
            at = data.find(b"OggS\x00", at + _OGG_HEADER)
        kept = data[-_OGG_HEADER:] if at < 0 else data[at:]
        offset += len(data) - len(kept)
        data = kept


def _follows_mp3(file: BinaryIO, head: bytes, start: int) -> bool:
    """Return whether there are frames after those that a Xing or Info tag counts."""
    counted = _counted(head)
    end = file.seek(0, os.SEEK_END)
    position = start + counted
    if not counted or position >= end - _TAG_BYTES:
        return False
    # Some count the tag's own frame and some do not; between two files are their tags.
    file.seek(position)
    rest = file.read(_PIECE)
    return _has_frames(rest)


def _counted(head: bytes) -> int:
    """Return the bytes that a Xing or Info tag counts, 0 without one."""
    size = mp3_frame_bytes(head)
    at = max(head.find(b"Xing", 0, size), head.find(b"Info", 0, size))
    if at < 0 or len(head) < at + 16:
        return 0
    flags = struct.unpack_from(">I", head, at + 4)[0]
    if flags & 2 == 0:
        return 0
    return int(struct.unpack_from(">I", head, at + 8 + (4 if flags & 1 else 0))[0])


def _has_frames(data: bytes) -> bool:
    """Return whether there are three consecutive frames somewhere."""
    at = data.find(b"\xff")
    while at >= 0:
        size = mp3_frame_bytes(data[at : at + 4])
        following = data[at + size : at + size + 4]
        if size and mp3_frame_bytes(following):
            third = at + size + mp3_frame_bytes(following)
            if mp3_frame_bytes(data[third : third + 4]):
                return True
        at = data.find(b"\xff", at + 1)
    return False
