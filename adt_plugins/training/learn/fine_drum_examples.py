"""Collects features of a network's picks in training clips, and their true kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.network.inference import Network
from adt_plugins.picking.fine_drums import (
    RECURRING,
    BroadBands,
    Kinds,
    agreeing,
    attack_frames,
    describe,
)
from adt_plugins.picking.onsets import onsets_of, pick_hits
from adt_plugins.picking.recurrence import SimilarBars, weigh
from adt_plugins.rhythm.beats import has_beats
from adt_plugins.rhythm.chord_changes import Harmony
from adt_plugins.rhythm.clear_beats import find_clear_beats
from adt_plugins.training.learn.clips import Clip
from adt_plugins.training.learn.mixing import Mixer, Recipe

Floats = NDArray[np.float32]

CLASSES: dict[Drum, tuple[str, ...]] = {
    Drum.HH: ("CHH", "OHH", "PHH"),
    Drum.CY: ("RDC", "CRC", ""),
    Drum.TT: ("HIT", "MHT", "LFT"),
}
"""Kinds of each coarse drum; ``""`` stands for those that are never reported."""

MERGED = {"RDB": "RDC", "CHC": "", "SPC": "", "HFT": "LFT"}
"""Kinds that count as another: a stroke on the bell as one on the ride. Chinas and
splashes are too few to learn from; performances name a single floor tom either way."""

MATCH_S = 0.03
"""Greatest distance of a pick from its hit."""


@dataclass(frozen=True)
class FineDrumExamples:
    """Picks of one coarse drum.

    Parameters
    ----------
    features
        Features, shape (hits, features).
    classes
        True class of each, or -1 if it is not a hit of that drum; shape (hits,).
    clips
        Number of the clip, ascending, shape (hits,).
    frames
        Frame of the attack in the clip, shape (hits,).
    bars
        Similar bars of the clips that have beats, if the drum's kinds recur.
    """

    features: Floats
    classes: NDArray[np.int64]
    clips: NDArray[np.int64]
    frames: NDArray[np.int64]
    bars: Mapping[int, SimilarBars] = field(default_factory=dict)

    def only(self, kept: NDArray[np.bool_]) -> FineDrumExamples:
        """Return those for which `kept`, shape (hits,), is true."""
        return replace(
            self,
            features=self.features[kept],
            classes=self.classes[kept],
            clips=self.clips[kept],
            frames=self.frames[kept],
        )

    def probabilities(self, kinds: Kinds) -> Floats:
        """Return the probability of each class, as in a transcription."""
        probable = kinds.probabilities(self.features)
        for clip, bars in self.bars.items():
            hits = np.flatnonzero(self.clips == clip)
            if len(hits):
                probable[hits] = agreeing(probable[hits], self.frames[hits], bars)
        return probable


def true_classes(
    picks: Sequence[Onset], onsets: Iterable[tuple[float, str, int]], drum: Drum
) -> NDArray[np.int64]:
    """Return the class of each pick: that of the drum's loudest onset within 30 ms."""
    members = [(t, c, v) for t, c, v in onsets if Drum(c).coarse is drum]
    result = np.full(len(picks), -1)
    times = np.array([time for time, _, _ in members])
    for row, pick in enumerate(picks):
        near = np.flatnonzero(np.abs(times - pick.time) <= MATCH_S)
        if len(near):
            _, code, _ = max((members[k] for k in near), key=lambda onset: onset[2])
            result[row] = CLASSES[drum].index(MERGED.get(code, code))
    return result


def gather(
    clips: Sequence[Clip],
    network: Network,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[Drum, FineDrumExamples]:
    """Mix clips, every second one with its accompaniment, and compute the features.

    Parameters
    ----------
    clips
        Clips, each used once as a whole.
    network
        Network whose picks are used.
    seed
        Seed of the mixes.
    progress
        Function that is called with the fraction done.

    Returns
    -------
    dict
        Coarse drum to its picks, for drums with at least one.

    Raises
    ------
    AdtError
        If the model has no level rule.
    """
    card = network.card
    if card.level is None:
        raise AdtError(
            f"model {card.name!r} has no level rule; it was trained elsewhere"
        )
    mixers = [
        Mixer(card.front_end, card.level, [], Recipe(accompanied=share, voiced=0.0))
        for share in (0.0, 1.0)
    ]
    rate = card.front_end.frame_rate
    examples: dict[Drum, list[FineDrumExamples]] = {drum: [] for drum in CLASSES}
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        count = int(clip.duration * rate)
        frames = mixers[number % 2].example(clip, count, rng, start=0.0).frames
        activations = Activations(network.activations(frames), card.outputs, rate)
        bands = BroadBands(card.front_end)
        bands.add(frames)
        weighed, bars = _weighed(activations, frames, card)
        for picked in pick_hits(weighed, card):
            onsets = onsets_of([picked], weighed, card.delay)
            if onsets and picked.drum in examples:
                drum, hits = picked.drum, examples[picked.drum]
                places = attack_frames(picked, len(frames))
                features = describe(places, bands.values(), activations.values, rate)
                classes = true_classes(onsets, clip.onsets, drum)
                same = np.full(len(onsets), number)
                agree = {number: bars} if bars and drum in RECURRING else {}
                hits.append(FineDrumExamples(features, classes, same, places, agree))
        progress((number + 1) / len(clips))
    return {drum: _joined(hits) for drum, hits in examples.items() if hits}


def _weighed(
    activations: Activations, frames: Floats, card: ModelCard
) -> tuple[Activations, SimilarBars | None]:
    """Weigh activations by recurrence, as `adt_plugins.transcribe` does."""
    changes = None
    if has_beats(card.outputs):
        harmony = Harmony(card.front_end)
        harmony.add(frames)
        changes = harmony.changes()
    beats = find_clear_beats(activations, changes=changes)
    return weigh(activations, beats, card)


def _joined(parts: Sequence[FineDrumExamples]) -> FineDrumExamples:
    return FineDrumExamples(
        np.concatenate([hits.features for hits in parts]),
        np.concatenate([hits.classes for hits in parts]),
        np.concatenate([hits.clips for hits in parts]),
        np.concatenate([hits.frames for hits in parts]),
        {clip: bars for hits in parts for clip, bars in hits.bars.items()},
    )
