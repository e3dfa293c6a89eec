"""Transcribes a recording while it is still being made, a few seconds behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins.annotations import Onset
from adt_plugins.audio import SAMPLE_RATE, AudioReader
from adt_plugins.audio.decoder import BlockDecoder
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import ModelError
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.features.noise_floor import LATE_FRAMES, without_noise_before_hits
from adt_plugins.features.spectrogram import BLOCK_FRAMES
from adt_plugins.network.inference import Network
from adt_plugins.picking.beginnings import Beginnings
from adt_plugins.picking.request import check_request
from adt_plugins.pipeline import Model, open_network
from adt_plugins.streaming.window import Window

# Frames after a hit that must be known: for moving averages, for hits that may exclude
# it, and for the rise of its level.
_AHEAD = 20


def transcribe_stream(
    blocks: Iterable[NDArray[np.floating] | NDArray[np.integer]],
    sample_rate: int = SAMPLE_RATE,
    *,
    model: Model | None = None,
    drums: Iterable[Drum | str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    fine: bool = False,
    chunks: int = 1,
) -> Iterator[Onset]:
    """Find drum hits while a recording arrives, for as long as it does.

    The hits and their times are those of `transcribe` without its `song_gate` and its
    `beats`, which need the whole recording, and without the soft strokes of fast rolls,
    which only later strokes reveal; velocities are relative to earlier hits only. Hits
    are reported at most `delay` after they were played: 12.4 s with the default model,
    whose network processes 10 s at a time with 1.3 s of context. Memory use is
    constant.

    Parameters
    ----------
    blocks
        Samples of shape (n,) or (n, channels), of any n; or an
        `adt_plugins.audio.open_audio` of a pipe.
    sample_rate
        Sample rate in Hz.
    model, drums, thresholds
        See `adt_plugins.pipeline.transcribe`.
    fine
        Refused: finer drums are distinguished by comparing hits with later ones.
    chunks
        Chunks that are collected before the network runs: 1 reports soonest, the
        card's batch costs least. With the default model, five minutes took 1.2 s of
        one core with 1, and 1.0 s with 7, which reports after at most 75 s.

    Yields
    ------
    Onset
        Hits sorted by time, in seconds from the first sample.

    Raises
    ------
    ModelError
        If the model cannot be used, or its thresholds depend on the whole recording
        (ADTLib's picker).
    AudioError
        If the samples are not valid.
    ValueError
        If `chunks` is not 1 to the card's batch.
    """
    network = open_network(model)
    card = network.card
    if not 1 <= chunks <= card.geometry.batch:
        raise ValueError(f"chunks: {chunks} is not 1 to {card.geometry.batch}")
    if fine:
        raise ModelError("finer drums need the whole recording: use transcribe")
    if card.picker.rows:
        raise ModelError(
            f"model {card.name!r} needs the whole recording: its thresholds follow it"
        )
    chosen = check_request(card, drums, thresholds)
    if not isinstance(blocks, AudioReader):
        blocks = AudioReader(BlockDecoder(blocks, sample_rate))
    return _onsets(blocks, network, chosen, thresholds, chunks)


def delay(card: ModelCard, chunks: int = 1) -> float:
    """Return how many seconds after a hit it is reported, at most.

    Parameters
    ----------
    card
        Card of the model.
    chunks
        See `transcribe_stream`.
    """
    frames = card.geometry.core * chunks + card.geometry.context
    frames += BLOCK_FRAMES + _AHEAD + LATE_FRAMES
    window = card.front_end.frame_size / card.front_end.sample_rate
    return frames / card.front_end.frame_rate + window


def _onsets(
    reader: AudioReader,
    network: Network,
    drums: set[Drum] | None,
    thresholds: Mapping[str, float] | None,
    chunks: int,
) -> Iterator[Onset]:
    card = network.card
    levels: deque[NDArray[np.float32]] = deque()
    window = Window(card, drums, thresholds, ahead=_AHEAD)
    beginnings = Beginnings(card.front_end)
    frame = 0
    with reader:
        frames = _frames(reader, card, levels, beginnings)
        for block in network.stream(frames, chunks):
            beginnings.silence(block, card.drum_columns, frame)
            frame += len(block)
            waiting = np.concatenate(levels)
            levels.clear()
            levels.append(waiting[len(block) :])
            yield from window.take(block, waiting[: len(block)])
    yield from window.finish()


def _frames(
    reader: AudioReader,
    card: ModelCard,
    levels: deque[NDArray[np.float32]],
    beginnings: Beginnings,
) -> Iterator[NDArray[np.float32]]:
    samples = without_noise_before_hits(
        beginnings.watch(reader), card.front_end.hop_size
    )
    for block in frame_blocks(samples, card.front_end, card.level, card.drums):
        levels.append(block.levels)
        yield block.frames
