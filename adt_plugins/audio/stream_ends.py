"""Finds where a stream ends whose header does not tell: by its frames or pages."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from adt_plugins.audio.sniff import (
    HEAD_BYTES,
    OGG_FIRST,
    OGG_HEADER,
    adts_frame_bytes,
    behind_tags,
    bytes_at,
    is_sound,
    mp3_frame_bytes,
)

_PIECE = 1 << 16  # larger ones take twice the time to append
_FRAME_HEAD = 48  # bytes of a frame that tell its length, or that a file begins with it
_FLAC_START = b"fLaC\x00\x00\x00\x22"
_FLAC_HEAD, _FLAC_FRAME_HEAD = 26, 64
_TAGS = 1 << 17  # most bytes of tags behind a FLAC stream
_LONGEST_PATTERN = 16
_CRC16_POLYNOMIAL = 0x18005

_AC3_KBITS = (
    *(32, 40, 48, 56, 64, 80, 96, 112, 128, 160),
    *(192, 224, 256, 320, 384, 448, 512, 576, 640),
)
_AC3_RATES = (48000, 44100, 32000)
_AC3_SAMPLES, _LAST_AC3 = 1536, 10  # later versions are E-AC-3


def end_of_ogg(file: BinaryIO, start: int, size: int) -> int:
    """Return where the next stream of a chain begins, or the last page ends."""
    end, begun = size, False
    for position in places(file, b"OggS\0", start):
        if position > end and _is_end(file, end):
            return end
        file.seek(position)
        page = file.read(OGG_HEADER + 255)
        if len(page) < OGG_HEADER:
            break
        is_first = bool(page[5] & OGG_FIRST)
        if begun and is_first and not struct.unpack_from("<I", page, 18)[0]:
            return position
        begun = begun or not is_first
        lacing = page[OGG_HEADER:][: page[OGG_HEADER - 1]]
        end = position + OGG_HEADER + len(lacing) + sum(lacing)
    return end


def end_of_flac(file: BinaryIO, start: int, size: int) -> int:
    """Return where the last frame ends, or the next stream begins.

    RFC 9639: a frame begins with a sync code, two bytes and its number, and ends with
    a checksum by which all of its bytes give 0.
    """
    head = bytes_at(file, start, _FLAC_HEAD)
    following = next(places(file, _FLAC_START, start + 4), size)
    number = _last_flac_frame(head)
    if number is None:
        return following
    most = int.from_bytes(head[15:18], "big") or _most_flac_bytes(head)
    pattern = re.compile(rb"\xff\xf8.." + re.escape(number), re.DOTALL)
    for begin in (max(start, following - most - _TAGS), start):  # mostly near the end
        for frame in _matches(file, pattern, begin):
            if frame >= following:
                break
            for length in _checked(bytes_at(file, frame, most)):
                if _is_end(file, frame + length):
                    return frame + length
    return following


def _most_flac_bytes(head: bytes) -> int:
    """Return the size of a frame that is not compressed."""
    channels, bits = (head[20] >> 1 & 7) + 1, ((head[20] & 1) << 4 | head[21] >> 4) + 1
    samples = int(struct.unpack_from(">H", head, 10)[0])
    return _FLAC_FRAME_HEAD * channels + samples * channels * bits // 8


def _last_flac_frame(head: bytes) -> bytes | None:
    """Return the coded number of the last frame, if the header tells it."""
    if len(head) < _FLAC_HEAD or head[8:10] != head[10:12]:
        return None
    samples = int.from_bytes(head[21:26], "big") & ((1 << 36) - 1)
    last = (samples - 1) // max(1, struct.unpack_from(">H", head, 10)[0])
    if not 0 <= last <= sys.maxunicode:
        return None
    return chr(last).encode("utf-8", "surrogatepass")


def _checked(data: bytes) -> Iterator[int]:
    """Yield the lengths at which the checksum of some bytes is 0."""
    checksum = 0
    for length, byte in enumerate(data, 1):
        checksum = checksum << 8 & 0xFFFF ^ _CRC16[checksum >> 8 ^ byte]
        if not checksum:
            yield length


def _crc16(byte: int) -> int:
    value = byte << 8
    for _ in range(8):
        value = value << 1 ^ (_CRC16_POLYNOMIAL if value & 0x8000 else 0)
    return value


_CRC16 = [_crc16(byte) for byte in range(256)]


def _is_end(file: BinaryIO, position: int) -> bool:
    """Return whether nothing, or another recording, follows a position and tags."""
    following = bytes_at(file, behind_tags(file, position), HEAD_BYTES)
    return not following or is_sound(following)


def end_of_mp3(file: BinaryIO, start: int, size: int) -> int:
    """Return where the frames end, or those of another file begin."""
    first = bytes_at(file, start, HEAD_BYTES)
    position = start + _counted(first)
    # Some count the tag's own frame and some do not.
    if position == start or not (
        _is_end(file, position) or mp3_frame_bytes(bytes_at(file, position, 4))
    ):
        position = start

    def length(frame: bytes, at: int) -> int:
        is_same = frame[1] & 0xFE == first[1] & 0xFE and frame[2] & 12 == first[2] & 12
        is_own = at == start or not _is_tag(frame)
        return mp3_frame_bytes(frame) if is_same and is_own else 0

    return _end_of_frames(file, position, length)


def _is_tag(frame: bytes) -> bool:
    """Return whether an MP3 frame has a Xing or Info tag instead of sound."""
    return any(frame[at : at + 4] in (b"Xing", b"Info") for at in (36, 21, 13))


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


def end_of_adts(file: BinaryIO, start: int, size: int) -> int:
    """Return where frames of AAC end."""
    return _end_of_frames(file, start, lambda frame, _: adts_frame_bytes(frame))


def end_of_ac3(file: BinaryIO, start: int, size: int) -> int:
    """Return where frames of AC-3 or E-AC-3 end."""
    return _end_of_frames(file, start, lambda frame, _: _ac3_frame_bytes(frame))


def end_of_dts(file: BinaryIO, start: int, size: int) -> int:
    """Return where frames of DTS end, without extensions."""
    return _end_of_frames(file, start, lambda frame, _: _dts_frame_bytes(frame))


def _dts_frame_bytes(head: bytes) -> int:
    if len(head) < 8 or head[:4] != b"\x7f\xfe\x80\x01":
        return 0
    return ((head[5] & 3) << 12 | head[6] << 4 | head[7] >> 4) + 1


def end_of_mlp(file: BinaryIO, start: int, size: int) -> int:
    """Return where access units of MLP or TrueHD end, behind the file if one is cut."""
    return _end_of_frames(file, start, lambda unit, _: _mlp_unit_bytes(unit))


def _mlp_unit_bytes(unit: bytes) -> int:
    return 2 * ((unit[0] & 0x0F) << 8 | unit[1])


def _ac3_frame_bytes(head: bytes) -> int:
    if len(head) < 6 or head[:2] != b"\x0b\x77":
        return 0
    if head[5] >> 3 > _LAST_AC3:
        return 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    rate, code = head[4] >> 6, head[4] & 63
    if rate >= len(_AC3_RATES) or code // 2 >= len(_AC3_KBITS):
        return 0
    bits = _AC3_SAMPLES * 1000 * _AC3_KBITS[code // 2]
    words = bits // (16 * _AC3_RATES[rate])
    return 2 * (words + (code & 1 if _AC3_RATES[rate] == 44100 else 0))


def _end_of_frames(
    file: BinaryIO, position: int, length: Callable[[bytes, int], int]
) -> int:
    """Return where frames end that follow each other without a gap.

    `length` returns that of a frame from its first bytes and position; 0: there is
    none.
    """
    file.seek(position)
    data, at = file.read(_PIECE), 0
    while True:
        if at + _FRAME_HEAD > len(data):
            position += at
            file.seek(position)
            data, at = file.read(_PIECE), 0
        head = data[at : at + _FRAME_HEAD]
        count = length(head, position + at) if len(head) > 5 else 0
        if not count:
            return position + at
        at += count


def places(file: BinaryIO, wanted: bytes, start: int) -> Iterator[int]:
    """Iterate over the positions of some bytes, from `start` on."""
    return _matches(file, re.compile(re.escape(wanted)), start)


def _matches(file: BinaryIO, pattern: re.Pattern[bytes], start: int) -> Iterator[int]:
    """Iterate over the positions of a short pattern, which does not overlap itself."""
    data = b""
    while True:
        piece = bytes_at(file, start + len(data), _PIECE)
        data += piece
        settled = max(0, len(data) - _LONGEST_PATTERN) if piece else len(data)
        for match in pattern.finditer(data):
            if match.start() < settled:
                yield start + match.start()
        if not piece:
            return
        start, data = start + settled, data[settled:]
