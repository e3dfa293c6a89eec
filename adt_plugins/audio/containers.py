"""Finds where each of several recordings ends that are joined in one file.

Decoders silently stop after the first one, or read on in some formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from adt_plugins.audio.old_formats import SDS, VOC, stated_size
from adt_plugins.audio.part import part_of
from adt_plugins.audio.sniff import (
    FARTHEST,
    HEAD_BYTES,
    adts_frame_bytes,
    behind_tags,
    bytes_at,
    id3_bytes,
    is_mp3,
    is_sound,
)
from adt_plugins.audio.stream_ends import (
    end_of_ac3,
    end_of_adts,
    end_of_dts,
    end_of_flac,
    end_of_mp3,
    end_of_ogg,
    places,
)
from adt_plugins.audio.unfinished import matroska_segment

BEFORE_SOUND = "it ends before the sound"
ALL_ARE_READ = "several streams, one after the other: all are read"

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
_ASF_HEADER = 24
_TTA_HEADER, _TTA_CHECKSUM, _TTA_FRAME_S = 22, 4, 256 / 245
_APE_WITH_SIZES = 3980  # versions from this one on
_MAT4_NAME, _MAT4_NAME_AT, _MAT5 = b"samplerate\0", 20, b"MATLAB 5.0 MAT-"
_FLV_TAGS = (8, 9, 18)  # sound, picture, script


def starts_of(file: BinaryIO) -> list[int]:
    """Return the positions of the recordings in a file, which may differ in their kind.

    Of most kinds players read the first alone. The end of a recording is that which its
    header states, or that of its last frame; behind other kinds nothing is looked for,
    nor within streams of ADTS, AC-3 and MPEG-TS. Tags may lie between.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    """
    size = file.seek(0, os.SEEK_END)
    starts = [0]
    while len(starts) < _MOST_PARTS:
        start = starts[-1] + id3_bytes(bytes_at(file, starts[-1], HEAD_BYTES))
        find_end = _reader_of(bytes_at(file, start, HEAD_BYTES))
        if find_end is None:
            break
        following = find_end(file, start, size)
        if not start < following < size or not _follows(file, following):
            break
        starts.append(behind_tags(file, following))
    return starts


def _follows(file: BinaryIO, position: int) -> bool:
    """Return whether a recording begins at a position, perhaps behind tags."""
    if position >= FARTHEST:
        return False
    return is_sound(bytes_at(file, behind_tags(file, position), HEAD_BYTES))


def _reader_of(head: bytes) -> Callable[[BinaryIO, int, int], int] | None:
    """Return the function that finds the end of a recording with this beginning."""
    for place, magic, find_end in _READERS:
        if head[place : place + len(magic)] == magic:
            return find_end
    if is_mp3(head):
        return end_of_mp3
    return end_of_adts if adts_frame_bytes(head) and is_sound(head) else None


def _end_of_wave(file: BinaryIO, start: int, size: int) -> int:
    claimed = _number(file, start + 4, "<I")
    if (
        bytes_at(file, start, 4) in _LONG_FORMS
        and bytes_at(file, start + 12, 4) == b"ds64"
    ):
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
            if position < size and _follows(file, position):
                return position
    return size


def _end_of_au(file: BinaryIO, start: int, size: int) -> int:
    return start + _number(file, start + 4, ">I") + _number(file, start + 8, ">I")


def _end_of_caf(file: BinaryIO, start: int, size: int) -> int:
    position = start + 8
    for _ in range(_MOST_CHUNKS):
        header = bytes_at(file, position, 12)
        if len(header) < 12 or _follows(file, position):
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


def cut_mp4(file: BinaryIO) -> str | None:
    """Return what an MP4 file lacks that was cut short, None if nothing is known.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    """
    position, size = 0, file.seek(0, os.SEEK_END)
    found: set[bytes] = set()
    for _ in range(_MOST_CHUNKS):
        length, name = _mp4_box(file, position)
        if name == b"moov" and position + length > size:
            return "it ends within its index"
        found.add(name)
        if length < _MP4_HEADER:
            break
        position += length
    if b"moov" not in found:
        whole = position >= size
        return "its index, which MP4 has at the end, is missing" if whole else None
    return None if found & {b"mdat", b"moof"} else BEFORE_SOUND


def _mp4_box(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """Return length and name of a box; length 0: to the end of the file."""
    header = bytes_at(file, position, 16)
    if len(header) < _MP4_HEADER:
        return 0, b""
    length, name = struct.unpack(">I4s", header[:_MP4_HEADER])
    if length == 1 and len(header) == 16:
        length = struct.unpack(">Q", header[8:])[0]
    return length, name


def _end_of_wavpack(file: BinaryIO, start: int, size: int) -> int:
    position = start
    for _ in range(_MOST_BLOCKS):
        header = bytes_at(file, position, struct.calcsize(_WAVPACK_FORM))
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
        tag = bytes_at(file, position, 4)
        if len(tag) < 4 or tag[0] not in _FLV_TAGS:
            return position
        position += 11 + int.from_bytes(tag[1:], "big") + 4
    return size


def _end_of_avi(file: BinaryIO, start: int, size: int) -> int:
    # Long ones go on in more chunks of this kind (OpenDML).
    position = start
    for _ in range(_MOST_CHUNKS):
        claimed = _number(file, position + 4, "<I")
        position += 8 + claimed + claimed % 2
        if bytes_at(file, position, 12)[8:] != b"AVIX":
            break
    return position


def _end_of_asf(file: BinaryIO, start: int, size: int) -> int:
    # Objects: header, samples, and indices, each with its size.
    position = start
    for _ in range(_MOST_CHUNKS):
        length = _number(file, position + 16, "<Q")
        position += length
        if length < _ASF_HEADER or _follows(file, position):
            break
    return position


def _end_of_tta(file: BinaryIO, start: int, size: int) -> int:
    rate, samples = _number(file, start + 10, "<I"), _number(file, start + 14, "<I")
    frame = _TTA_FRAME_S * rate
    count = -(-samples // int(frame)) if frame >= 1 else 0
    table = start + _TTA_HEADER
    if table + 4 * count > size:
        return size
    frames = sum(struct.unpack(f"<{count}I", bytes_at(file, table, 4 * count)))
    return int(table + 4 * count + _TTA_CHECKSUM + frames)


def _end_of_ape(file: BinaryIO, start: int, size: int) -> int:
    # Descriptor, header, table, header of the WAV file, samples (64 bits), its end.
    parts = bytes_at(file, start + 8, 7 * 4)
    if _number(file, start + 4, "<H") < _APE_WITH_SIZES or len(parts) < 7 * 4:
        return size
    *heads, low, high, rest = struct.unpack("<7I", parts)
    return int(start + sum(heads) + low + (high << 32) + rest)


def _end_of_matroska(file: BinaryIO, start: int, size: int) -> int:
    claimed, position = matroska_segment(bytes_at(file, start, 64))
    return start + position + claimed if claimed else size


def _stated_end(file: BinaryIO, start: int, size: int) -> int:
    head = bytes_at(file, start, HEAD_BYTES)
    claimed, position = stated_size(part_of(file, start, size), head)
    # The last block of a VOC file is a byte.
    return start + position + claimed + head.startswith(VOC)


def _end_of_mat4(file: BinaryIO, start: int, size: int) -> int:
    following = places(file, _MAT4_NAME, start + _MAT4_NAME_AT + 1)
    return next(following, size + _MAT4_NAME_AT) - _MAT4_NAME_AT


def _end_of_mat5(file: BinaryIO, start: int, size: int) -> int:
    return next(places(file, _MAT5, start + 1), size)


def _number(file: BinaryIO, position: int, form: str) -> int:
    """Return an integer in the file, 0 behind its end."""
    data = bytes_at(file, position, struct.calcsize(form))
    return int(struct.unpack(form, data)[0]) if data[struct.calcsize(form) - 1 :] else 0


_READERS = (
    (8, b"WAVE", _end_of_wave),
    (8, b"AIF", _end_of_aiff),
    (0, _W64, _end_of_w64),
    (0, b".snd", _end_of_au),
    (0, b"caff", _end_of_caf),
    (0, b"wvpk", _end_of_wavpack),
    (0, b"FLV\x01", _end_of_flv),
    (8, b"AVI ", _end_of_avi),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _end_of_asf),
    (0, b"TTA1", _end_of_tta),
    (0, b"MAC ", _end_of_ape),
    (0, b"OggS", end_of_ogg),
    (0, b"fLaC", end_of_flac),
    (0, b"\x0b\x77", end_of_ac3),
    (0, b"\x1a\x45\xdf\xa3", _end_of_matroska),
    (4, b"ftyp", _end_of_mp4),
    (0, b"\x7f\xfe\x80\x01", end_of_dts),
    (8, b"8SVX", _end_of_aiff),
    (8, b"16SV", _end_of_aiff),
    (_MAT4_NAME_AT, _MAT4_NAME, _end_of_mat4),
    (0, _MAT5, _end_of_mat5),
    (0, b"2BIT", _stated_end),
    (0, b".SoX", _stated_end),
    (0, b"XoS.", _stated_end),
    (0, b"NIST_1A\n", _stated_end),
    (0, VOC, _stated_end),
    (0, b"ALawSoundFile**\0", _stated_end),
    (0, SDS, _stated_end),
)
