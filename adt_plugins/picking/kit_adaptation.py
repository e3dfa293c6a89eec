"""Adapts a model to a kit: refits its last step to a part that a user has corrected.

Each drum's activation is re-estimated by logistic regression on the logits of all
outputs. It can thus learn that what looked like a hi-hat was a side stick, or that
there is no snare at all. The prior is the model itself: without evidence nothing
changes, and a drum with hardly a mistake in the corrected part stays as it is.
Experiment 35 measured it, and chose the constants below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.base.checks import json_text, real
from adt_plugins.base.files import read_text
from adt_plugins.base.strict_json import parse_json
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError, ModelError
from adt_plugins.picking.log_odds import log_odds, probability
from adt_plugins.picking.onsets import pick_hits
from adt_plugins.transcription import Transcription

FORMAT = "adt-plugins-adaptation"
VERSION = 1

MISTAKES = 3
"""Missed and extra hits that a drum needs before it is changed."""
WINDOW_S = 0.05

# Strength of the prior, on the weights of logits divided by their usual size, and on
# the bias (experiment 35).
_PRIOR_WEIGHT = 10.0
_PRIOR_BIAS = 100.0
_SCALE = 4.0
# A hit counts twice: a missed one is worse than an extra one, which is easy to see.
_HIT_WEIGHT = 2.0
_SHARES = ((0, 1.0), (-1, 0.5), (1, 0.5))  # weights of a hit in the frames around it
_STEPS = 60
_ENOUGH = 1e-6
_LARGEST = 1e6


@dataclass(frozen=True)
class Adaptation:
    """An adaptation that was learnt from corrections.

    Parameters
    ----------
    model
        SHA-256 of the network whose activations it changes.
    inputs
        Outputs of the model that it uses.
    weights
        Drum to its weights: one for the logit of each input, then the bias.
    """

    model: str
    inputs: tuple[str, ...]
    weights: Mapping[str, tuple[float, ...]]

    def apply(self, activations: Activations, card: ModelCard) -> Activations:
        """Return the activations re-estimated for this kit.

        Raises
        ------
        ModelError
            If it was learnt with another model.
        """
        self.check(card)
        values = activations.values.copy()
        terms = _terms(activations, self.inputs)
        for drum, weights in self.weights.items():
            column = activations.outputs.index(drum)
            values[:, column] = probability(terms @ np.array(weights))
        return replace(activations, values=values)

    def check(self, card: ModelCard) -> None:
        """Raise `ModelError` if it was learnt with another model."""
        if card.sha256 != self.model:
            raise ModelError(
                f"the adaptation was learnt with another model than {card.name!r}"
            )

    def to_json(self) -> str:
        """Return the text of its file."""
        data = {
            "format": FORMAT,
            "version": VERSION,
            "model": self.model,
            "inputs": list(self.inputs),
            "weights": {drum: list(row) for drum, row in self.weights.items()},
        }
        return json_text(data) + "\n"

    @classmethod
    def read(cls, path: Path) -> Adaptation:
        """Read an adaptation.

        Raises
        ------
        AdtError
            If the file is missing or not valid.
        """
        try:
            return cls._checked(parse_json(read_text(path)))
        except (
            AttributeError,
            FormatError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:
            raise AdtError(
                f"{path}: not an adaptation, as 'adt adapt' writes it: {error}"
            ) from error

    @classmethod
    def _checked(cls, data: Any) -> Adaptation:
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("another format")
        if data.get("version") != VERSION:
            raise ValueError(f"version {data.get('version')!r}")
        inputs = tuple(str(Drum(name)) for name in data["inputs"])
        weights = {
            str(Drum(drum)): tuple(
                real("a weight", value, -_LARGEST, _LARGEST) for value in row
            )
            for drum, row in data["weights"].items()
        }
        for drum, row in weights.items():
            if len(row) != len(inputs) + 1 or drum not in inputs:
                raise ValueError(f"{drum} does not fit its inputs")
        return cls(str(data["model"]), inputs, weights)


def learn(
    activations: Activations,
    corrected: Transcription,
    card: ModelCard,
    *,
    start: float = 0.0,
    end: float = math.inf,
) -> Adaptation:
    """Learn from a corrected transcription.

    Parameters
    ----------
    activations
        Activations of the recording.
    corrected
        A transcription with every hit of the corrected part; a coarse drum stands for
        any of its kinds.
    card
        Card of the model.
    start, end
        The part that was corrected, in seconds.

    Returns
    -------
    Adaptation
        Without weights for drums that had too few mistakes.

    Raises
    ------
    AdtError
        If the part has less than a second of the recording, or no hit.
    """
    rate = activations.frame_rate
    last = len(activations.values)
    first = math.ceil(min(max(0.0, start - activations.offset) * rate, last))
    length = (end - activations.offset) * rate
    last = last if length > last else math.floor(length)
    if last - first < rate:
        raise AdtError("the corrected part is shorter than a second")
    inputs = tuple(name for name in activations.outputs if name in set(Drum))
    terms = _terms(activations, inputs)[first:last]
    part = (first / rate + activations.offset, last / rate + activations.offset)
    if not any(part[0] <= onset.time < part[1] for onset in corrected.onsets):
        # It would learn to find nothing, from a wrong file or the wrong minute.
        raise AdtError("the corrected part holds no hit")
    weights = {}
    for hits in pick_hits(activations, card):
        drum = hits.drum
        true = _true_times(corrected, drum, card)
        if true is None:
            continue
        true = true[(true >= part[0]) & (true < part[1])]
        picked = hits.positions / rate + activations.offset - card.delay
        picked = picked[(picked >= part[0]) & (picked < part[1])]
        if _mistakes(true, picked) < MISTAKES:
            continue
        frames = (true + card.delay - activations.offset) * rate - first
        targets = _targets(np.rint(frames).astype(np.int64), last - first)
        fitted = _fit(terms, targets, inputs.index(drum))
        weights[str(drum)] = tuple(fitted.tolist())
    return Adaptation(card.sha256, inputs, weights)


def _true_times(
    corrected: Transcription, drum: Drum, card: ModelCard
) -> NDArray[np.float64] | None:
    """Return the times of a drum; None if they are unknown."""
    finer = {Drum(name) for name in card.drums} - {drum}
    ambiguous = drum is not drum.coarse and any(
        onset.drum is drum.coarse for onset in corrected
    )
    if ambiguous:  # "other" may be a side stick, or not
        return None
    return np.array(
        [
            onset.time
            for onset in corrected
            if onset.drum is drum
            or (onset.drum.coarse is drum and onset.drum not in finer)
        ]
    )


def _mistakes(true: NDArray[np.float64], picked: NDArray[np.float64]) -> int:
    """Count missed and extra hits; each is matched at most once, in order of time."""
    i = j = hits = 0
    while i < len(true) and j < len(picked):
        if abs(picked[j] - true[i]) <= WINDOW_S:
            hits, i, j = hits + 1, i + 1, j + 1
        elif picked[j] < true[i]:
            j += 1
        else:
            i += 1
    return len(true) + len(picked) - 2 * hits


def _targets(frames: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    targets = np.zeros(count)
    for offset, share in _SHARES:
        at = frames + offset
        at = at[(at >= 0) & (at < count)]
        targets[at] = np.maximum(targets[at], share)
    return targets


def _terms(activations: Activations, inputs: tuple[str, ...]) -> NDArray[np.float64]:
    """Return scaled logits and a column of ones, shape (frames, inputs + 1)."""
    try:
        columns = [activations.outputs.index(name) for name in inputs]
    except ValueError as error:
        raise ModelError(f"the activations lack an output: {error}") from None
    logits = log_odds(activations.values[:, columns]) / _SCALE
    return np.concatenate([logits, np.ones((len(logits), 1))], axis=1)


def _fit(
    terms: NDArray[np.float64], targets: NDArray[np.float64], own: int
) -> NDArray[np.float64]:
    """Fit a regularised logistic regression by Newton's method, from the prior."""
    start = np.zeros(terms.shape[1])
    start[own] = _SCALE
    prior = np.full(len(start), _PRIOR_WEIGHT)
    prior[-1] = _PRIOR_BIAS
    importance = 1 + (_HIT_WEIGHT - 1) * targets
    weights = start
    for _ in range(_STEPS):
        estimate = probability(terms @ weights)
        error = importance * (estimate - targets)
        slope = terms.T @ error + prior * (weights - start)
        bend = importance * estimate * (1 - estimate)
        curve = (terms * bend[:, None]).T @ terms + np.diag(prior)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < _ENOUGH:
            break
    return weights
