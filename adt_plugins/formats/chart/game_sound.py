"""Writes the song's sound as games read it: Ogg with Opus or Vorbis.

It is one file or two: what remains without the drums, and the drums, which a game can
mute while the player misses them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.channels import ChannelReader
from adt_plugins.audio.resample import open_resampler
from adt_plugins.transcription import Transcription

Codec = Literal["OPUS", "VORBIS"]

_RATE = 48000


def write_song(source: Any, path: Path, codec: Codec) -> float:
    """Write a recording at 48 kHz, with up to two channels.

    Parameters
    ----------
    source
        See `adt_plugins.separate`.
    path, codec
        The Ogg file, and its codec.

    Returns
    -------
    float
        Its length in seconds.
    """
    from adt_plugins.audio.sound_file import write_sound

    with ChannelReader(source) as reader:
        channels = min(reader.channels or 1, 2)
        frames = write_sound(
            path,
            (np.clip(block, -1, 1) for block in _resampled(reader, channels)),
            sample_rate=_RATE,
            channels=channels,
            form="OGG",
            subtype=codec,
        )
    return frames / _RATE


def write_separated(
    transcription: Transcription, source: Any, rest: Path, drums: Path, codec: Codec
) -> float:
    """Write the recording without its drums, and its drums.

    Parameters
    ----------
    transcription, source
        See `adt_plugins.separate`.
    rest, drums, codec
        See `write_song`, also for what is returned.

    Raises
    ------
    AdtError
        If the recording cannot be read, or has too many channels to be separated.
    """
    from adt_plugins.separation.files import DRUMLESS, DRUMS, write_stems
    from adt_plugins.separation.separator import Separator

    with TemporaryDirectory(prefix="adt-game-") as folder:
        place = Path(os.path.realpath(folder))
        stems = write_stems(Separator(transcription, source), place, "song")
        write_song(stems[DRUMS], drums, codec)
        return write_song(stems[DRUMLESS], rest, codec)


def _resampled(reader: ChannelReader, channels: int) -> Iterator[NDArray[np.float32]]:
    rate = reader.info.sample_rate
    resampler = None
    if rate != _RATE:
        resampler = open_resampler(rate, _RATE, channels)
    for block in reader:
        samples = block
        if block.shape[1] > channels:
            mixed = block.mean(axis=1, keepdims=True)
            samples = np.repeat(mixed, channels, axis=1)
        if resampler is not None:
            samples = resampler.resample_chunk(np.ascontiguousarray(samples))
        yield samples
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros((0, channels), np.float32), last=True)
