"""Finds the channels of a recording for low-frequency effects (LFE)."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from adt_plugins.audio.unfinished import find_chunk

_EXTENSIBLE = 0xFFFE
_LFE_BIT = 3  # in the channel mask of WAVE_FORMAT_EXTENSIBLE
_MASK_AT = 20

# RFC 9639, table 8; the Vorbis I specification, 4.3.9, and RFC 7845 after it.
_FLAC_LFE = {6: 3, 7: 3, 8: 3}
_OGG_LFE = {6: 5, 7: 6, 8: 7}
_OPUS_FAMILY_AT = 18  # in its first packet
# Core Audio's layouts: MPEG 5.1 A to D, 6.1 A, 7.1 A to C; DVD 4, 5, 6, 10, 11, 18.
_CORE_AUDIO_LFE = {121: 3, 122: 5, 123: 5, 124: 5, 125: 3, 126: 3, 127: 7, 128: 3}
_CORE_AUDIO_LFE |= {133: 2, 134: 2, 135: 2, 136: 3, 137: 3, 138: 4}
# Two tags that lead elsewhere.
_CORE_AUDIO_MASK, _CORE_AUDIO_LABELS, _LABEL_BYTES, _LFE_LABEL = 0x10000, 0, 20, 4

_W64_FORMAT, _W64_HEADER_BYTES = b"fmt \xf3\xac\xd3\x11", 24
_FLAC_MASK = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x([0-9a-fA-F]{1,8})")


def low_channels(file: BinaryIO, head: bytes, channels: int) -> tuple[int, ...]:
    """Return the numbers of the LFE channels, from 0.

    Parameters
    ----------
    file
        WAV, W64, AIFF, CAF, FLAC or Ogg file, seekable; its position changes. Other
        files, and files that do not describe their channels, have no LFE channel.
    head
        Its first bytes. A WAV file may say how it is made behind them.
    channels
        Number of channels.
    """
    if head[8:12] == b"WAVE":
        size, start = find_chunk(file, b"fmt ")
        file.seek(start)
        return low_channels_of_format(file.read(size if start else 0), channels)
    if head[:4] == b"riff":
        at = head.find(_W64_FORMAT)
        form = head[at + _W64_HEADER_BYTES :] if at > 0 else b""
        return low_channels_of_format(form, channels)
    if head[:4] in (b"caff", b"FORM"):
        return _of_core_audio(head, channels)
    if head[:4] == b"fLaC":
        return _of_flac(head, channels)
    return _of_ogg(head, channels) if head[:4] == b"OggS" else ()


def low_channels_of_format(form: bytes, channels: int) -> tuple[int, ...]:
    """Return the same, given the content of a WAV file's chunk ``fmt``."""
    if len(form) < _MASK_AT + 4 or struct.unpack_from("<H", form)[0] != _EXTENSIBLE:
        return ()
    return _of_mask(struct.unpack_from("<I", form, _MASK_AT)[0], channels)


def _of_core_audio(head: bytes, channels: int) -> tuple[int, ...]:
    """Return the same, given a file with Core Audio's chunk ``chan``."""
    at = head.find(b"chan") + 12 if head[:4] == b"caff" else head.find(b"CHAN") + 8
    if at < 12 or len(head) < at + 12:
        return ()
    tag, mask, count = struct.unpack_from(">III", head, at)
    if tag == _CORE_AUDIO_MASK:
        return _of_mask(mask, channels)
    if tag == _CORE_AUDIO_LABELS:
        labels = head[at + 12 : at + 12 + _LABEL_BYTES * min(count, channels)]
        low = _LFE_LABEL.to_bytes(4, "big")
        return tuple(
            place // _LABEL_BYTES
            for place in range(0, len(labels), _LABEL_BYTES)
            if labels[place : place + 4] == low
        )
    place = _CORE_AUDIO_LFE.get(tag >> 16, channels)
    return (place,) if place < channels == tag & 0xFFFF else ()


def _of_flac(head: bytes, channels: int) -> tuple[int, ...]:
    mask = _FLAC_MASK.search(head)
    if mask is not None:
        return _of_mask(int(mask[1], 16), channels)
    return _of_order(_FLAC_LFE, channels)


def _of_ogg(head: bytes, channels: int) -> tuple[int, ...]:
    opus = head.find(b"OpusHead") + _OPUS_FAMILY_AT
    # Other families are ambisonics, or channels without a meaning.
    is_usual = opus < _OPUS_FAMILY_AT or head[opus : opus + 1] == b"\1"
    return _of_order(_OGG_LFE, channels) if is_usual else ()


def _of_order(places: dict[int, int], channels: int) -> tuple[int, ...]:
    return (places[channels],) if channels in places else ()


def _of_mask(mask: int, channels: int) -> tuple[int, ...]:
    place = (mask & ((1 << _LFE_BIT) - 1)).bit_count()
    return (place,) if mask >> _LFE_BIT & 1 and place < channels else ()
