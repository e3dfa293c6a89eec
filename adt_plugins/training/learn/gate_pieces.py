"""Hits of clips with and without drums, from which the song gate is learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import ModelCard
from adt_plugins.picking.peaks import heights, pick_peaks
from adt_plugins.picking.song_gate import Clearness, regularity
from adt_plugins.training.learn.clips import Clip
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.targets import OUTPUTS, column

Frames = NDArray[np.float32]
RunNetwork = Callable[[Frames], Frames]

CHAIN = 3
"""Clips in a chain: each is 20 s long."""

_WINDOW_S = 0.05


@dataclass(frozen=True)
class Piece:
    """The hits of a recording.

    Parameters
    ----------
    heights
        Drum to the heights of its hits, in order of time; see `peaks.heights`.
    true
        Drum to whether each of these is a true hit.
    duration
        Duration of the recording, in seconds.
    regularity
        See `song_gate.regularity`.
    """

    heights: dict[str, NDArray[np.float64]]
    true: dict[str, NDArray[np.bool_]]
    duration: float
    regularity: float = 0.0

    @cached_property
    def clearness(self) -> Clearness:
        """The measure that the gate decides by."""
        sorted_heights = {d: np.sort(x)[::-1] for d, x in self.heights.items()}
        return Clearness(sorted_heights, self.duration, self.regularity)

    @property
    def hits(self) -> int:
        """Number of hits of all drums."""
        return sum(len(heights) for heights in self.heights.values())


def chain(pieces: Sequence[Piece], seed: int, length: int = CHAIN) -> list[Piece]:
    """Join pieces to longer ones.

    Parameters
    ----------
    pieces
        Pieces of the same card.
    seed
        Seed of their random order.
    length
        Number of pieces in each of the results; those left over are omitted.
    """
    order = np.random.default_rng(seed).permutation(len(pieces))
    result = []
    for first in range(0, len(pieces) - length + 1, length):
        members = [pieces[i] for i in order[first : first + length]]
        result.append(
            Piece(
                {
                    d: np.concatenate([p.heights[d] for p in members])
                    for d in members[0].true
                },
                {
                    d: np.concatenate([p.true[d] for p in members])
                    for d in members[0].true
                },
                sum(piece.duration for piece in members),
                sum(p.regularity * p.hits for p in members)
                / max(1, sum(p.hits for p in members)),
            )
        )
    return result


def gather(
    clips: Iterable[Clip],
    recipe: Recipe,
    mixer: Mixer,
    run_network: RunNetwork,
    card: ModelCard,
) -> list[Piece]:
    """Mix clips with a recipe, and pick the hits at the card's thresholds.

    Parameters
    ----------
    clips
        Clips, each used once as a whole.
    recipe
        What the mixer puts beside the drums, or instead of them.
    mixer
        Mixer; it keeps this recipe.
    run_network
        Function from frames (frames, bands) to activations (frames, outputs).
    card
        Card with picker, thresholds and outputs of the network.
    """
    mixer.recipe, pieces = recipe, []
    rate = card.front_end.frame_rate
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([number, 7])
        frames = int(clip.duration * rate)
        values = run_network(mixer.example(clip, frames, rng, start=0.0).frames)
        onsets = [] if recipe.drumless else clip.onsets
        picked_heights, true, times = {}, {}, []
        for drum in card.drums:
            activation = values[:, card.outputs.index(drum)]
            picked = pick_peaks(activation, card.thresholds[drum], card.picker, rate)
            wanted = np.array([t for t, c, _ in onsets if OUTPUTS[column(c)] == drum])
            gaps = np.abs(picked[:, None] / rate - wanted[None]).min(
                axis=1, initial=np.inf
            )
            picked_heights[drum] = heights(activation, picked, card.picker, rate)
            true[drum] = gaps <= _WINDOW_S
            times.append(picked)
        regular = regularity(times, frames, rate)
        pieces.append(Piece(picked_heights, true, frames / rate, regular))
    return pieces
