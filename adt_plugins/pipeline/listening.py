"""The first half of the line: a recording through the front end and the network."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.audio import SAMPLE_RATE, AudioReader
from adt_plugins.base.ahead import Ahead
from adt_plugins.base.cores import several
from adt_plugins.base.progress import Progress
from adt_plugins.card import ModelCard
from adt_plugins.errors import CancelledError
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.features.noise_floor import without_noise_before_hits
from adt_plugins.network.inference import Network
from adt_plugins.picking.beginnings import Beginnings

Cancel = threading.Event | Callable[[], bool]


# Blocks of samples, and of frames, that wait between threads: 1 MB, and as many
# seconds as the network hears while it does not take any, 2 MB.
_WAITING_SAMPLES, _WAITING_FRAMES = 4, 32

_Placed = tuple[NDArray[np.float32], float | None]
"""Frames, and how much of the recording has been read."""


class Heard(NamedTuple):
    """What front end and network said of a recording.

    Parameters
    ----------
    activations
        Their values have the shape (frames, outputs).
    levels
        Shape (frames, drums of the model), dB: how loud each drum's bands are.
    """

    activations: Activations
    levels: NDArray[np.float32]


def listen(
    reader: AudioReader,
    network: Network,
    *,
    offset: float = 0.0,
    progress: Progress = lambda _: None,
    cancel: Cancel | None = None,
    taps: Iterable[Callable[[NDArray[np.float32]], None]] = (),
    threads: int | None = None,
) -> Heard:
    """Run front end and network over a recording.

    Parameters
    ----------
    reader
        The recording.
    network
        The network.
    offset
        Where the reader starts in the recording, in seconds.
    progress, cancel
        See `transcribe`.
    taps
        Each gets the frames too, block by block.
    threads
        See `transcribe`; what comes from elsewhere as it is read is decoded in this
        one. `taps` are called in another one if there are more.

    Returns
    -------
    Heard
        Activations, and the levels of the drums.
    """
    card = network.card
    levels = [np.zeros((0, len(card.drums)), np.float32)]
    beginnings = Beginnings(card.front_end)
    stop = cancel.is_set if isinstance(cancel, threading.Event) else cancel

    def heard(samples: Iterable[NDArray[np.float32]]) -> Iterator[_Placed]:
        blocks = without_noise_before_hits(
            beginnings.watch(samples), card.front_end.hop_size
        )
        for block in frame_blocks(blocks, card.front_end, card.level, card.drums):
            levels.append(block.levels)
            for tap in taps:
                tap(block.frames)
            yield block.frames, reader.position

    def watched(blocks: Iterable[_Placed]) -> Iterator[NDArray[np.float32]]:
        for frames, position in blocks:
            if stop is not None and stop():
                raise CancelledError(f"{reader.label}: cancelled")
            yield frames
            if position is not None:
                progress(position)

    values = [np.zeros((0, len(card.outputs)), np.float32)]
    if several(threads) and not reader.is_live:
        with (
            Ahead(reader, _WAITING_SAMPLES) as samples,
            Ahead(heard(samples), _WAITING_FRAMES) as frames,
        ):
            values += network.stream(watched(frames))
    else:
        values += network.stream(watched(heard(reader)))
    said = beginnings.silence(np.concatenate(values), card.drum_columns)
    activations = Activations(said, card.outputs, card.front_end.frame_rate, offset)
    return Heard(activations, np.concatenate(levels))


def samples_around(card: ModelCard, start: float, end: float | None) -> tuple[int, int]:
    """How many samples around a part to hear too, so that it sounds as in the whole.

    The network hears each chunk with its context. The part is heard in the chunks of
    the whole recording, and the level rule knows what was loud a chunk before.
    """
    if not (math.isfinite(start) and start >= 0):
        return 0, 0  # which the reader refuses
    hop, geometry = card.front_end.hop_size, card.geometry
    chunk = geometry.core * hop
    first = round(start * SAMPLE_RATE)
    before = first - max(0, first // chunk - 1) * chunk
    if end is None or not math.isfinite(end):
        return before, 0
    last = round(end * SAMPLE_RATE)
    stop = (last // chunk + 1) * chunk + geometry.context * hop
    return before, stop - last + card.front_end.frame_size
