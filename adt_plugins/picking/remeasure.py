"""How hard hits are that somebody has added, from the sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adt_plugins.annotations import Onset
from adt_plugins.audio import AudioReader
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.picking import velocity

_COARSE = tuple(drum for drum in Drum if drum is drum.coarse)


def measured(
    reader: AudioReader,
    card: ModelCard,
    fresh: Sequence[Onset],
    known: Iterable[Onset] = (),
) -> list[Onset]:
    """Give hits the velocities that they have in a recording.

    Parameters
    ----------
    reader
        The recording, from its first sample on.
    card
        Card of the model whose front end is used.
    fresh
        The hits.
    known
        Hits of the same recording whose velocities are right: new ones are put on
        their scale, drum by drum. Without any, hits are compared with each other.

    Returns
    -------
    list of Onset
        `fresh` with velocities, in the same order.
    """
    blocks = frame_blocks(reader, card.front_end, card.level, _COARSE)
    none = np.zeros((0, len(_COARSE)), np.float32)
    level = np.concatenate([none, *(block.levels for block in blocks)])
    rate = card.front_end.frame_rate
    found = list(fresh)
    others = [onset for onset in known if onset.time < len(level) / rate]
    for column, drum in enumerate(_COARSE):
        own = [i for i, onset in enumerate(found) if onset.drum.coarse is drum]
        beside = [onset for onset in others if onset.drum.coarse is drum]
        if not own:
            continue

        def strength(
            onsets: Iterable[Onset], column: int = column
        ) -> NDArray[np.float64]:
            frames = np.rint([onset.time * rate for onset in onsets]).astype(np.int64)
            return velocity.strengths(level[:, column], frames, rate)

        new = strength(found[i] for i in own)
        if beside:
            speeds = velocity.beside(
                new, strength(beside), [onset.velocity for onset in beside]
            )
        else:
            speeds = velocity.relative(new, new)
        for i, speed in zip(own, speeds.tolist(), strict=True):
            found[i] = replace(found[i], velocity=speed)
    return found
