"""Detects several streams joined end to end in one file.

Decoders silently stop after the first one, or read on in some formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from adt_plugins.audio.containers import container_starts
from adt_plugins.audio.sniff import mp3_frame_bytes

ALL_ARE_READ = "several streams, one after the other: all are read"

_PIECE = 1 << 20
_TAG_BYTES = 128  # ID3v1
_OGG_HEADER = 27
_FLAC_START = b"fLaC\x00\x00\x00\x22"
# Formats whose beginning does not occur in their sound by chance, and its length.
_TELLING = {
    b"TTA1": 10,
    b"MAC ": 12,
    b"\x30\x26\xb2\x75": 16,  # WMA
}


def starts_of(file: BinaryIO, head: bytes, start: int) -> list[int]:
    """Return the positions of the streams in a file, which may differ in their kind.

    For MP3 see `is_joined`; streams of Matroska, ADTS, AC-3 and MPEG-TS are one.

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
        return [0, *_ogg_starts(file)]
    if head[:4] == b"fLaC":
        return [0, *_places(file, _FLAC_START, start + 4)]
    if length := _TELLING.get(head[:4]):
        return [0, *_places(file, head[:length], start + length)]
    return [0, *container_starts(file)]


def is_joined(file: BinaryIO, head: bytes, start: int) -> bool:
    """Return whether an MP3 stream is followed by another; see `starts_of`."""
    return mp3_frame_bytes(head) > 0 and _follows_mp3(file, head, start)


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
    size = mp3_frame_bytes(head)
    at = max(head.find(b"Xing", 0, size), head.find(b"Info", 0, size))
    if at < 0 or len(head) < at + 16:
        return False
    flags = struct.unpack_from(">I", head, at + 4)[0]
    if flags & 2 == 0:
        return False
    counted = struct.unpack_from(">I", head, at + 8 + (4 if flags & 1 else 0))[0]
    end = file.seek(0, os.SEEK_END)
    position = start + counted
    if not counted or position >= end - _TAG_BYTES:
        return False
    # Some count the tag's own frame and some do not; between two files are their tags.
    file.seek(position)
    rest = file.read(_PIECE)
    return _has_frames(rest)


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
