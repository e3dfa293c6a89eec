"""Chooses how the beats of 4/4 are counted: how fast, and from which one on.

Where beats are found, another multiple of them may be meant, or another one may be the
first of the bar. Drums and activations tell which: kick and crash on 1, snare on 2 and
4, hi-hats between the beats, toms at the end of a bar, a tempo that is neither slow nor
fast. All readings are compared by a conditional logit model [1]_, whose weights were
learnt from 1269 renders of performances (experiment 46).

.. [1] D. McFadden, "Conditional logit analysis of qualitative choice behavior",
   Frontiers in Econometrics, 1974.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.rhythm.drum_patterns import nearby

BAR = 4
LEAST_BEATS = 8
"""Fewer beats are too few to compare readings."""

# Weights of each drum at the beginning and in the middle of each beat; a drum's hits
# are relative to the place where most are, in any reading.
_DRUMS = {
    "KD": ((1.47, -1.31), (0.76, 0.97), (1.14, -0.2), (-0.02, -0.91)),
    "SD": ((-0.9, -1.37), (0.58, -0.55), (-0.21, -0.54), (0.89, 0.15)),
    "HH": ((-0.85, 0.15), (0.43, 0.5), (0.25, 1.7), (0.87, 0.3)),
    "TT": ((-0.14, -0.88), (-0.25, -0.29), (0.73, 0.66), (1.69, 2.1)),
    "CY": ((2.21, -0.09), (-0.3, 0.24), (-0.74, -0.87), (-0.27, -0.22)),
}
_RARE = 0.15
_BEATS = (2.23, -0.51)
"""Weights of the activation of beats at their beginnings and middles, ..."""
_DOWNBEATS = (8.99, -0.87, -3.1, 1.59)
"""... and of the activation of downbeats at each beat of the bar."""
_USUAL_BPM, _TEMPO = 110.0, (0.36, -2.06)
"""Weights of the octaves between the tempo and the usual one, and of their square."""
_KINDS = {"same": 0.03, "off": -0.17, "double": 0.89, "half": -0.5}
_UNCHANGED = 1.21
_HARMONY = 0.6
"""Weight of the novelty of the harmony at downbeats."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """Beats: their frames, which need not be whole, and positions from 0."""

    kind: str
    frames: Floats
    positions: Ints


def likeliest_reading(
    frames: Ints,
    positions: Ints,
    activations: Activations,
    changes: NDArray[np.float32] | None,
    *,
    tempi: tuple[float, float] | None,
) -> tuple[Ints, Ints]:
    """Return the frames of beats and their positions in the likeliest reading.

    Parameters
    ----------
    frames, positions
        The beats that were found, in bars of four; positions from 1.
    activations
        Activations of drums, beats and downbeats.
    changes
        Novelty of the harmony at each frame, in standard deviations.
    tempi
        Lowest and highest tempo of other readings; None: that of the beats is known.
    """
    rate = activations.frame_rate
    given, *others = _readings(frames, positions - 1)
    candidates = [given, *(other for other in others if _is_open(other, tempi, rate))]
    scores = np.array([_prior(reading, rate) for reading in candidates])
    scores[0] += _UNCHANGED
    columns = dict(zip(activations.outputs, activations.values.T, strict=True))
    for drum, weights in _DRUMS.items():
        if drum in columns:
            hits = _profiles(candidates, nearby(columns[drum]))
            scores += (hits / (hits.max() + _RARE) * np.array(weights)).sum(axis=(1, 2))
    beats = nearby(np.maximum(columns["beat"], columns["downbeat"]))
    scores += [_halves(r, beats).mean(axis=0) @ np.array(_BEATS) for r in candidates]
    downbeats = nearby(columns["downbeat"])
    scores += _profiles(candidates, downbeats)[..., 0] @ np.array(_DOWNBEATS)
    if changes is not None:
        scores += _HARMONY * _profiles(candidates, changes)[:, 0, 0]
    best = candidates[int(scores.argmax())]
    return np.floor(best.frames + 0.5).astype(np.int64), best.positions + 1


def _is_open(reading: Reading, tempi: tuple[float, float] | None, rate: float) -> bool:
    """Return whether a reading agrees with what is known of the tempo."""
    if tempi is None:
        return reading.kind in ("same", "off")
    return tempi[0] <= _tempo(reading, rate) <= tempi[1]


def _readings(frames: Ints, positions: Ints) -> Iterator[Reading]:
    """Yield all readings, the given one first."""
    whole = frames.astype(np.float64)
    middles = (whole[1:] + whole[:-1]) / 2
    for first in range(BAR):
        yield Reading("same", whole, (positions + first) % BAR)
    for first in range(BAR):
        yield Reading("off", middles, (positions[:-1] + first) % BAR)
    double = np.sort(np.concatenate([whole, middles]))
    for first in range(BAR):
        place = 2 * positions[0] + np.arange(len(double)) + first
        yield Reading("double", double, place % BAR)
    for first in range(2 * BAR):
        place = positions[0] + np.arange(len(whole)) + first
        even = place % 2 == 0
        yield Reading("half", whole[even], place[even] // 2 % BAR)


def _tempo(reading: Reading, rate: float) -> float:
    return 60 * rate / float(np.median(np.diff(reading.frames)))


def _prior(reading: Reading, rate: float) -> float:
    octaves = float(np.log2(_tempo(reading, rate) / _USUAL_BPM))
    return _KINDS[reading.kind] + _TEMPO[0] * octaves + _TEMPO[1] * octaves**2


def _halves(reading: Reading, column: NDArray[np.float32]) -> Floats:
    """Return a column at the beginning and the middle of each beat: (beats, 2)."""
    starts, lengths = reading.frames[:-1], np.diff(reading.frames)
    at = starts[:, np.newaxis] + lengths[:, np.newaxis] * np.array([0.0, 0.5])
    nearest = np.floor(at + 0.5).astype(np.int64).clip(0, len(column) - 1)
    halves: Floats = column[nearest].astype(np.float64)
    return halves


def _profiles(candidates: list[Reading], column: NDArray[np.float32]) -> Floats:
    """Return the means of a column in each half of each beat: (readings, 4, 2)."""
    means = np.zeros((len(candidates), BAR, 2))
    for mean, reading in zip(means, candidates, strict=True):
        halves, own = _halves(reading, column), reading.positions[:-1]
        count = np.bincount(own, minlength=BAR).clip(1)
        for half in range(2):
            mean[:, half] = np.bincount(own, halves[:, half], minlength=BAR) / count
    return means
