"""The share of drums in each time-frequency bin: a learnt Wiener-like mask.

A Wiener mask follows from the estimated levels of drums and background. Here small
networks of two hidden layers estimate it for every bin separately, from `Features`, and
others estimate it once more, knowing the mask of the first around the bin, and the
phases. They know where hits are, but nothing of the instruments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from adt_plugins.drums import Drum
from adt_plugins.separation.features import Features
from adt_plugins.separation.frames import Floats, Grid, Spectra
from adt_plugins.separation.learnt import FIRST, LAYERS, SECOND, Learnt
from adt_plugins.separation.second_pass import SecondFeatures
from adt_plugins.separation.templates import EPSILON, Mixture

MOST_LOUDER = np.float32(32.0)
"""Ratio by which drums may exceed their templates; the rest is something else."""

_FRAMES_AT_ONCE = 32
# So few that OpenBLAS does not share the products among its threads, which wait for
# each other in loops: on a busy machine that takes three times as much processor time.
_PLACES_AT_ONCE = 32
# From here on, networks estimate every other bin: the mask changes little between them.
_EVERY_BIN_TO_HZ = 5500.0


def drum_mask(
    mixture: Mixture, spectra: Spectra, grid: Grid, level: float, learnt: Learnt
) -> Floats:
    """Return the share of drums in each time-frequency bin.

    Parameters
    ----------
    mixture, grid, level
        See `Features`.
    spectra
        Those of the mixture, whose phases count, too.
    learnt
        Weights of the networks.

    Returns
    -------
    NDArray[np.float32]
        Shape (frames, bins), 0-1; 0 if there are no hits.
    """
    if not mixture.drums:
        return np.zeros_like(mixture.magnitudes)
    first = first_pass(mixture, grid, level, learnt)
    around = SecondFeatures(spectra, first.mask)
    mask = np.empty_like(first.odds)
    for begin, end in _blocks(len(mask)):
        both = np.concatenate([first.features.of(begin, end), around.of(begin, end)])
        second = odds_of_bins(both, grid, learnt, SECOND)
        mask[begin:end] = sigmoid(mean_odds(first.odds[begin:end], second))
    return mask * first.most


class FirstPass(NamedTuple):
    """What the first networks estimate: the mask's log odds, and its upper limit."""

    features: Features
    odds: Floats
    most: Floats

    @property
    def mask(self) -> Floats:
        """The mask, 0-1."""
        return sigmoid(self.odds) * self.most


def first_pass(mixture: Mixture, grid: Grid, level: float, learnt: Learnt) -> FirstPass:
    """Estimate the mask of a stretch with drums; see `drum_mask`."""
    features = Features(mixture, grid, level)
    # Without a hit nothing is taken out, however much it sounds like one.
    drums = np.sum(list(mixture.drums.values()), axis=0)
    most = np.minimum(MOST_LOUDER * drums / (mixture.magnitudes + EPSILON), 1)
    odds = np.empty_like(most)
    for begin, end in _blocks(len(most)):
        odds[begin:end] = odds_of_bins(features.of(begin, end), grid, learnt, FIRST)
    return FirstPass(features, odds, most)


def odds_of_bins(features: Floats, grid: Grid, learnt: Learnt, stage: str) -> Floats:
    """Return log odds, shape (frames, bins), of features of every frame and bin."""
    step = grid.sample_rate / grid.size
    coarse = min(2 * round(_EVERY_BIN_TO_HZ / step / 2), grid.bins - 1)
    low, high = features[..., :coarse], features[..., coarse::2]
    rows = np.concatenate([low, high], axis=2)
    odds = odds_of_features(rows.reshape(len(rows), -1), learnt, stage)
    odds = odds.reshape(rows.shape[1:])
    every = np.empty(features.shape[1:], np.float32)
    every[:, :coarse] = odds[:, :coarse]
    every[:, coarse::2] = odds[:, coarse:]
    every[:, coarse + 1 :: 2] = (odds[:, coarse:-1] + odds[:, coarse + 1 :]) / 2
    return every


def odds_of_features(rows: Floats, learnt: Learnt, stage: str) -> Floats:
    """Return the logarithm of the mask's odds for features, shape (features, places).

    It is the mean of what the networks of a stage, `FIRST` or `SECOND`, put out.
    """
    features, places = rows.shape
    padded = np.pad(rows, ((0, 0), (0, -places % _PLACES_AT_ONCE)))
    values = padded.reshape(features, 1, -1, _PLACES_AT_ONCE).transpose(2, 1, 0, 3)
    for layer in LAYERS:
        values = learnt[f"{stage}weights.{layer}"].swapaxes(-1, -2) @ values
        values += learnt[f"{stage}bias.{layer}"][..., None]
        if layer != LAYERS[-1]:
            np.maximum(values, 0, out=values)
    odds = values.mean(axis=1).reshape(-1)[:places]
    return np.asarray(odds, np.float32)


def mean_odds(first: Floats, second: Floats) -> Floats:
    """Return the log odds of the mask that both stages together estimate."""
    return np.asarray((first + second) / 2, np.float32)


def sigmoid(odds: Floats) -> Floats:
    """Return the mask of odds, 0-1."""
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def _blocks(count: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, count, _FRAMES_AT_ONCE):
        yield begin, min(begin + _FRAMES_AT_ONCE, count)


def shares(drums: Mapping[Drum, Floats]) -> dict[Drum, Floats]:
    """Return each drum's share of all drums' power; they sum to 1, or to 0."""
    powers = {drum: np.square(values) for drum, values in drums.items()}
    total = np.sum(list(powers.values()), axis=0) + EPSILON**2
    return {drum: power / total for drum, power in powers.items()}
