"""The only loop over samples: turns blocks into frames and the drums' levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, LevelRule
from adt_plugins.features.band_levels import BandLevels
from adt_plugins.features.spectrogram import BLOCK_FRAMES, Spectrogram


class FrameBlock(NamedTuple):
    """Neighbouring frames of a recording.

    Parameters
    ----------
    frames
        What the network reads, shape (n, bands), n >= 0.
    levels
        Level of each drum's frequency range in dB, shape (n, drums).
    """

    frames: NDArray[np.float32]
    levels: NDArray[np.float32]


def frame_blocks(
    reader: Iterable[NDArray[np.float32]],
    front_end: FrontEnd,
    level: LevelRule | None,
    drums: Sequence[str],
    at_once: int = BLOCK_FRAMES,
) -> Iterator[FrameBlock]:
    """Turn a recording into frames, one block for each of the reader's.

    Parameters
    ----------
    reader
        Samples of the recording, each block of shape (n,), at the front end's sample
        rate: for instance an `AudioReader`.
    front_end, level
        See `adt_plugins.features.spectrogram.Spectrogram`.
    drums
        Codes of the drums whose levels are measured.
    at_once
        See `adt_plugins.features.spectrogram.Spectrogram`.

    Yields
    ------
    FrameBlock
        A block may be empty: frames are delayed, and the last follow the last samples.
    """
    spectrogram = Spectrogram(front_end, level, at_once)
    band_levels = BandLevels(front_end, drums)
    for samples in reader:
        frames, gains = spectrogram.process(samples)
        yield FrameBlock(frames, band_levels.process(frames, gains))
    frames, gains = spectrogram.finish()
    yield FrameBlock(frames, band_levels.process(frames, gains))
