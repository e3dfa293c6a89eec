"""Picks the hits of a transcription again, at other thresholds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.audio import open_audio
from adt_plugins.audio.opening import AudioSource
from adt_plugins.card import FrontEnd, Picker
from adt_plugins.drums import Drum
from adt_plugins.editor.bars import corrected_timing
from adt_plugins.editor.edits import Hit, Layer, compose
from adt_plugins.errors import ModelError
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.network.catalogue import find_model
from adt_plugins.picking import velocity
from adt_plugins.picking.exclusive import DrumPicks
from adt_plugins.picking.onsets import onset_times, pick_hits
from adt_plugins.picking.peaks import confidence
from adt_plugins.transcription import Transcription

# Tolerance for rounding, as after a transcription was shifted.
_SAME_TIME_S = 1e-6

Levels = NDArray[np.uint8]


class PickedSong:
    """A transcription, and its hits at other thresholds.

    Parameters
    ----------
    transcription
        The transcription; with `activations`, its thresholds can be moved.
    velocities
        Function that returns velocities for new hits, see `velocity_table`; called
        when the first of them is picked.
    """

    def __init__(
        self,
        transcription: Transcription,
        velocities: Callable[[PickedSong], Levels | None] = lambda _: None,
    ) -> None:
        # A browser knows the hits that it shows, and no others.
        known = replace(transcription, left_out=())
        self.transcription = known if transcription.left_out else transcription
        self.picking = picking_of(transcription)
        self._ask = velocities
        self.activations: Activations | None = None
        if self.picking is not None:
            self.activations = transcription.activations
        self.known: dict[str, Onset] = {}
        self.extras: list[Hit] = []
        self.missing: set[str] = set()
        self._sort_out()

    def _sort_out(self) -> None:
        """Find out which onsets are picks; the others get ids of their own."""
        waiting: dict[Drum, list[Onset]] = {}
        for onset in self.transcription.onsets:
            waiting.setdefault(onset.drum, []).append(onset)
        for hits, times in self._picked({}):
            onsets = waiting.pop(hits.drum, [])
            starts = np.array([onset.time for onset in onsets])
            at = 0
            for frame, time in zip(hits.frames.tolist(), times.tolist(), strict=True):
                at += int(np.searchsorted(starts[at:], time - _SAME_TIME_S))
                if at < len(onsets) and abs(onsets[at].time - time) <= _SAME_TIME_S:
                    self.known[pick_id(hits.drum, frame)] = onsets[at]
                    at += 1
                else:
                    self.missing.add(pick_id(hits.drum, frame))
        taken = {id(onset) for onset in self.known.values()}
        rest = [o for o in self.transcription.onsets if id(o) not in taken]
        self.extras = [Hit(f"t{n}", o, original=True) for n, o in enumerate(rest)]

    @property
    def lanes(self) -> list[str]:
        """Drums of the activations, then those that only the onsets have."""
        lanes = list(self.thresholds)
        return lanes + [
            drum.value
            for drum in self.transcription.counts()
            if drum.value not in lanes
        ]

    @property
    def thresholds(self) -> dict[str, float]:
        """Thresholds with which the transcription was made."""
        return {} if self.picking is None else dict(self.picking.thresholds)

    @cached_property
    def levels(self) -> Levels | None:
        """Velocities of hits at each frame, shape (drums, frames)."""
        return self._ask(self)

    def hits(self, layer: Layer) -> list[Hit]:
        """Return the hits with the edits of a layer, sorted like a transcription."""
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
        model = self.transcription.model
        if self.picking is not None:
            thresholds = {**self.thresholds, **layer.thresholds}
            model = replace(model, thresholds=thresholds)
        onsets = tuple(hit.onset for hit in self.hits(layer))
        beats, meters = corrected_timing(
            self.transcription.beats, self.transcription.meters, layer.timing
        )
        return replace(
            self.transcription, onsets=onsets, beats=beats, meters=meters, model=model
        )

    def fingerprint(self) -> str:
        """Return a hash that identifies the song that edits belong to."""
        text = self.transcription.to_json()
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _picked(
        self, changed: Mapping[str, float]
    ) -> list[tuple[DrumPicks, NDArray[np.float64]]]:
        if self.picking is None or self.activations is None:
            return []
        thresholds = {**self.thresholds, **changed}
        return [
            (hits, onset_times(hits.positions, self.activations, self.picking.delay))
            for hits in pick_hits(self.activations, self.picking, thresholds=thresholds)
        ]

    def _velocity(self, hits: DrumPicks, frame: int) -> int:
        assert self.picking is not None
        lane = self.picking.drums.index(hits.drum)
        if self.levels is not None:
            return int(self.levels[lane, frame])
        assert self.activations is not None
        column = self.activations.outputs.index(hits.drum)
        value = self.activations.values[frame : frame + 1, column]
        level = confidence(value, self.thresholds[hits.drum])
        return int(velocity.of_confidence(level)[0])


def pick_id(drum: str, frame: int) -> str:
    """Return the id of a drum's pick at a frame, which is stable across re-picking."""
    return f"{Drum(drum).value}:{frame}"


@dataclass(frozen=True)
class SavedPicking:
    """How a transcription was picked, according to its model information.

    Parameters
    ----------
    name, picker, thresholds, delay
        See `adt_plugins.card.Picking`.
    front_end
        The front end that computed the frames.
    """

    name: str
    picker: Picker
    thresholds: Mapping[str, float]
    delay: float
    front_end: FrontEnd

    @property
    def drums(self) -> tuple[str, ...]:
        """The drums with thresholds, in the order of the lanes."""
        return tuple(self.thresholds)


def picking_of(transcription: Transcription) -> SavedPicking | None:
    """Return how the hits can be picked again, if the transcription says so."""
    activations, model = transcription.activations, transcription.model
    if activations is None or model.picker is None or not model.thresholds:
        return None
    card = None
    with suppress(ModelError):
        card = find_model(model.name)
    if card is not None and card.sha256 != model.sha256:
        card = None
    return SavedPicking(
        name=model.name or "",
        picker=model.picker,
        # In the order of the outputs, like the lanes.
        thresholds={
            drum: model.thresholds[drum]
            for drum in activations.outputs
            if drum in model.thresholds
        },
        delay=0.0 if card is None else card.delay,
        front_end=FrontEnd() if card is None else card.front_end,
    )


def velocity_table(score: PickedSong, audio: AudioSource) -> Levels | None:
    """Return the velocity that a hit would have at each frame of each drum.

    Like `velocity.velocities`, but relative to the transcription's own hits, so that a
    hit's velocity does not change when others come or go. For a drum without hits, its
    picks at half the threshold are the reference.

    Returns
    -------
    Levels or None
        Shape (drums, frames), 1-127.
    """
    picking, activations = score.picking, score.activations
    if picking is None or activations is None:
        return None
    count, rate = len(activations.values), activations.frame_rate
    end = activations.offset + (count + 2) / rate
    with open_audio(audio, start=activations.offset, end=end) as reader:
        blocks = frame_blocks(reader, picking.front_end, None, picking.drums)
        level = np.concatenate([block.levels for block in blocks])
    frames = np.arange(count)
    attacks = np.rint(frames - picking.delay * rate).astype(np.int64)
    table = np.zeros((len(picking.drums), count), np.uint8)
    half = {drum: value / 2 for drum, value in score.thresholds.items()}
    spare = {h.drum: h.frames for h in pick_hits(activations, picking, thresholds=half)}
    for lane, drum in enumerate(picking.drums):
        picked = [int(name.split(":")[1]) for name in _of(score, drum)]
        strength = velocity.strengths(level[:, lane], attacks, rate)
        reference = strength[picked if picked else spare[Drum(drum)]]
        if not len(reference):
            reference = strength
        table[lane] = velocity.relative(strength, reference)
    return table


def _of(score: PickedSong, drum: str) -> list[str]:
    return [name for name in score.known if name.startswith(f"{drum}:")]
