"""Recognises Ogg Vorbis that was cut without being encoded again.

Its first page with sound may count fewer samples than it holds, as if the rest lay
before zero. The specification has no such beginning: libvorbis leaves out 23 ms in the
middle, and as much at the end as lies before zero; FFmpeg and browsers play everything.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from adt_plugins.audio.sniff import OGG_HEADER

_HEAD_BYTES = 1 << 20
_CONTINUED, _END_OF_STREAM = 1, 4
_NO_TIME = -1
_HEADER_PACKETS = 3

# A mode in the setup header, from its lowest bit: 1 bit, whether its blocks are long;
# two types that are 0; the number of its mapping. Their number stands before them.
_MODE_BITS, _COUNT_BITS, _MOST_MODES = 41, 6, 64
_TYPES = (1 << 33) - 2


def begins_before_zero(file: BinaryIO, head: bytes) -> bool:
    """Return whether the first page of an Ogg Vorbis file counts less than it holds.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    head
        First bytes of the file.
    """
    if head[:4] != b"OggS" or b"\x01vorbis" not in head[:64]:
        return False
    file.seek(0)
    headers: list[bytes] = []
    sounds: list[bytes] = []
    for page in _pages(file.read(_HEAD_BYTES)):
        packets = list(page.packets)
        while packets and len(headers) < _HEADER_PACKETS:
            headers.append(packets.pop(0))
        sounds += packets
        if sounds and page.time != _NO_TIME:
            held = _samples(headers, sounds)
            return not page.is_last and held is not None and held > page.time
    return False


@dataclass(frozen=True)
class _Page:
    time: int
    is_last: bool
    packets: tuple[bytes, ...]  # that end in it


def _pages(data: bytes) -> Iterator[_Page]:
    at, open_packet = 0, b""
    while data[at : at + 4] == b"OggS" and at + OGG_HEADER <= len(data):
        flags, time = struct.unpack_from("<Bq", data, at + 5)
        lacing = data[at + OGG_HEADER : at + OGG_HEADER + data[at + OGG_HEADER - 1]]
        position = at + OGG_HEADER + len(lacing)
        packet = open_packet if flags & _CONTINUED else b""
        packets = []
        for size in lacing:
            packet += data[position : position + size]
            position += size
            if size < 255:  # RFC 3533: a packet's last segment
                packets.append(packet)
                packet = b""
        open_packet = packet
        if position > len(data):
            return
        yield _Page(time, bool(flags & _END_OF_STREAM), tuple(packets))
        at = position


def _samples(headers: list[bytes], sounds: list[bytes]) -> int | None:
    """Return the samples in packets of sound; None if the headers cannot be read."""
    modes = _modes(headers[-1])
    if not modes or len(headers[0]) < 29:  # Vorbis I, 4.2.2
        return None
    short, long = 1 << (headers[0][28] & 15), 1 << (headers[0][28] >> 4)
    bits = (len(modes) - 1).bit_length()
    sizes = [
        long if modes[min((packet[0] >> 1) % (1 << bits), len(modes) - 1)] else short
        for packet in sounds
        if packet and not packet[0] & 1
    ]
    return sum((a + b) // 4 for a, b in pairwise(sizes))


def _modes(setup: bytes) -> list[bool]:
    """Return whether each mode has long blocks; read from the end, as in FFmpeg."""
    bits = int.from_bytes(setup, "little")
    at = bits.bit_length() - 1  # the framing bit
    modes: list[bool] = []
    best: list[bool] = []
    while at >= _MODE_BITS + _COUNT_BITS and len(modes) < _MOST_MODES:
        at -= _MODE_BITS
        mode = bits >> at & ((1 << _MODE_BITS) - 1)
        if mode & _TYPES:
            break
        modes.insert(0, bool(mode & 1))
        count = bits >> (at - _COUNT_BITS) & ((1 << _COUNT_BITS) - 1)
        if count + 1 == len(modes):
            best = list(modes)
    return best
