"""Finer drums: whether a hi-hat was open, or a cymbal a ride or a crash.

The network finds a hi-hat; the kind of stroke is inferred from the spectrum of the
attack, from how it decays in each of a few broad bands, from how both differ from the
other hits of that drum nearby, and from the other activations around it: one hidden
layer a drum, learnt by ``adt train finer``. Where there are beats, hits in the same
place of similar bars agree. A kind is reported only if it is certain; otherwise the
coarse drum stays. Hits are neither added, removed nor moved.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.base.arrays import read_arrays
from adt_plugins.card import FrontEnd, ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError, ModelError
from adt_plugins.features import spectrogram
from adt_plugins.network.catalogue import attached_bytes
from adt_plugins.picking import windows
from adt_plugins.picking.exclusive import DrumPicks
from adt_plugins.picking.recurrence import SimilarBars

Floats = NDArray[np.float32]

# Broad bands: kick, toms, snare, and where hats and cymbals differ. More bands did not
# help (experiment 1 of "Finer drums").
EDGES_HZ = (0, 60, 110, 200, 400, 800, 1600, 3200, 5000, 7000, 9500, 13000, 20001)
# Windows that are averaged, in frames from the onset: before it, the attack, and the
# decay up to a third of a second.
WINDOWS = ((-6, -3), (-1, 0), (1, 2), (3, 4), (5, 8), (9, 14), (15, 22), (23, 32))
ATTACK = 2
# Windows in which the maximum of each output is taken.
AROUND = ((-20, -4), (-2, 2), (3, 9), (10, 29))
NEAR_S = 10.0
"""Hits within this time are compared with each other."""
_LONG_S = 2.0

FARTHEST = 4.0
"""Features are clipped at this many standard deviations."""

RECURRING = (Drum.HH, Drum.TT)
"""Drums whose kinds recur; a crash opens a section and stands alone (experiment 48)."""

WEIGHT = 2.0
"""Weight of the mean log odds of other bars, beside a hit's own."""

MOST = 1.0
"""Greatest log odds for or against a kind that count from another bar."""

FLOOR = 1e-4
"""Least probability of a kind."""

# log10(1 + magnitude) of a band never exceeds 1.6 after the level rule.
_STEPS = 160.0


class BroadBands:
    """Collects the levels of a recording in broad bands: a byte each, 4 MB an hour.

    Parameters
    ----------
    front_end
        Front end that computes the frames; a log-filterbank.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        frequencies = spectrogram.band_frequencies(front_end)
        edges = pairwise(EDGES_HZ)
        inside = [(frequencies >= low) & (frequencies < high) for low, high in edges]
        weights = np.array(inside, np.float32).T
        self._weights = weights * (_STEPS / np.maximum(weights.sum(axis=0), 1))
        self._kept = [np.zeros((0, len(inside)), np.uint8)]

    def add(self, frames: Floats) -> None:
        """Add the next frames, shape (n, bands of the front end)."""
        bands = frames @ self._weights
        self._kept.append(np.clip(np.rint(bands), 0, 255).astype(np.uint8))

    def values(self) -> NDArray[np.uint8]:
        """Return the levels, shape (frames, broad bands)."""
        self._kept = [np.concatenate(self._kept)]
        return self._kept[0]


def describe(
    frames: NDArray[np.int64],
    bands: NDArray[np.uint8],
    activations: NDArray[np.float32],
    frame_rate: float,
) -> Floats:
    """Return the features of the hits of one drum.

    Parameters
    ----------
    frames
        Frame of each hit, ascending, shape (hits,).
    bands
        Band levels from `BroadBands`.
    activations
        Shape (frames, outputs).
    frame_rate
        Frames per second.

    Returns
    -------
    NDArray[np.float32]
        Shape (hits, features).
    """
    means = [windows.mean(bands, frames, *window, unit=_STEPS) for window in WINDOWS]
    attack = means[ATTACK]
    level = attack.mean(axis=1, keepdims=True)
    fading = [mean - attack for k, mean in enumerate(means) if k != ATTACK]
    features = np.concatenate([attack - level, level, *fading], axis=1)
    span = round(NEAR_S * frame_rate)
    first = np.searchsorted(frames, frames - span)
    last = np.searchsorted(frames, frames + span, "right")
    usual = np.stack(
        [windows.running_mean(column, first, last) for column in features.T], axis=1
    )
    around = [windows.greatest(activations, frames, *window) for window in AROUND]
    gaps = np.minimum(np.diff(frames) / frame_rate, _LONG_S)
    rhythm = (
        np.concatenate(([_LONG_S], gaps)),
        np.concatenate((gaps, [_LONG_S])),
        (last - first) / 50,
    )
    return np.concatenate(
        [features, features - usual, *around, np.stack(rhythm, axis=1)],
        axis=1,
        dtype=np.float32,
    )


@dataclass(frozen=True)
class Kinds:
    """Distinguishes the kinds of one coarse drum.

    Parameters
    ----------
    kinds
        Code of each class; "" for classes that are never reported.
    surenesses
        Least probability at which each class is reported, shape (classes,); above 1:
        never.
    mean, scale
        Mean and scale of the features of the training hits, shape (features,).
    hidden, hidden_bias, output, output_bias
        Weights of the two layers, shapes (features, units), (units,),
        (units, classes), (classes,).
    """

    kinds: tuple[str, ...]
    surenesses: Floats
    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """Return the probability of each class, shape (hits, classes)."""
        inputs = standardised(features, self.mean, self.scale)
        units = np.tanh(inputs @ self.hidden + self.hidden_bias)
        return softmax(units @ self.output + self.output_bias)

    def classify(self, probabilities: Floats) -> list[Drum | None]:
        """Return the kind of each hit; None where it is uncertain."""
        best = probabilities.argmax(axis=1)
        certain = probabilities[np.arange(len(best)), best] >= self.surenesses[best]
        return [
            Drum(self.kinds[k]) if is_certain and self.kinds[k] else None
            for k, is_certain in zip(best.tolist(), certain.tolist(), strict=True)
        ]


def standardised(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return features as the hidden layer expects them; outliers are clipped."""
    inputs: Floats = np.clip((features - mean) / scale, -FARTHEST, FARTHEST)
    return inputs


def softmax(values: NDArray[Any]) -> Floats:
    """Return the softmax of each row."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def agreeing(own: Floats, frames: NDArray[np.int64], bars: SimilarBars) -> Floats:
    """Weigh the kinds of a drum's hits by those in the same places of similar bars.

    Parameters
    ----------
    own
        Probability of each class by the hit alone, shape (hits, classes).
    frames
        Frame of each hit, ascending.
    bars
        The similar bars.

    Returns
    -------
    NDArray[np.float32]
        Probabilities, shape (hits, classes).
    """
    odds = np.log(np.maximum(own, FLOOR, dtype=np.float64))
    centred = np.clip(odds - odds.mean(axis=1, keepdims=True), -MOST, MOST)
    return softmax(odds + WEIGHT * bars.mean_of_hits(frames, centred))


class FineDrumModel:
    """Distinguishes the finer drums of a model.

    Parameters
    ----------
    outputs
        Outputs of the network whose activations it was trained on.
    families
        Coarse drum to the classifier of its kinds.
    """

    def __init__(self, outputs: Iterable[str], families: Mapping[Drum, Kinds]) -> None:
        self.outputs = tuple(outputs)
        self.families = dict(families)

    @classmethod
    def of(cls, card: ModelCard) -> FineDrumModel:
        """Read the fine drum model of a card.

        Raises
        ------
        ModelError
            If it has none, or the file is missing, altered or made for another network.
        """
        if card.finer is None:
            raise ModelError(f"model {card.name!r} does not distinguish finer drums")
        content = attached_bytes(card, card.finer.file, card.finer.sha256)
        try:
            model = cls.from_bytes(content)
        except (FormatError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{card.finer.file}: {error}") from error
        if model.outputs != card.outputs:
            raise ModelError(f"{card.finer.file}: it was made for another network")
        return model

    @classmethod
    def from_bytes(cls, content: bytes) -> FineDrumModel:
        """Read what `to_bytes` returns; nothing in it is executed."""
        arrays = read_arrays(content)
        families: dict[Drum, dict[str, Any]] = {}
        for name, array in arrays.items():
            drum, _, part = name.partition(".")
            if part:
                families.setdefault(Drum(drum), {})[part] = array
        outputs = arrays["outputs"].tolist()
        return cls(
            outputs,
            {
                drum: Kinds(kinds=tuple(parts.pop("kinds").tolist()), **parts)
                for drum, parts in families.items()
            },
        )

    @property
    def kinds(self) -> tuple[Drum, ...]:
        """The finer drums that can be reported."""
        return tuple(
            Drum(code)
            for kinds in self.families.values()
            for code, limit in zip(kinds.kinds, kinds.surenesses, strict=True)
            if code and limit <= 1
        )

    def to_bytes(self) -> bytes:
        """Return the content of its file (NumPy's ``.npz``)."""
        arrays: dict[str, NDArray[Any]] = {"outputs": np.array(self.outputs)}
        for drum, kinds in self.families.items():
            for part, value in vars(kinds).items():
                arrays[f"{drum}.{part}"] = np.array(value)
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return file.getvalue()

    def kinds_of(
        self,
        picked: Iterable[DrumPicks],
        activations: Activations,
        bands: NDArray[np.uint8],
        bars: SimilarBars | None = None,
    ) -> dict[Drum, list[Drum | None]]:
        """Name the kinds of picks, where they are certain.

        Parameters
        ----------
        picked
            Picks of the whole recording; those of each drum are compared.
        activations
            The network's own, before any adaptation.
        bands
            Band levels from `BroadBands`.
        bars
            The similar bars of the recording, if it has beats.

        Returns
        -------
        dict
            Drum to the finer drum of each of its picks; None if it is uncertain.
        """
        values, rate = activations.values, activations.frame_rate
        named = {}
        for hits in picked:
            if hits.drum in self.families and len(hits.frames):
                kinds = self.families[hits.drum]
                frames = attack_frames(hits, len(values))
                probable = kinds.probabilities(describe(frames, bands, values, rate))
                if bars is not None and hits.drum in RECURRING:
                    probable = agreeing(probable, frames, bars)
                named[hits.drum] = kinds.classify(probable)
        return named


class FineDrumTagger:
    """Collects features of a recording, and names its finer drums at the end.

    Parameters
    ----------
    card
        Card of the model.

    Attributes
    ----------
    kinds : tuple of Drum
        Drums that it may report.
    sha256 : str
        SHA-256 of the file of the model.

    Raises
    ------
    ModelError
        See `FineDrumModel.of`.
    """

    kinds: tuple[Drum, ...]
    sha256: str

    def __init__(self, card: ModelCard) -> None:
        self._model = FineDrumModel.of(card)
        self._bands = BroadBands(card.front_end)
        self.kinds = self._model.kinds
        self.sha256 = card.finer.sha256 if card.finer else ""

    def add(self, frames: Floats) -> None:
        """Add the next frames of the recording."""
        self._bands.add(frames)

    def kinds_of(
        self,
        picked: Iterable[DrumPicks],
        activations: Activations,
        bars: SimilarBars | None = None,
    ) -> dict[Drum, list[Drum | None]]:
        """See `FineDrumModel.kinds_of`."""
        return self._model.kinds_of(picked, activations, self._bands.values(), bars)


def attack_frames(hits: DrumPicks, count: int) -> NDArray[np.int64]:
    """Return the frame nearest to each refined pick, among `count` frames."""
    frames = np.clip(np.rint(hits.positions), 0, max(count - 1, 0))
    return np.asarray(frames, np.int64)
