"""The automatic hits of a transcription, at any thresholds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.audio import open_audio
from adt_plugins.audio.reader import AudioSource
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.editor.edits import Hit, Layer, compose
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.features.band_levels import BandLevels
from adt_plugins.features.spectrogram import Spectrogram
from adt_plugins.network.catalogue import find_model
from adt_plugins.picking import velocity
from adt_plugins.picking.exclusive import Hits
from adt_plugins.picking.onsets import onset_times, pick_hits
from adt_plugins.picking.peaks import confidence
from adt_plugins.transcription import Transcription

# Times of a transcription that was shifted are rounded differently.
_SAME_TIME_S = 1e-6

Levels = NDArray[np.uint8]


class Score:
    """A transcription as it came, and what its network says at other thresholds.

    Parameters
    ----------
    transcription
        With `activations`, its thresholds can be moved.
    velocities
        Gives velocities for hits that the transcription does not have, see
        `velocity_table`; called when the first of them is there.
    """

    def __init__(
        self,
        transcription: Transcription,
        velocities: Callable[[Score], Levels | None] = lambda _: None,
    ) -> None:
        self.transcription = transcription
        self.card = card_of(transcription)
        self._ask = velocities
        self.activations: Activations | None = None
        if self.card is not None:
            self.activations = transcription.activations
        self.known: dict[str, Onset] = {}
        self.extras: list[Hit] = []
        self.missing: set[str] = set()
        self._sort_out()

    def _sort_out(self) -> None:
        """Tell which onsets are picks; the rest has names of its own."""
        waiting: dict[Drum, list[Onset]] = {}
        for onset in self.transcription.onsets:
            waiting.setdefault(onset.drum, []).append(onset)
        for hits, times in self._picked({}):
            own = waiting.pop(hits.drum, [])
            starts = np.array([onset.time for onset in own])
            at = 0
            for frame, time in zip(hits.frames.tolist(), times.tolist(), strict=True):
                at += int(np.searchsorted(starts[at:], time - _SAME_TIME_S))
                if at < len(own) and abs(own[at].time - time) <= _SAME_TIME_S:
                    self.known[pick_id(hits.drum, frame)] = own[at]
                    at += 1
                else:
                    self.missing.add(pick_id(hits.drum, frame))
        taken = {id(onset) for onset in self.known.values()}
        rest = [o for o in self.transcription.onsets if id(o) not in taken]
        self.extras = [Hit(f"t{n}", o, original=True) for n, o in enumerate(rest)]

    @property
    def lanes(self) -> list[str]:
        """Drums of the activations, then those that only the onsets have."""
        heard = list(self.thresholds)
        return heard + [
            drum.value
            for drum in self.transcription.counts()
            if drum.value not in heard
        ]

    @property
    def thresholds(self) -> dict[str, float]:
        """In force when the transcription was made."""
        return {} if self.card is None else dict(self.card.thresholds)

    @cached_property
    def levels(self) -> Levels | None:
        """Velocity of a hit at each frame, shape (drums, frames)."""
        return self._ask(self)

    def hits(self, layer: Layer) -> list[Hit]:
        """Hits with the edits of a layer, sorted as a transcription is."""
        automatic = list(self.extras)
        for hits, times in self._picked(layer.thresholds):
            for frame, time, sure in zip(
                hits.frames.tolist(),
                times.tolist(),
                hits.confidence.tolist(),
                strict=True,
            ):
                name = pick_id(hits.drum, frame)
                if name in self.missing:
                    continue
                onset = self.known.get(name)
                original = onset is not None
                if onset is None:
                    onset = Onset(time, hits.drum, self._velocity(hits, frame), sure)
                automatic.append(Hit(name, onset, original=original))
        return compose(automatic, layer)

    def corrected(self, layer: Layer) -> Transcription:
        """Return the transcription with the edits of a layer."""
        model = dict(self.transcription.model)
        if self.card is not None:
            model["thresholds"] = {**self.thresholds, **layer.thresholds}
        onsets = tuple(hit.onset for hit in self.hits(layer))
        return replace(self.transcription, onsets=onsets, model=model)

    def fingerprint(self) -> str:
        """Name of what the edits are edits of."""
        text = self.transcription.to_json()
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _picked(
        self, changed: Mapping[str, float]
    ) -> list[tuple[Hits, NDArray[np.float64]]]:
        if self.card is None or self.activations is None:
            return []
        thresholds = {**self.thresholds, **changed}
        return [
            (hits, onset_times(hits.positions, self.activations, self.card.delay))
            for hits in pick_hits(self.activations, self.card, thresholds=thresholds)
        ]

    def _velocity(self, hits: Hits, frame: int) -> int:
        assert self.card is not None
        lane = self.card.drums.index(hits.drum)
        if self.levels is not None:
            return int(self.levels[lane, frame])
        assert self.activations is not None
        column = self.activations.outputs.index(hits.drum)
        value = self.activations.values[frame : frame + 1, column]
        sure = confidence(value, self.thresholds[hits.drum])
        return int(np.rint(1 + 126 * sure)[0])


def pick_id(drum: str, frame: int) -> str:
    """Name of the pick of a drum at a frame; it outlives re-picking."""
    return f"{Drum(drum).value}:{frame}"


def card_of(transcription: Transcription) -> ModelCard | None:
    """What is needed of the model card to pick again, if the transcription has it."""
    activations, model = transcription.activations, transcription.model
    if activations is None or "picker" not in model or "thresholds" not in model:
        return None
    try:
        own = find_model(str(model.get("name")))
        known = own if own.sha256 == model.get("sha256") else None
    except ModelError:
        known = None
    try:
        return ModelCard(
            name=str(model.get("name")),
            file="",
            sha256="",
            outputs=activations.outputs,
            front_end=FrontEnd() if known is None else known.front_end,
            geometry=Geometry(1, 0, 1),
            picker=Picker(**model["picker"]),
            # In the order of the outputs, which is that of the lanes.
            thresholds={
                drum: float(model["thresholds"][drum])
                for drum in activations.outputs
                if drum in model["thresholds"]
            },
            delay=0.0 if known is None else known.delay,
        )
    except (TypeError, ValueError) as error:
        raise AdtError(f"the transcription's model: {error}") from error


def velocity_table(score: Score, audio: AudioSource) -> Levels | None:
    """Velocity that a hit would have at each frame of each drum.

    As `velocity.velocities`, but compared with the hits that the transcription
    has: a hit's velocity does not change because others come or go. A drum
    without hits is compared with its picks at half its threshold.

    Returns
    -------
    Levels or None
        Shape (drums of the card, frames), 1-127.
    """
    card, activations = score.card, score.activations
    if card is None or activations is None:
        return None
    count, rate = len(activations.values), activations.frame_rate
    bands = BandLevels(card.front_end, card.drums)
    front_end = Spectrogram(card.front_end, None)
    end = activations.offset + (count + 2) / rate
    with open_audio(audio, start=activations.offset, end=end) as reader:
        parts = [bands.process(front_end.process(block)) for block in reader]
    parts.append(bands.process(front_end.finish()))
    level = np.concatenate(parts)
    frames = np.arange(count)
    attacks = np.rint(frames - card.delay * rate).astype(np.int64)
    table = np.zeros((len(card.drums), count), np.uint8)
    half = {drum: value / 2 for drum, value in score.thresholds.items()}
    spare = {h.drum: h.frames for h in pick_hits(activations, card, thresholds=half)}
    for lane, drum in enumerate(card.drums):
        own = [int(name.split(":")[1]) for name in _of(score, drum)]
        strength = velocity.strengths(level[:, lane], attacks, rate)
        heard = strength[own if own else spare[Drum(drum)]]
        if not len(heard):
            heard = strength
        below = strength - np.percentile(heard, velocity.REFERENCE_PERCENTILE)
        values = velocity.REFERENCE_VELOCITY * 10 ** (below / velocity.DB_PER_DECADE)
        table[lane] = np.clip(np.rint(values), 1, 127)
    return table


def _of(score: Score, drum: str) -> list[str]:
    return [name for name in score.known if name.startswith(f"{drum}:")]
