"""Writes the song's sound as games read it: Ogg with Opus or Vorbis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.channels import ChannelReader
from adt_plugins.audio.resample import open_resampler

_RATE = 48000


def write_song(source: Any, path: Path, codec: Literal["OPUS", "VORBIS"]) -> float:
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
