"""Velocities of hits that a user has added, measured in the sound."""

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
    reference: Iterable[Onset] = (),
) -> list[Onset]:
    """Give hits the velocities that they have in a recording.

    Parameters
    ----------
    reader
        The recording, from its first sample on.
    card
        Card of the model whose front end is used.
    fresh
        Hits without velocities.
    reference
        Hits of the same recording with correct velocities: the new ones are put on
        their scale, drum by drum. Without any, hits are compared with each other.

    Returns
    -------
    list of Onset
        `fresh` with their velocities, in the same order.
    """
    blocks = frame_blocks(reader, card.front_end, card.level, _COARSE)
    none = np.zeros((0, len(_COARSE)), np.float32)
    level = np.concatenate([none, *(block.levels for block in blocks)])
    rate = card.front_end.frame_rate
    result = list(fresh)
    others = [onset for onset in reference if onset.time < len(level) / rate]
    for column, drum in enumerate(_COARSE):
        members = [i for i, onset in enumerate(result) if onset.drum.coarse is drum]
        beside = [onset for onset in others if onset.drum.coarse is drum]
        if not members:
            continue

        def strength(
            onsets: Iterable[Onset], column: int = column
        ) -> NDArray[np.float64]:
            frames = np.rint([onset.time * rate for onset in onsets]).astype(np.int64)
            return velocity.strengths(level[:, column], frames, rate)

        new = strength(result[i] for i in members)
        if beside:
            measured_velocities = velocity.beside(
                new, strength(beside), [onset.velocity for onset in beside]
            )
        else:
            measured_velocities = velocity.relative(new, new)
        for i, value in zip(members, measured_velocities.tolist(), strict=True):
            result[i] = replace(result[i], velocity=value)
    return result
