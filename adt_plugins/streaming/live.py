"""Reports hits while a drummer plays, a tenth of a second after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins.annotations import Onset
from adt_plugins.audio import SAMPLE_RATE, AudioReader
from adt_plugins.audio.decoder import BlockDecoder
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.causal import CausalNetwork
from adt_plugins.picking.request import check_request
from adt_plugins.streaming.window import Window

LIVE_MODEL = "drums-live"
"""Name of the default model."""


def listen_live(
    blocks: Iterable[NDArray[np.floating] | NDArray[np.integer]],
    sample_rate: int = SAMPLE_RATE,
    *,
    model: str | ModelCard | None = None,
    drums: Iterable[Drum | str] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Iterator[Onset]:
    """Find drum hits as they are played.

    Parameters
    ----------
    blocks
        Samples of shape (n,) or (n, channels), a few milliseconds at a time; or an
        `adt_plugins.audio.open_audio` of a pipe.
    sample_rate
        Sample rate in Hz.
    model
        Name, path or card of a model with a look-ahead; None: `LIVE_MODEL`.
    drums, thresholds
        See `adt_plugins.pipeline.transcribe`.

    Yields
    ------
    Onset
        Hits in seconds from the first sample, reported at most `live_delay` plus the
        input's latency after they were played. Velocities are relative to earlier hits.

    Raises
    ------
    ModelError
        If the model has no look-ahead, or cannot be used.
    AudioError
        If the samples are not valid.
    """
    card = model if isinstance(model, ModelCard) else find_model(model or LIVE_MODEL)
    network = CausalNetwork(card)
    chosen = check_request(card, drums, thresholds)
    if not isinstance(blocks, AudioReader):
        blocks = AudioReader(BlockDecoder(blocks, sample_rate))
    return _onsets(blocks, network, chosen, thresholds)


def live_delay(card: ModelCard) -> float:
    """Return the longest time from a hit to its report, without the input's latency."""
    front = card.front_end
    frames = card.delay * front.frame_rate + _ahead(card) + 1
    return frames / front.frame_rate + front.frame_size / 2 / front.sample_rate


def _ahead(card: ModelCard) -> int:
    """Return how many frames after a hit picking looks at."""
    picker = card.picker
    # At least one: times between frames are interpolated from both neighbours.
    seconds = max(picker.post_avg, picker.post_max, 1 / card.front_end.frame_rate)
    return round(seconds * card.front_end.frame_rate)


def _onsets(
    reader: AudioReader,
    network: CausalNetwork,
    drums: set[Drum] | None,
    thresholds: Mapping[str, float] | None,
) -> Iterator[Onset]:
    card = network.card
    window = Window(card, drums, thresholds, ahead=_ahead(card))
    with reader:
        frames = frame_blocks(reader, card.front_end, card.level, card.drums, at_once=1)
        for block in frames:
            if len(block.frames):
                yield from window.take(network.process(block.frames), block.levels)
    yield from window.finish()
