"""Reads audio: a file, a file object or an array becomes mono float32 at 44.1 kHz.

libsndfile reads WAV, FLAC, OGG, MP3, AIFF and others; PyAV (extra ``av``) reads M4A,
AAC and the sound of MP4, MKV, WebM and other videos. Everything is read in blocks, so
that memory is bounded.

Times count from the first sample that a player plays: an encoder's delay is removed if
the file states it (LAME's tag, edit lists, Opus). MP3 files without that tag and raw
AAC streams do not: their sound is 1105 and 1024 samples late, here as in other
programs.
"""

from adt_plugins.audio.reader import (
    LATEST_S,
    SAMPLE_RATE,
    AudioInfo,
    AudioReader,
    load_audio,
    open_audio,
)

__all__ = [
    "LATEST_S",
    "SAMPLE_RATE",
    "AudioInfo",
    "AudioReader",
    "load_audio",
    "open_audio",
]
