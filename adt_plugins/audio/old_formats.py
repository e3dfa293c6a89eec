"""Finds the sizes that the headers of samplers' and older programs' formats state."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from typing import BinaryIO

from adt_plugins.audio.sniff import bytes_at

_MOST_BLOCKS = 10_000
_NIST = {
    key: re.compile(rb"^%b -\w+ (\d+)" % key, re.MULTILINE)
    for key in (b"sample_count", b"channel_count", b"sample_n_bytes")
}
_NIST_FIRST_LINE = 8
_VOC_START_AT, _VOC_GOES_ON = 20, b"\2"
_MAT4_BYTES = {0: 8, 1: 4, 2: 4, 3: 2, 4: 2, 5: 1}
_MAT4_LARGEST_MARKER, _MAT4_BIG_ENDIAN, _MAT5_START = 1052, 1000, 128
_MPC_HEADER, _AVR_HEADER, _PSION_HEADER = 42, 128, 32
_SVX_STEREO = b"\0\0\0\6"
_XI_COUNT_AT, _XI_SAMPLE_HEADER = 296, 40
VOC = b"Creative Voice File\x1a"
"""First bytes of a VOC file, whose sound lies in blocks that are mostly small."""

SDS = b"\xf0\x7e"
"""First bytes of a MIDI sample dump."""

_SDS_HEADER, _SDS_PACKET, _SDS_LENGTH_AT = 21, 127, 10
_SDS_DATA, _SDS_BITS_AT = 120, 6  # bytes of sound in a packet, 7 bits each


def stated_size(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Return the size of the sound that a header states, and where the sound begins.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes. AVR, MAT4, MAT5, MPC 2000, NIST
        SPHERE, SDS, SoX, SVX, VOC, WVE and XI are supported; (0, 0) for others.
    head
        Its first bytes, 128 if it is as long.
    """
    for magic, find in _FINDERS.items():
        if head.startswith(magic):
            try:
                return find(file, head)
            except struct.error:  # the header itself is cut
                return 0, 0
    if head[:4] == b"FORM" and head[8:12] in (b"8SVX", b"16SV"):
        return _last_chunk(file, 12, ">4xI", 8)
    if head[124:128] in (b"\0\1IM", b"\1\0MI"):
        order = "<" if head[126:128] == b"IM" else ">"
        return _last_chunk(file, _MAT5_START, f"{order}4xI", 8, align=1)
    return _mat4(file, head)


def is_in_blocks(file: BinaryIO, head: bytes) -> bool:
    """Return whether the sound of a VOC file lies in several blocks, as of FFmpeg.

    libsndfile takes the headers of all but the first for samples.
    """
    if not head.startswith(VOC) or len(head) < _VOC_START_AT + 2:
        return False
    position = struct.unpack_from("<H", head, _VOC_START_AT)[0]
    file.seek(position)
    block = file.read(4)
    file.seek(position + 4 + int.from_bytes(block[1:], "little"))
    return file.read(1) == _VOC_GOES_ON


def has_sides_in_turn(file: BinaryIO, head: bytes) -> bool:
    """Return whether an SVX file is stereo: the left side as a whole, then the right.

    libsndfile takes the two for one side, twice as long, or for samples in turn.
    """
    if head[:4] != b"FORM" or head[8:12] not in (b"8SVX", b"16SV"):
        return False
    position = 12
    for _ in range(_MOST_BLOCKS):
        chunk = bytes_at(file, position, 12)
        if len(chunk) < 12 or chunk[:4] == b"BODY":
            break
        if chunk[:4] == b"CHAN":
            return chunk[8:] == _SVX_STEREO
        claimed = struct.unpack(">I", chunk[4:8])[0]
        position += 8 + claimed + claimed % 2
    return False


def finished_sds(head: bytes, size: int) -> bytes | None:
    """Return the header of an SDS file of `size` bytes that holds less than it states.

    libsndfile fills up what is missing with silence. None if nothing is missing.
    """
    if len(head) < _SDS_HEADER:
        return None
    there = max(0, size - _SDS_HEADER) // _SDS_PACKET * _sds_samples(head)
    if there >= _sds_stated(head):
        return None
    header = bytearray(head[:_SDS_HEADER])
    header[_SDS_LENGTH_AT : _SDS_LENGTH_AT + 3] = (
        there & 127,
        there >> 7 & 127,
        there >> 14,
    )
    return bytes(header)


def _sds_samples(head: bytes) -> int:
    """Return the samples of one packet."""
    return _SDS_DATA // max(2, -(-head[_SDS_BITS_AT] // 7))


def _sds_stated(head: bytes) -> int:
    low, middle, high = struct.unpack_from("3B", head, _SDS_LENGTH_AT)
    return int(low | middle << 7 | high << 14)


def _sds(file: BinaryIO, head: bytes) -> tuple[int, int]:
    packets = -(-_sds_stated(head) // _sds_samples(head))
    return _SDS_PACKET * packets, _SDS_HEADER


def _avr(file: BinaryIO, head: bytes) -> tuple[int, int]:
    stereo, bits = struct.unpack_from(">HH", head, 12)
    frames = struct.unpack_from(">I", head, 26)[0]
    return frames * (2 if stereo else 1) * (bits // 8), _AVR_HEADER


def _mpc(file: BinaryIO, head: bytes) -> tuple[int, int]:
    stereo, frames = struct.unpack_from("<B8xI", head, 21)
    return 2 * frames * (2 if stereo else 1), _MPC_HEADER


def _psion(file: BinaryIO, head: bytes) -> tuple[int, int]:
    return int(struct.unpack_from(">I", head, 18)[0]), _PSION_HEADER


def _sox(order: str) -> Callable[[BinaryIO, bytes], tuple[int, int]]:
    def find(file: BinaryIO, head: bytes) -> tuple[int, int]:
        start, samples = struct.unpack_from(f"{order}IQ", head, 4)
        return 4 * samples, start + 4

    return find


def _nist(file: BinaryIO, head: bytes) -> tuple[int, int]:
    start = head[_NIST_FIRST_LINE : 2 * _NIST_FIRST_LINE].strip()
    if not start.isdigit():
        return 0, 0
    file.seek(0)
    header = file.read(int(start))
    counts = [pattern.search(header) for pattern in _NIST.values()]
    size = 1
    for count in counts:
        size *= int(count[1]) if count else 0
    return size, int(start)


def _voc(file: BinaryIO, head: bytes) -> tuple[int, int]:
    # Blocks: a kind, a size of three bytes, content; kind 0 ends the file.
    begin = position = struct.unpack_from("<H", head, _VOC_START_AT)[0]
    size = file.seek(0, os.SEEK_END)
    for _ in range(_MOST_BLOCKS):
        file.seek(position)
        block = file.read(4)
        if position >= size or len(block) < 4 or not block[0]:
            break
        position += 4 + int.from_bytes(block[1:], "little")
    return position - begin, begin


def _xi(file: BinaryIO, head: bytes) -> tuple[int, int]:
    file.seek(_XI_COUNT_AT)
    count = struct.unpack("<H", file.read(2))[0]
    headers = file.read(_XI_SAMPLE_HEADER * count)
    start = _XI_COUNT_AT + 2 + len(headers)
    sizes = (
        struct.unpack_from("<I", headers, at)[0]
        for at in range(0, len(headers) - 3, _XI_SAMPLE_HEADER)
    )
    return sum(sizes), start


def _mat4(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Find the last matrix of a file of MATLAB 4, which has no magic number."""
    size, position = file.seek(0, os.SEEK_END), 0
    found = (0, 0)
    for _ in range(_MOST_BLOCKS):
        data = bytes_at(file, position, 20)
        if len(data) < 20:
            break
        order = "<" if struct.unpack("<I", data[:4])[0] < _MAT4_BIG_ENDIAN else ">"
        marker, rows, columns, imaginary, name = struct.unpack(f"{order}5I", data)
        kind = marker % _MAT4_BIG_ENDIAN
        is_order = (marker >= _MAT4_BIG_ENDIAN) is (order == ">")
        if not is_order or marker > _MAT4_LARGEST_MARKER or imaginary > 1:
            return 0, 0
        if kind % 10 or kind // 10 not in _MAT4_BYTES or not 0 < name < size:
            return 0, 0
        start = position + 20 + name
        found = rows * columns * _MAT4_BYTES[kind // 10] * (1 + imaginary), start
        position = start + found[0]
    return found


def _last_chunk(
    file: BinaryIO, position: int, form: str, header: int, *, align: int = 2
) -> tuple[int, int]:
    """Return the size that the last chunk claims, and where its content begins."""
    size, found = file.seek(0, os.SEEK_END), (0, 0)
    for _ in range(_MOST_BLOCKS):
        file.seek(position)
        data = file.read(header)
        if position >= size or len(data) < header:
            break
        claimed = struct.unpack(form, data)[0]
        found = claimed, position + header
        position += header + claimed + claimed % align
    return found


_FINDERS: dict[bytes, Callable[[BinaryIO, bytes], tuple[int, int]]] = {
    b"2BIT": _avr,
    b"\1\4": _mpc,
    b"ALawSoundFile**\0": _psion,
    b".SoX": _sox("<"),
    b"XoS.": _sox(">"),
    b"NIST_1A": _nist,
    VOC: _voc,
    b"Extended Instrument: ": _xi,
    SDS: _sds,
}
