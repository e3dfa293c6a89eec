"""Hears what lies around a part as well, so that the part is that of the whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from adt_plugins.audio import LATEST_S, SAMPLE_RATE, AudioReader, open_audio
from adt_plugins.audio.opening import AudioSource
from adt_plugins.card import ModelCard
from adt_plugins.errors import AudioError
from adt_plugins.pipeline.request import Part

_AROUND_S, _LESS_S = 300.0, 30.0
"""Time around a part that is heard for its sake (experiments 56 and 61), and where the
rest is damaged, or behind the part would have to be waited for."""

_T = TypeVar("_T")


def heard_around(
    source: AudioSource,
    part: Part,
    card: ModelCard,
    hear: Callable[[AudioReader], _T],
) -> _T:
    """Hear a part with what lies around it, or with less of it if that is damaged.

    Parameters
    ----------
    source
        The recording.
    part
        The part of it.
    card
        The model.
    hear
        Reads a whole reader. Called again, for another, where there is damage that may
        lie outside the part.

    Returns
    -------
    object
        What `hear` returned for the most that is not damaged, or no more damaged than
        the part itself.

    Raises
    ------
    AudioError, MissingDependencyError
        If not even the part itself can be read; see `open_audio`.
    """
    most, less, least = (
        samples_around(card, part.start, part.end, seconds)
        for seconds in (_AROUND_S, _LESS_S, 0)
    )
    none = Around(0, 0)
    best: tuple[_T, list[str]] | None = None
    for around in dict.fromkeys((most, less, least, none)):
        with open_audio(
            source, start=part.start, end=part.end, track=part.track, around=around
        ) as reader:
            if reader.is_live:
                reader.trail = less.behind
            try:
                result = hear(reader)
            except AudioError:
                if best is None and (reader.is_live or around == none):
                    raise
                continue
        if best is not None and reader.damage == best[1]:
            break  # it lies in the part itself
        if reader.is_live or not reader.damage:
            return result
        best = best or (result, reader.damage)
    assert best is not None
    return best[0]


class Around(NamedTuple):
    """Samples at 44.1 kHz to read before and behind a part as well."""

    before: int
    behind: int


def samples_around(
    card: ModelCard, start: float, end: float | None, seconds: float = _AROUND_S
) -> Around:
    """Return how much to read around a part, to get the same as in the whole.

    The network reads each chunk with its context. The chunks of a part are those of the
    whole recording, and the level rule starts a chunk earlier. The time around it tells
    the tempo, similar bars, and which drums there are.

    Parameters
    ----------
    card
        The model.
    start, end
        The part, in seconds; None: to the end of the recording.
    seconds
        Least time around it that is heard for its sake.
    """
    if not 0 <= start <= LATEST_S:
        return Around(0, 0)  # the reader refuses them
    hop, geometry = card.front_end.hop_size, card.geometry
    chunk = geometry.core * hop
    first = round(start * SAMPLE_RATE)
    more = math.ceil(seconds * SAMPLE_RATE / chunk)
    before = first - max(0, first // chunk - 1 - more) * chunk
    if end is None or not end <= LATEST_S:
        return Around(before, 0)
    last = round(end * SAMPLE_RATE)
    stop = (last // chunk + 1 + more) * chunk + geometry.context * hop
    return Around(before, stop - last + card.front_end.frame_size)
