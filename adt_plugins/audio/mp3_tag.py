"""Reads the delay and padding that an MP3 encoder put around the sound.

An encoder begins with some silence and fills up the last frame; the tag that LAME
introduced, in the first frame of the file, states how many samples both have, so that a
decoder can drop them. The format is that of the "Mp3 Info Tag" of LAME.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from adt_plugins.audio.sniff import MP3, sniff

DECODER_DELAY = 529
"""Delay in samples of every MP3 decoder, caused by its filters."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_TAGS = (b"Xing", b"Info")
_AFTER_FLAGS = 8  # the tag's name and its flags
_FIELDS = (4, 4, 100, 4)  # frames, bytes, table of contents, quality: each if its flag
_LAME_DELAYS = 21  # position in what LAME appended


@dataclass(frozen=True)
class EncoderDelay:
    """Silence around the sound of an MP3 file.

    Parameters
    ----------
    before, behind
        Samples of silence before and after the sound.
    rate
        Sample rate in Hz.
    """

    before: int
    behind: int
    rate: int

    @property
    def late_s(self) -> float:
        """Delay in seconds if a decoder ignores the tag."""
        return (self.before + DECODER_DELAY) / self.rate

    @property
    def longer_s(self) -> float:
        """Additional length in seconds then: both silences."""
        return (self.before + self.behind) / self.rate


def encoder_delay(path: str | os.PathLike[str]) -> EncoderDelay | None:
    """Read the tag of an MP3 file; None for other files, and without a tag."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - any path
            kind, head, _ = sniff(file)
    except OSError:
        return None
    if kind is not MP3 or len(head) < 200:
        return None
    version, mono = head[1] >> 3 & 3, head[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    start = 4 + side
    if head[start : start + 4] not in _TAGS:
        return None
    flags = int.from_bytes(head[start + 4 : start + 8], "big")
    at = start + _AFTER_FLAGS
    at += sum(size for bit, size in enumerate(_FIELDS) if flags >> bit & 1)
    delays = head[at + _LAME_DELAYS : at + _LAME_DELAYS + 3]
    packed = int.from_bytes(delays, "big")
    if len(delays) < 3 or packed == 0:
        return None
    rate = _RATES[version][head[2] >> 2 & 3]
    return EncoderDelay(packed >> 12, packed & 0xFFF, rate)
