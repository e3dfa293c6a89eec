"""Finds the channels of a recording for low-frequency effects (LFE)."""

from __future__ import annotations

import re
import struct

_EXTENSIBLE = 0xFFFE
_LFE_BIT = 3  # in the channel mask of WAVE_FORMAT_EXTENSIBLE
_MASK_AT = 20

# RFC 9639, table 8; the Vorbis I specification, 4.3.9, and RFC 7845 after it.
_FLAC_LFE = {6: 3, 7: 3, 8: 3}
_OGG_LFE = {6: 5, 7: 6, 8: 7}
_FLAC_MASK = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x([0-9a-fA-F]{1,8})")


def low_channels(head: bytes, channels: int) -> tuple[int, ...]:
    """Return the numbers of the LFE channels, from 0.

    Parameters
    ----------
    head
        First bytes of a WAV, FLAC or Ogg file. Other files, and WAV files without a
        channel mask, have no LFE channel.
    channels
        Number of channels.
    """
    if head[8:12] == b"WAVE":
        at = head.find(b"fmt ")
        return low_channels_of_format(head[at + 8 :], channels) if at > 0 else ()
    if head[:4] == b"fLaC":
        mask = _FLAC_MASK.search(head)
        if mask is not None:
            return _of_mask(int(mask[1], 16), channels)
        return (_FLAC_LFE[channels],) if channels in _FLAC_LFE else ()
    if head[:4] == b"OggS":
        return (_OGG_LFE[channels],) if channels in _OGG_LFE else ()
    return ()


def low_channels_of_format(form: bytes, channels: int) -> tuple[int, ...]:
    """Return the same, given the content of a WAV file's chunk ``fmt``."""
    if len(form) < _MASK_AT + 4 or struct.unpack_from("<H", form)[0] != _EXTENSIBLE:
        return ()
    return _of_mask(struct.unpack_from("<I", form, _MASK_AT)[0], channels)


def _of_mask(mask: int, channels: int) -> tuple[int, ...]:
    place = (mask & ((1 << _LFE_BIT) - 1)).bit_count()
    return (place,) if mask >> _LFE_BIT & 1 and place < channels else ()
