"""Compound meters: what drums play on each eighth of a bar of 6/8.

The beats of 6/8 are dotted quarters, whose parts are thirds. A tracker that expects
halves takes them for 3/4 at three times the tempo, or for 4/4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.rhythm.drum_patterns import block_means, likelihood, nearby

MIN_BPM, MAX_BPM = 30.0, 130.0
"""Tempi of dotted quarters. With 55 to 215, as of other meters, slow songs were counted
in eighths (experiment 25)."""

USUAL_BAR = 2

# Share of bars of 6/8 with a hit at each eighth; ANY is any drum.
_PATTERN = {
    "KD": (0.75, 0.05, 0.12, 0.35, 0.05, 0.15),
    "SD": (0.05, 0.03, 0.12, 0.65, 0.08, 0.15),
    "CY": (0.50, 0.30, 0.35, 0.40, 0.30, 0.30),
    "ANY": (0.90, 0.55, 0.55, 0.90, 0.55, 0.60),
}
# And of moments that are anywhere.
_ANYWHERE = {"KD": 0.10, "SD": 0.10, "CY": 0.08, "ANY": 0.22}
_WEIGHT = {"KD": 1.0, "SD": 1.0, "CY": 1.0, "ANY": 0.5}
_COST = 0.5
"""Log probability that each beat costs: of two tempi that fit, the slower one."""
_SURE = 0.99  # the network is never surer than this

_LEAST_DRUMS = 0.15  # mean activation on the beats

_SWUNG = 0.7  # of the activation at the other third

LEAST_BEATS = 6
"""Of fewer beats nothing is judged."""
MOST_OF_COMPOUND = 2.2
"""Log odds that beats of 6/8 add at most, but for one recording in ten."""

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]


def any_drum(activations: Activations) -> Singles:
    """Highest activation of the drums near each frame, shape (frames,)."""
    names = activations.outputs
    drums = [n for n, name in enumerate(names) if name not in ("beat", "downbeat")]
    return nearby(activations.values[:, drums].max(axis=1, initial=0.0))


class CompoundEvidence:
    """Return the evidence for a beat of compound bars at a frame.

    Parameters
    ----------
    activations
        Activations; those of ``KD``, ``SD`` and ``CY``, and the highest of all drums,
        count.
    bar
        Beats in a bar: 2 of 6/8, 4 of 12/8. Of others only any drum counts.
    drums
        Highest activation of the drums, from `any_drum`; None: what the drums play
        does not count.
    changes
        Log odds of a downbeat at each frame for other reasons.
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
        """The evidence of frames; none outside of the recording.

        Returns
        -------
        tuple of NDArray
            Log ratios of the probabilities that the drums play what they do at the
            beginning, at a third and at two thirds of a beat, and anywhere. Shape
            (beats of a bar, frames) each.
        """
        thirds = np.zeros((3, self._bar, end - first), np.float32)
        start, stop = max(first, 0), min(end, self._frames)
        if start < stop:
            self._fill(thirds[..., start - first : stop - first], start, stop)
        return thirds[0], thirds[1], thirds[2]

    def means(self) -> tuple[Singles, ...]:
        """The mean over the beats of a bar, shape (frames,) each."""
        return block_means(self.cut, self._frames)

    def _fill(self, thirds: Singles, first: int, end: int) -> None:
        """Add all evidence of frames of the recording."""
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
    """Judges by the beats in a simple meter, and in 6/8, whether it is 6/8.

    A logistic regression, learnt from 335 renders of 30 seconds, 89 of them in 6/8 and
    52 in 3/4 (see `models/EXPERIMENTS.md`).

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
            for name in ("SD", "downbeat")
            if name in activations.outputs
        }

    def hears_drums(self, frames: Ints) -> bool:
        """Whether drums play on beats: of other music nothing is known."""
        return _mean_at(self._any, frames) >= _LEAST_DRUMS

    def swings(self, frames: Ints) -> bool:
        """Whether the first third of beats is silent, as in a shuffle."""
        _, third, _, other, _ = self._divided(frames)
        return third < _SWUNG * other

    def of_simple(self, frames: Ints, positions: Ints) -> float:
        """Log odds of 6/8 from beats of 3/4 or 4/4, first frame and position of each.

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

    def of_compound(self, frames: Ints, positions: Ints) -> float:
        """Log odds of 6/8 that beats of it add: hits on thirds, and clear downbeats."""
        first, third, half, other, last = self._divided(frames)
        clear = self._mean("downbeat", frames[positions == 1]) - self._mean(
            "downbeat", frames[positions == 2]
        )
        return 1.85 * ((third + other) / 2 - max(first, half, last)) + 8.71 * clear

    def _divided(self, frames: Ints) -> list[float]:
        """Mean of the drums at 1/4, 1/3, 1/2, 2/3 and 3/4 of the beats."""
        lengths = np.diff(frames)
        places = [
            frames[:-1] + part * lengths for part in (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
        ]
        return [_mean_at(self._any, place) for place in places]

    def _mean(self, name: str, frames: Ints) -> float:
        column = self._columns.get(name)
        return 0.0 if column is None else _mean_at(column, frames)


def _mean_at(column: Singles, frames: NDArray[np.float64] | Ints) -> float:
    at = np.round(frames).astype(np.int64).clip(0, len(column) - 1)
    return float(column[at].mean()) if len(at) else 0.0
