"""Recognises compound meters, by what drums play at each eighth of a bar of 6/8.

The beats of 6/8 are dotted quarters, which divide into thirds. A tracker that expects
halves takes them for 3/4 at three times the tempo, or for 4/4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.rhythm.drum_patterns import block_means, likelihood, nearby

MIN_BPM, MAX_BPM = 30.0, 130.0
"""Range of tempi in dotted quarters. The wider range of other meters would count slow
songs in eighths (experiment 25)."""

USUAL_BAR = 2

# Share of bars of 6/8 with a hit at each eighth; ANY is any drum.
_PATTERN = {
    "KD": (0.75, 0.05, 0.12, 0.35, 0.05, 0.15),
    "SD": (0.05, 0.03, 0.12, 0.65, 0.08, 0.15),
    "CY": (0.50, 0.30, 0.35, 0.40, 0.30, 0.30),
    "ANY": (0.90, 0.55, 0.55, 0.90, 0.55, 0.60),
}
# Share of arbitrary frames with a hit nearby.
_ANYWHERE = {"KD": 0.10, "SD": 0.10, "CY": 0.08, "ANY": 0.22}
_WEIGHT = {"KD": 1.0, "SD": 1.0, "CY": 1.0, "ANY": 0.5}
_COST = 0.5
"""Log probability that each beat costs: if two tempi fit, the slower one wins."""
_SURE = 0.99  # highest probability that an activation may mean

_LEAST_DRUMS = 0.15  # mean activation on the beats

_SWUNG = 0.7  # share of the activation at the other third
_LEAST_THIRD = 0.15  # mean activation

LEAST_BEATS = 6
"""Fewer beats are too few to judge a meter."""
_MOST_OF_COMPOUND = 2.6
"""Beats of 6/8 are looked for where the odds of the simple ones are at most this much
against it: nine tenths of the recordings in which they win (experiment 47)."""

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]


def any_drum(activations: Activations) -> Singles:
    """Return the highest activation of the drums near each frame, shape (frames,)."""
    highest = np.zeros(len(activations.values), np.float32)
    # One by one: a copy of all columns takes 10 MB an hour.
    for name, column in zip(activations.outputs, activations.values.T, strict=True):
        if name not in ("beat", "downbeat"):
            np.maximum(highest, column, out=highest)
    return nearby(highest)


class CompoundEvidence:
    """Evidence for each beat of a compound bar at each frame.

    Parameters
    ----------
    activations
        Activations, of which ``KD``, ``SD`` and ``CY`` count, besides `drums`.
    bar
        Beats in a bar: 2 in 6/8, 4 in 12/8. For other numbers only `drums` counts.
    drums
        Highest activation of the drums, from `any_drum`; None: what the drums play
        does not count.
    changes
        Log odds of a downbeat at each frame, from other evidence.
    """

    division = 3

    def __init__(
        self,
        activations: Activations,
        bar: int,
        *,
        drums: Singles | None = None,
        changes: Singles | None = None,
    ) -> None:
        self._bar, self._changes = bar, changes
        self._frames = len(activations.values)
        names = activations.outputs
        self._hits: dict[str, Singles] = {}
        if drums is not None:
            for drum in ("KD", "SD", "CY"):
                if drum in names and bar % USUAL_BAR == 0:
                    column = activations.values[:, names.index(drum)]
                    self._hits[drum] = nearby(column)
            self._hits["ANY"] = drums
        self._cost = 0.0 if drums is None else _COST

    def cut(self, first: int, end: int) -> tuple[Singles, Singles, Singles]:
        """Return the evidence at frames; 0 outside the recording.

        Returns
        -------
        tuple of NDArray
            Log ratios of the probabilities of what the drums play at the beginning, at
            a third and at two thirds of a beat, against an arbitrary frame. Shape
            (beats of a bar, frames) each.
        """
        thirds = np.zeros((3, self._bar, end - first), np.float32)
        start, stop = max(first, 0), min(end, self._frames)
        if start < stop:
            self._fill(thirds[..., start - first : stop - first], start, stop)
        return thirds[0], thirds[1], thirds[2]

    def means(self) -> tuple[Singles, ...]:
        """Return the mean over the beats of a bar, shape (frames,) each."""
        return block_means(self.cut, self._frames)

    def _fill(self, thirds: Singles, first: int, end: int) -> None:
        """Add all evidence at frames within the recording."""
        for drum, column in self._hits.items():
            hit = column[first:end].clip(1 - _SURE, _SURE)
            background = np.log(likelihood(hit, _ANYWHERE[drum]))
            for place, share in enumerate(_PATTERN[drum]):
                ratio = _WEIGHT[drum] * (np.log(likelihood(hit, share)) - background)
                thirds[place % 3, place // 3 :: USUAL_BAR] += ratio
        if self._changes is not None:
            thirds[0, 0] += self._changes[first:end]
        thirds[0] -= self._cost


class MeterJudge:
    """Decides between a simple meter and 6/8, given the beats found in each.

    Two logistic regressions: one of the beats in a simple meter alone, learnt from 335
    renders of 30 seconds (experiment 25), and one of both (experiment 47).

    Parameters
    ----------
    activations
        Activations of the recording.
    drums
        Highest activation of the drums, from `any_drum`.
    """

    def __init__(self, activations: Activations, drums: Singles) -> None:
        self._frames_at_100_bpm = 0.6 * activations.frame_rate
        self._any = drums
        self._columns: dict[str, Singles] = {
            name: nearby(activations.values[:, activations.outputs.index(name)])
            for name in ("KD", "SD", "beat", "downbeat")
            if name in activations.outputs
        }

    def may_be_compound(self, frames: Ints, positions: Ints) -> bool:
        """Return whether beats of 6/8 are worth a search, given those of 3/4 or 4/4.

        Only where drums play on the beats can the meter be judged.
        """
        has_drums = _mean_at(self._any, frames) >= _LEAST_DRUMS
        return has_drums and self._of_simple(frames, positions) > -_MOST_OF_COMPOUND

    def has_thirds(self, frames: Ints) -> bool:
        """Return whether the first third of the beats is played.

        It is silent in a shuffle, and in straight beats.
        """
        _, third, half, other, _ = self._divided(frames)
        return third >= max(_SWUNG * other, half, _LEAST_THIRD)

    def of_both(self, simple: tuple[Ints, Ints], compound: tuple[Ints, Ints]) -> float:
        """Return the log odds of 6/8, given the beats in either: frames and positions.

        Besides what `_of_simple` says, those beats are likelier that have the higher
        activations, at nearly the same tempo in both and with a clear first kick;
        beats on thirds speak for 6/8, clear downbeats in a simple meter against it.
        """
        frames, positions = simple
        others, places = compound
        lengths = np.diff(others)
        thirds = [others[:-1] + part * lengths for part in (1 / 3, 2 / 3)]
        change = float(np.log(np.median(lengths) / np.median(np.diff(frames))))
        return (
            -1.16
            + 0.62 * self._of_simple(frames, positions)
            + 24.32 * self._mean("beat", others)
            - 20.98 * self._mean("beat", frames)
            + 7.25 * float(np.mean([self._mean("beat", third) for third in thirds]))
            - 3.68 * self._first("downbeat", frames, positions)
            + 1.69 * self._first("KD", others, places)
            + 0.95 * _mean_at(self._any, thirds[1])
            - 2.36 * abs(change)
        )

    def _of_simple(self, frames: Ints, positions: Ints) -> float:
        """Return the log odds of 6/8, given beats of 3/4 or 4/4: frames and positions.

        Fast beats in three with nothing between them, or thirds, speak for it; halves
        and quarters of a beat, and a snare on the second beat, against it.
        """
        first, third, half, other, last = self._divided(frames)
        bpm_ratio = float(np.median(np.diff(frames))) / self._frames_at_100_bpm
        snare = self._mean("SD", frames[positions == 2])
        return (
            -0.68
            - 2.72 * (half - (third + other) / 2)
            - 2.12 * (first + last)
            + 1.53 * float(np.log(bpm_ratio))
            + 0.88 * (int(positions.max()) == 3)
            - 1.72 * snare
        )

    def _divided(self, frames: Ints) -> list[float]:
        """Return the mean of `drums` at 1/4, 1/3, 1/2, 2/3 and 3/4 of the beats."""
        lengths = np.diff(frames)
        places = [
            frames[:-1] + part * lengths for part in (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
        ]
        return [_mean_at(self._any, place) for place in places]

    def _first(self, name: str, frames: Ints, positions: Ints) -> float:
        """Return how much higher a column is on the first beat than on others."""
        others = self._mean(name, frames[positions > 1])
        return self._mean(name, frames[positions == 1]) - others

    def _mean(self, name: str, frames: NDArray[np.float64] | Ints) -> float:
        column = self._columns.get(name)
        return 0.0 if column is None else _mean_at(column, frames)


def _mean_at(column: Singles, frames: NDArray[np.float64] | Ints) -> float:
    at = np.round(frames).astype(np.int64).clip(0, len(column) - 1)
    return float(column[at].mean()) if len(at) else 0.0
