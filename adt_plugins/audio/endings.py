"""Detects files that were cut short, by their end, where no header states the length.

A cut between two frames of an AC-3, ADTS or MP3 file without a tag cannot be detected:
what is left is a complete file.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from adt_plugins.audio.old_formats import VOC, stated_size
from adt_plugins.audio.sniff import OGG_HEADER, bytes_at
from adt_plugins.audio.stream_ends import end_of_mlp

_OGG_PAGE = 65307
_END_OF_STREAM = 4
_SYNC = b"G"
_PACK, _PACK_BYTES = b"\0\0\1\xba", 2048  # of program streams, as on DVDs
# Packets of transport streams: size in bytes, and place of the sync byte.
_PACKETS = ((188, 0), (192, 4))

_NUT, _NUT_INDEX = b"nut/multimedia container\0", b"NX\xdd\x67\x2f\x23\xe6\x4e"
_NUT_END = ">Q4x"  # the size of the index, and a checksum
_MLP = (b"\xf8\x72\x6f\xba", b"\xf8\x72\x6f\xbb")  # TrueHD and MLP, at byte 4

_MOST_CHUNKS, _LARGEST = 1000, 1 << 62

NO_END = "may be cut short: its end is missing"


def lacks_end(file: BinaryIO) -> bool:
    """Return whether a file ends where it should not, by its last page or packet.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes. Ogg, MPEG-TS, VOB, NUT, MLP, TrueHD
        and VOC are supported; False for others.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(4 * max(_PACKETS)[0])
    if head[:4] == b"OggS":
        file.seek(max(0, size - 2 * _OGG_PAGE))
        is_whole = _has_last_page(file.read(2 * _OGG_PAGE))
    elif head[:4] == _PACK:
        file.seek(_PACK_BYTES)
        is_whole = file.read(4) != _PACK or size % _PACK_BYTES == 0
    elif head.startswith(_NUT):
        is_whole = _has_index(file, size)
    elif head.startswith(VOC):
        is_whole = sum(stated_size(file, head)) <= size
    elif head[4:8] in _MLP:
        is_whole = end_of_mlp(file, 0, size) == size
    else:
        is_whole = _ends_with_packet(head, size)
    return not is_whole


def _ends_with_packet(head: bytes, size: int) -> bool:
    """Return whether a transport stream ends with a packet; true for other files."""
    for packet, at in _PACKETS:
        syncs = head[at::packet]
        if len(syncs) > 1 and set(syncs) == set(_SYNC):
            return size % packet == 0
    return True


def _has_last_page(tail: bytes) -> bool:
    """Return whether the last page is complete and ends its stream (RFC 3533)."""
    at = tail.rfind(b"OggS\0")
    if at < 0 or at + OGG_HEADER > len(tail):
        return False
    flags, segments = tail[at + 5], tail[at + OGG_HEADER - 1]
    lacing = tail[at + OGG_HEADER : at + OGG_HEADER + segments]
    whole = at + OGG_HEADER + segments + sum(lacing) <= len(tail)
    return whole and len(lacing) == segments and bool(flags & _END_OF_STREAM)


def _has_index(file: BinaryIO, size: int) -> bool:
    """Return whether a NUT file ends with its index, the last packet of all."""
    length = struct.calcsize(_NUT_END)
    file.seek(max(0, size - length))
    last = file.read(length)
    position = size - struct.unpack(_NUT_END, last)[0] if len(last) == length else -1
    if position < 0:
        return False
    file.seek(position)
    return file.read(len(_NUT_INDEX)) == _NUT_INDEX


def long_chunk(
    file: BinaryIO, wanted: bytes, *, start: int, header: str, own: int, align: int
) -> tuple[int, int]:
    """Find a chunk in a format with 64-bit sizes.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    wanted
        Name of the chunk.
    start
        Position of the first chunk.
    header
        Struct format of a chunk's name and size.
    own
        Bytes of the header that the size includes.
    align
        Alignment of chunks in bytes.

    Returns
    -------
    size, start : int
        Size and start of the content; 0, 0 without the chunk. An unknown size is
        negative.
    """
    length, position = struct.calcsize(header), start
    for _ in range(_MOST_CHUNKS):
        data = bytes_at(file, position, length)
        if len(data) < length:
            break
        name, size = struct.unpack(header, data)
        if name == wanted:
            return size - own, position + length
        if size < own or size > _LARGEST:
            break
        position += length - own + size
        position += -position % align
    return 0, 0
