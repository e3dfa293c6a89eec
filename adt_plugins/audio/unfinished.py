"""Repairs the headers of recordings whose sizes do not match the content.

A recorder that crashes, and a program that writes into a pipe, leave a header whose
sizes are 0 or as large as possible. FFmpeg and Audacity read such files to their end,
and so does libsndfile once the header states it. A recorder that writes its header now
and then leaves a size that is too small; players stop there. libsndfile does not report
files that were cut short.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple, TypedDict

from adt_plugins.audio.endings import long_chunk
from adt_plugins.audio.old_formats import SDS, finished_sds, stated_size
from adt_plugins.audio.sniff import HEAD_BYTES, behind_tags, bytes_at, is_sound

MORE_THAN_STATED = "its header states less sound than there is: all of it is read"
"""Warning about such a file."""

_UNKNOWN = 0xFFFFFFFF
_WRAP = 1 << 32
_ENDLESS = 0x7F000000  # as large sizes were written into pipes, see `wave_stream`
_ENDLESS_LONG = 1 << 62  # the same in 64 bits
_MOST_CHUNKS = 1000
_HEAD_BYTES = 128
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_ASF, _ASF_PROPERTIES = b"\x30\x26\xb2\x75", bytes.fromhex("a1dcab8c47a9cf11")
_AU_SIZE_AT = 8
_MOST_FORM_BYTES = 1 << 16
_LEAST_SOUND, _SEARCHED = 1 << 14, 1 << 20  # bytes behind the end that is stated


class _Chunks(TypedDict):
    start: int
    header: str
    own: int
    align: int


_CAF: _Chunks = {"start": 8, "header": ">4sq", "own": 0, "align": 1}
_W64: _Chunks = {"start": 40, "header": "<16sQ", "own": 24, "align": 8}
_W64_START = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb"
_W64_FORMAT = b"fmt \xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_EXTENSIBLE, _SUBFORMAT_AT, _PCM_CODE = b"\xfe\xff", 24, b"\1\0"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


class Finished(NamedTuple):
    """A header that replaces that of a file.

    Parameters
    ----------
    header
        Its bytes.
    start
        Position in the file of what follows it.
    is_more
        Whether the file's own header states less sound than there is.
    """

    header: bytes
    start: int
    is_more: bool = False


def finished_header(file: BinaryIO) -> Finished | None:
    """Return a header with the correct sizes for a file that lacks them.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.

    Returns
    -------
    Finished or None
        None if nothing is wrong, or this kind of file is not supported.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE":
        return _finished_wave(file, size)
    if head == _W64_START:
        return _plain_w64(file)
    if head[:2] == SDS:
        file.seek(0)
        finished = finished_sds(file.read(_HEAD_BYTES), size)
        return Finished(finished, len(finished)) if finished else None
    return _restated(file, head, size)


def _restated(file: BinaryIO, head: bytes, size: int) -> Finished | None:
    """Return the header of an AU, AIFF or CAF file with the actual size of its sound.

    None where it does not matter to libsndfile, which reads other sizes itself.
    """
    form, is_none = ">I", False
    if head[:4] == b".snd" and len(head) == 12:
        start, claimed = struct.unpack(">II", head[4:])
        at = _AU_SIZE_AT
        is_none = not claimed or _ENDLESS <= claimed < _UNKNOWN
    elif head[:4] == b"FORM" and head[8:11] == b"AIF":
        claimed, start = find_chunk(file, b"SSND", ">4sI")
        at = start - 4
    elif head[:4] == b"caff":
        claimed, start = long_chunk(file, b"data", **_CAF)
        form, at = ">q", start - 8
    else:
        return None
    if not 0 < at < start < min(size, _MOST_FORM_BYTES):
        return None
    is_more = claimed > 0 and _is_more_sound(file, start + claimed, size)
    if not is_none and not is_more:
        return None
    header = bytearray(bytes_at(file, 0, start))
    struct.pack_into(form, header, at, min(size - start, _UNKNOWN))
    return Finished(bytes(header), start, is_more)


def _is_more_sound(file: BinaryIO, position: int, size: int) -> bool:
    """Return whether samples follow the end that a header states.

    Chunks, tags, other recordings, and zeros that a recorder reserved, are none.
    """
    if size - position < _LEAST_SOUND:
        return False
    for start in (position, position + 1):  # chunks are even, if a program heeds it
        header = bytes_at(file, start, 12)
        is_name = all(32 <= byte < 127 for byte in header[:4])
        sizes = (struct.unpack(form, header[4:8])[0] for form in ("<I", ">I"))
        long = struct.unpack(">Q", header[4:])[0]  # of CAF
        if is_name and any(x <= size - start for x in (*sizes, long)):
            return False
        if is_sound(bytes_at(file, start, HEAD_BYTES)):
            return False
    if behind_tags(file, position) > position:
        return False
    return any(bytes_at(file, position, _SEARCHED))


def _plain_w64(file: BinaryIO) -> Finished | None:
    """Return a W64 header whose format is stated as in plain files.

    libsndfile takes floats for integers where WAVE_FORMAT_EXTENSIBLE leads to them.
    """
    size, start = long_chunk(file, _W64_FORMAT, **_W64)
    file.seek(start)
    form = file.read(_SUBFORMAT_AT + 2) if size >= _SUBFORMAT_AT + 2 else b""
    if len(form) < _SUBFORMAT_AT + 2 or form[:2] != _EXTENSIBLE:
        return None
    code = form[_SUBFORMAT_AT:]
    if code == _PCM_CODE:
        return None
    file.seek(0)
    return Finished(file.read(start) + code, start + len(code))


def _finished_wave(file: BinaryIO, size: int) -> Finished | None:
    kept: list[bytes] = []
    long = None  # size of the samples in the chunk ds64
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        name, claimed = struct.unpack("<4sI", header)
        start = file.tell()
        if name == b"data":
            break
        if name == b"ds64":
            content = file.read(16)
            long = struct.unpack("<QQ", content)[1] if len(content) == 16 else None
        elif name in (b"fmt ", b"fact"):
            if claimed > _MOST_FORM_BYTES:  # too large to be read into memory
                return None
            kept.append(header + file.read(claimed + claimed % 2))
        file.seek(start + claimed + claimed % 2)
    else:
        return None
    there = size - start
    if long is not None and claimed in (0, _UNKNOWN):
        claimed = long if long < _ENDLESS_LONG else 0
    is_more = claimed > 0 and _is_more_sound(file, start + claimed, size)
    is_unfinished = _is_unfinished(claimed, there)
    if not is_more and (not is_unfinished or _are_chunks(file, start, size)):
        return None
    is_more = is_more and not is_unfinished
    chunks = b"".join(kept)
    if there + len(chunks) + 32 < _WRAP:
        riff = struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + 8 + there, b"WAVE")
        header = riff + chunks + struct.pack("<4sI", b"data", there)
        return Finished(header, start, is_more)
    whole = 4 + 36 + len(chunks) + 8 + there
    riff = struct.pack("<4sI4s", b"RF64", _UNKNOWN, b"WAVE")
    riff += struct.pack("<4sIQQQI", b"ds64", 28, whole, there, 0, 0)
    header = riff + chunks + struct.pack("<4sI", b"data", _UNKNOWN)
    return Finished(header, start, is_more)


def _is_unfinished(claimed: int, there: int) -> bool:
    """Return whether the size is 0 or invalid although there are samples."""
    if not claimed:
        return there > 0
    if there <= claimed:
        return False
    # Beyond 4 GB: as large as possible, or the lower 32 bits of the size.
    return there >= _WRAP and (claimed == _UNKNOWN or there % _WRAP == claimed)


def _are_chunks(file: BinaryIO, start: int, size: int) -> bool:
    """Return whether chunks rather than samples fill the file from here to its end."""
    position = start
    while position + 8 <= size:
        file.seek(position)
        name, claimed = struct.unpack("<4sI", file.read(8))
        if not all(32 <= byte < 127 for byte in name):
            return False
        position += 8 + claimed + claimed % 2
    return position >= size > start and position - size <= 1


def missing_share(file: BinaryIO) -> float:
    """Return the share of its samples that a file lacks, by its header, 0 to below 1.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes. WAV, RF64, W64, AIFF, AU, CAF,
        AVI, WMA, RealMedia, Matroska and those of `old_formats.stated_size` are
        supported; 0 for others, see `endings.lacks_end`.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    endless = _ENDLESS
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        claimed, start = find_chunk(file, b"data")
    elif head[:4] in (b"RF64", b"BW64") and head[8:16] == b"WAVEds64" and head[35:]:
        claimed, start = (
            struct.unpack("<Q", head[28:36])[0],
            find_chunk(file, b"data")[1],
        )
        endless = _ENDLESS_LONG
    elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        claimed, start = struct.unpack("<I", head[4:8])[0], 8
    elif head[:4] == b"caff":
        claimed, start = long_chunk(file, b"data", **_CAF)
        endless = _ENDLESS_LONG
    elif head[:4] == b"riff" and head[24:28] == b"wave":
        claimed, start = long_chunk(file, _W64_DATA, **_W64)
        endless = _ENDLESS_LONG
    elif head[:4] == b"FORM" and head[8:11] == b"AIF":
        claimed, start = find_chunk(file, b"SSND", ">4sI")
    elif head[:4] == b".snd" and len(head) >= _AU_SIZE_AT + 4:
        start, claimed = struct.unpack(">II", head[4:12])
    elif head[:4] == b".RMF":
        claimed, start = find_chunk(file, b"DATA", ">4sI", begin=0, header=0)
    elif head[:4] == _ASF:
        claimed, start = _asf_bytes(file), 0
    elif head[:4] == _EBML:
        claimed, start = matroska_segment(head)
        endless = _ENDLESS_LONG
    else:
        claimed, start = stated_size(file, head)
    there = size - start
    if claimed >= endless - start:  # in W64 such a size includes the header
        return 0.0
    return (claimed - there) / claimed if 0 < there < claimed else 0.0


def _asf_bytes(file: BinaryIO) -> int:
    """Return the size of the file that a WMA file states, 0 if it is a broadcast."""
    file.seek(0)
    head = file.read(_MOST_FORM_BYTES)
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return 0
    is_broadcast = head[at + 88] & 1
    return 0 if is_broadcast else int(struct.unpack_from("<Q", head, at + 40)[0])


def find_chunk(
    file: BinaryIO,
    wanted: bytes,
    form: str = "<4sI",
    *,
    begin: int = 12,
    header: int = 8,
) -> tuple[int, int]:
    """Return the size that a chunk claims, and its position; 0, 0 without the chunk.

    `header` is the number of bytes that the size does not include.
    """
    position = begin
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        data = file.read(8)
        if len(data) < 8:
            break
        name, claimed = struct.unpack(form, data)
        if name == wanted:
            return int(claimed), position + header
        if claimed + header < 8:
            break
        position += header + claimed + (claimed % 2 if header else 0)
    return 0, 0


def matroska_segment(head: bytes) -> tuple[int, int]:
    """Return the size and the position of a Matroska segment (RFC 8794)."""
    try:
        size, at = _ebml_size(head, 4)
        at += size
        if head[at : at + 4] != _SEGMENT:
            return 0, 0
        return _ebml_size(head, at + 4)
    except IndexError:
        return 0, 0


def _ebml_size(head: bytes, at: int) -> tuple[int, int]:
    """Return a size and the position after it; 0 if the size is unknown."""
    length = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (0 if value == (1 << 7 * length) - 1 else value), at + length
