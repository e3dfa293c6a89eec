"""Recognises files by their first bytes.

The decoders alone are not enough, since they look at a file's name: FFmpeg takes random
bytes for MP3 if the name says so. They judge files of unknown kind by content alone.
"""

from __future__ import annotations

import io
import os
import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

HEAD_BYTES = 4096
"""Bytes from which a kind is recognised."""

FARTHEST = 1 << 43
"""Position behind the end of any file. A damaged header may state a later one, to which
a file of ext4 cannot be moved: it is an error from 16 TiB on."""

OGG_HEADER, OGG_FIRST = 27, 2
"""Bytes of a page's header before its lacing values, and the flag of a first page."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Parameters
    ----------
    name
        Name for people; empty if the kind is unknown.
    libsndfile
        Whether libsndfile may read it; PyAV may read all, perhaps after that failed.
    """

    name: str
    libsndfile: bool


UNKNOWN = Kind("", libsndfile=True)
MP3 = Kind("MP3", libsndfile=True)
_FLAC = Kind("FLAC", libsndfile=True)
_AAC = Kind("AAC", libsndfile=False)
_MP4 = Kind("MP4", libsndfile=False)
_MPEG = Kind("MPEG", libsndfile=False)

# Position, bytes, kind.
_MAGIC = (
    (8, b"WAVE", Kind("WAV", libsndfile=True)),
    (8, b"AVI ", Kind("AVI", libsndfile=False)),
    (8, b"AIF", Kind("AIFF", libsndfile=True)),
    (0, b"fLaC", _FLAC),
    (0, b"OggS", Kind("Ogg", libsndfile=True)),
    (0, b"caff", Kind("CAF", libsndfile=True)),
    *((4, box, _MP4) for box in (b"ftyp", b"moov", b"mdat", b"wide", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", Kind("Matroska or WebM", libsndfile=False)),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("WMA", libsndfile=False)),
    (0, b"FLV\x01", Kind("FLV", libsndfile=False)),
    (0, b"wvpk", Kind("WavPack", libsndfile=False)),
    (0, b"MAC ", Kind("APE", libsndfile=False)),
    (0, b"ADIF", _AAC),
    (0, b"\x00\x00\x01\xba", _MPEG),
)
_TRANSPORT_PACKET = 188
_MOST_ZEROS = 1 << 20
# AC-3, DTS, TTA, RealMedia, AU, W64, AVR, SoX, NIST SPHERE, VOC, WVE, MATLAB 5: their
# decoders recognise them.
_OTHERS = (
    b"\x0b\x77",
    b"\x7f\xfe\x80\x01",
    b"TTA1",
    b".RMF",
    b".snd",
    b"riff\x2e\x91\xcf\x11",
    b"2BIT",
    b".SoX",
    b"XoS.",
    b"NIST_1A\n",
    b"Creative Voice File\x1a",
    b"ALawSoundFile**\0",
    b"MATLAB 5.0 MAT-file",
)
# The same of SVX, MATLAB 4 and sample dumps: places and bytes.
_OTHERS_WITHIN = (
    ((0, b"FORM"), (8, b"8SVX")),
    ((0, b"FORM"), (8, b"16SV")),
    ((20, b"samplerate\0"),),
    ((0, b"\xf0\x7e"), (3, b"\1"), (20, b"\xf7")),
)
# Beginnings of frames where samples should be: IEC 61937, and DTS as on CDs, in words
# of 16 and 14 bits and in either order of bytes, with the bits of a normal frame. The
# first word alone is what a clipped recording with one side inverted may have.
_BITSTREAMS = re.compile(
    rb"\x72\xf8\x1f\x4e|\xfe\x7f\x01\x80.[\xfc-\xff]|\x7f\xfe\x80\x01[\xfc-\xff]"
    rb"|\xff\x1f\x00\xe8[\xf0-\xff]\x07|\x1f\xff\xe8\x00\x07[\xf0-\xff]",
    re.DOTALL,
)
_ID3V1_BYTES, _APE_BYTES, _APE_HAS_HEADER = 128, 32, 1 << 31
_OGG_SOUNDS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")
_ID3_HEADER, _ID3_HAS_FOOTER, _MOST_TAGS = 10, 0x10, 10
_ID3 = re.compile(rb"ID3[\x02-\x04]\0[\0-\xf0][\0-\x7f]{4}", re.DOTALL)

# Layer III, kbit/s by the header's index; MPEG 1, and MPEG 2 and 2.5.
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_1 = (44100, 48000, 32000)
_VBRI_AT = 36


def sniff(file: BinaryIO) -> tuple[Kind, bytes, int]:
    """Recognise the kind of a file.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.

    Returns
    -------
    kind
        `UNKNOWN` if it is not recognised.
    head
        The first bytes, or those after an ID3 tag.
    start
        Position of `head`.
    """
    start = file.seek(0)
    head = file.read(HEAD_BYTES)
    if size := id3_bytes(head):
        start = file.seek(size)
        head = file.read(HEAD_BYTES)
    for position, magic, kind in _MAGIC:
        if head[position : position + len(magic)] == magic:
            return kind, head, start
    if is_mp3(head):
        return MP3, head, start
    size = adts_frame_bytes(head)
    if size and head[size : size + 2] == head[:2]:
        return _AAC, head, start
    packets = head[: 4 * _TRANSPORT_PACKET : _TRANSPORT_PACKET]
    if packets == b"G" * 4:
        return _MPEG, head, start
    return UNKNOWN, head, start


def ogg_sounds(head: bytes) -> int:
    """Return how many streams of sound begin in the first pages of an Ogg file."""
    count = at = 0
    while (
        head[at : at + 4] == b"OggS"
        and len(head) > at + OGG_HEADER
        and head[at + 5] & OGG_FIRST
    ):
        body = at + OGG_HEADER + head[at + OGG_HEADER - 1]
        count += head[body : body + 8].startswith(_OGG_SOUNDS)
        at = body + sum(head[at + OGG_HEADER : body])
    return count


def is_bitstream(head: bytes) -> bool:
    """Return whether a WAV file holds AC-3 or DTS instead of samples.

    It is meant for a receiver; taken for samples it is noise at full scale.
    """
    data = head.find(b"data") if head[8:12] == b"WAVE" else -1
    return data > 0 and _BITSTREAMS.search(head, data + 8) is not None


def are_bitstream(words: bytes) -> bool:
    """Return whether stereo samples of 16 bits are AC-3 or DTS, as on a DTS-CD.

    Parameters
    ----------
    words
        Little-endian samples, some 4096 of either side or more. Two frames have to
        begin at a sample of the first side in the same way: one may do so by chance.
    """
    places = [x for x in _BITSTREAMS.finditer(words) if x.start() % 4 == 0]
    return any(a[0][:4] == b[0][:4] for a, b in pairwise(places))


def sound_start(file: BinaryIO) -> int:
    """Return where a recording of a known kind begins behind zeros, else 0.

    Parameters
    ----------
    file
        Binary file, seekable; its position changes.
    """
    file.seek(0)
    head = file.read(_MOST_ZEROS)
    zeros = len(head) - len(head.lstrip(b"\0"))
    # Some kinds themselves begin with up to three zeros, such as MP4.
    for start in range(zeros, max(zeros - 4, 0), -1):
        file.seek(start)
        if is_sound(file.read(HEAD_BYTES)):
            return start
    return 0


def end_without_tags(file: BinaryIO) -> int:
    """Return the size of a file without ID3v1 and APEv2 tags at its end."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _ID3V1_BYTES))
    if end > _ID3V1_BYTES and file.read(3) == b"TAG":
        end -= _ID3V1_BYTES
    file.seek(max(0, end - _APE_BYTES))
    footer = file.read(_APE_BYTES)
    if footer[:8] == b"APETAGEX" and len(footer) == _APE_BYTES:
        size, flags = struct.unpack("<I4xI", footer[12:24])
        length = size + (_APE_BYTES if flags & _APE_HAS_HEADER else 0)
        end -= length if length < end else 0
    return end


def id3_bytes(head: bytes) -> int:
    """Return the length of the ID3v2 tag at the beginning, 0 if there is none."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER:
        return 0
    size = 0
    for byte in head[6:_ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    footer = _ID3_HEADER if head[5] & _ID3_HAS_FOOTER else 0
    return _ID3_HEADER + size + footer


def bytes_at(file: BinaryIO, position: int, count: int) -> bytes:
    """Return up to `count` bytes from a position on; none behind the end."""
    if position >= FARTHEST:
        return b""
    file.seek(position)
    return file.read(count)


def behind_tags(file: BinaryIO, position: int) -> int:
    """Return the position behind ID3v1 and APEv2 tags that begin at `position`."""
    for _ in range(_MOST_TAGS):
        file.seek(position)
        head = file.read(_APE_BYTES)
        if head[:3] == b"TAG":
            position += _ID3V1_BYTES
        elif head[:8] == b"APETAGEX" and len(head) == _APE_BYTES:
            position += _APE_BYTES + int(struct.unpack_from("<I", head, 12)[0])
        else:
            break
    return position


def is_sound(head: bytes) -> bool:
    """Return whether a recording of a known kind begins with these `HEAD_BYTES`.

    Behind an ID3 tag that is longer, anything may follow.
    """
    if head[:3] == b"ID3" and not _ID3.match(head):
        return False
    if head.startswith(_OTHERS) or any(
        all(head.startswith(magic, at) for at, magic in magics)
        for magics in _OTHERS_WITHIN
    ):
        return True
    kind, _, start = sniff(io.BytesIO(head))
    return bool(kind.name) or start >= len(head) > 0


def is_mp3(head: bytes) -> bool:
    """Return whether a file begins with two consecutive frames of Layer III."""
    size = mp3_frame_bytes(head)
    if not size:
        return False
    following = head[size : size + 4]
    # Version, layer and rate stay the same. A single frame is not enough to tell.
    return (
        mp3_frame_bytes(following) > 0
        and following[1] & 0xFE == head[1] & 0xFE
        and following[2] & 0x0C == head[2] & 0x0C
    )


def mp3_frame_bytes(head: bytes) -> int:
    """Return the length of the Layer III frame at the beginning; 0 if there is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    first = version == 3
    kbits = (_KBITS_1 if first else _KBITS_2)[bitrate]
    hertz = _RATES_1[rate] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * 1000 * kbits // hertz + (head[2] >> 1 & 1)


def vbri_bytes(head: bytes) -> int:
    """Return the length of the first frame if it has a VBRI tag instead of sound.

    Encoders of Fraunhofer write one. FFmpeg skips the frame, libsndfile plays it, and
    ends where a constant bit rate would.
    """
    size = mp3_frame_bytes(head)
    return size if head[_VBRI_AT : _VBRI_AT + 4] == b"VBRI" else 0


def adts_frame_bytes(head: bytes) -> int:
    """Return the length of the AAC frame at the beginning; 0 if there is none."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
