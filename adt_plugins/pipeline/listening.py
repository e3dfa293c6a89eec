"""Runs front end and network over a recording: the first half of the line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.audio import AudioReader
from adt_plugins.base.ahead import Ahead
from adt_plugins.base.cores import several
from adt_plugins.base.progress import Cancel, Progress
from adt_plugins.base.rows import Rows
from adt_plugins.card import ModelCard
from adt_plugins.errors import CancelledError
from adt_plugins.features.frame_blocks import FrameBlock, frame_blocks
from adt_plugins.features.noise_floor import without_noise_before_hits
from adt_plugins.network.inference import Network
from adt_plugins.picking.beginnings import Beginnings

# Blocks of samples (1 MB) and of frames (2 MB) that may be queued between threads; the
# frames last while the network is busy with a batch.
_WAITING_SAMPLES, _WAITING_FRAMES = 2, 16

_Placed = tuple[NDArray[np.float32], float | None]
"""Frames, and the fraction of the recording that has been read."""


class Listened(NamedTuple):
    """The output of front end and network for a recording.

    Parameters
    ----------
    activations
        Activations of the network.
    levels
        Level of each drum's frequency range in dB, shape (frames, drums of the model).
    sounding
        Seconds in which there is sound, see `Beginnings.sounding`.
    """

    activations: Activations
    levels: NDArray[np.float32]
    sounding: float


def listen(
    reader: AudioReader,
    network: Network,
    *,
    offset: float = 0.0,
    progress: Progress = lambda _: None,
    cancel: Cancel | None = None,
    taps: Iterable[Callable[[NDArray[np.float32]], None]] = (),
    threads: int | None = None,
) -> Listened:
    """Run front end and network over a recording.

    Parameters
    ----------
    reader
        The recording.
    network
        The network.
    offset
        Time in the recording at which the reader starts, in seconds.
    progress, cancel
        See `transcribe`.
    taps
        Functions that are called with each block of frames; in another thread if there
        are several.
    threads
        See `transcribe`; live sources are always read in the calling thread.

    Returns
    -------
    Listened
        Activations and levels.
    """
    card = network.card
    reader.wait_for_blocks()
    beginnings = Beginnings(card.front_end)
    samples = reader.expected
    expected = None if samples is None else -(-samples // card.front_end.hop_size)
    levels = Rows(len(card.drums), expected)
    values = Rows(len(card.outputs), expected)

    def framed(samples: Iterable[NDArray[np.float32]]) -> Iterator[_Placed]:
        for block in _frames_of(beginnings.watch(samples), card):
            levels.add(block.levels)
            for tap in taps:
                tap(block.frames)
            yield block.frames, reader.position

    with _running_ahead(reader, framed, threads) as frames:
        watched = _watched(frames, reader.label, progress, cancel)
        for block in network.stream(watched):
            values.add(block)
    table = values.table()
    sounding = beginnings.sounding()
    beginnings.silence(table, card.drum_columns)
    activations = Activations(table, card.outputs, card.front_end.frame_rate, offset)
    return Listened(activations, levels.table(), sounding)


def _frames_of(
    samples: Iterable[NDArray[np.float32]], card: ModelCard
) -> Iterator[FrameBlock]:
    clean = without_noise_before_hits(samples, card.front_end.hop_size)
    return frame_blocks(clean, card.front_end, card.level, card.drums)


@contextmanager
def _running_ahead(
    reader: AudioReader,
    framed: Callable[[Iterable[NDArray[np.float32]]], Iterator[_Placed]],
    threads: int | None,
) -> Iterator[Iterable[_Placed]]:
    """Yield the frames, decoded and computed ahead by threads if `threads` allows."""
    if not several(threads) or reader.is_live:
        yield framed(reader)
        return
    with (
        Ahead(reader, _WAITING_SAMPLES) as samples,
        Ahead(framed(samples), _WAITING_FRAMES) as frames,
    ):
        yield frames


def _watched(
    frames: Iterable[_Placed], label: str, progress: Progress, cancel: Cancel | None
) -> Iterator[NDArray[np.float32]]:
    """Iterate over the frames, report progress, and stop when `cancel` says so."""
    stop = cancel.is_set if isinstance(cancel, threading.Event) else cancel
    for block, position in frames:
        if stop is not None and stop():
            raise CancelledError(f"{label}: cancelled")
        yield block
        if position is not None:
            progress(position)
