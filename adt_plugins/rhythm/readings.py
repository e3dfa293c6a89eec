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

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

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
    """Beats: their frames, which need not be whole, positions from 0, and tempo."""

    kind: str
    frames: Floats
    positions: Ints
    bpm: float


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
    given, *others = _readings(frames, positions - 1, rate)
    candidates = [given, *(other for other in others if _is_open(other, tempi))]
    places = _Places(candidates)
    scores = np.array([_prior(reading) for reading in candidates])
    scores[0] += _UNCHANGED
    columns = dict(zip(activations.outputs, activations.values.T, strict=True))
    for drum, weights in _DRUMS.items():
        if drum in columns:
            hits = places.profiles(nearby(columns[drum]))
            scores += (hits / (hits.max() + _RARE) * np.array(weights)).sum(axis=(1, 2))
    beats = nearby(np.maximum(columns["beat"], columns["downbeat"]))
    scores += [each.mean(axis=0) @ np.array(_BEATS) for each in places.halves(beats)]
    downbeats = nearby(columns["downbeat"])
    scores += places.profiles(downbeats)[..., 0] @ np.array(_DOWNBEATS)
    if changes is not None:
        scores += _HARMONY * places.profiles(changes)[:, 0, 0]
    best = candidates[int(scores.argmax())]
    return np.floor(best.frames + 0.5).astype(np.int64), best.positions + 1


def _is_open(reading: Reading, tempi: tuple[float, float] | None) -> bool:
    """Return whether a reading agrees with what is known of the tempo."""
    if tempi is None:
        return reading.kind in ("same", "off")
    return tempi[0] <= reading.bpm <= tempi[1]


def _readings(frames: Ints, positions: Ints, rate: float) -> Iterator[Reading]:
    """Yield all readings, the given one first."""
    whole = frames.astype(np.float64)
    middles = (whole[1:] + whole[:-1]) / 2
    bpm = _tempo(whole, rate)
    for first in range(BAR):
        yield Reading("same", whole, (positions + first) % BAR, bpm)
    bpm = _tempo(middles, rate)
    for first in range(BAR):
        yield Reading("off", middles, (positions[:-1] + first) % BAR, bpm)
    double = np.sort(np.concatenate([whole, middles]))
    bpm = _tempo(double, rate)
    for first in range(BAR):
        place = 2 * positions[0] + np.arange(len(double)) + first
        yield Reading("double", double, place % BAR, bpm)
    halves = []
    for odd in range(2):
        place = positions[0] + np.arange(len(whole)) + odd
        even = place % 2 == 0
        halves.append((whole[even], place[even] // 2, _tempo(whole[even], rate)))
    for first in range(2 * BAR):
        half, place, bpm = halves[first % 2]
        yield Reading("half", half, (place + first // 2) % BAR, bpm)


def _tempo(frames: Floats, rate: float) -> float:
    return 60 * rate / float(np.median(np.diff(frames)))


def _prior(reading: Reading) -> float:
    octaves = float(np.log2(reading.bpm / _USUAL_BPM))
    return _KINDS[reading.kind] + _TEMPO[0] * octaves + _TEMPO[1] * octaves**2


class _Places:
    """Where readings look at a column: the beginnings and the middles of their beats.

    The beats of all readings follow each other, so that a column is looked up once.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._shape = (len(readings), BAR)
        own = [reading.positions[:-1] for reading in readings]
        self._ends = np.cumsum([len(positions) for positions in own])[:-1]
        self._nearest = np.concatenate([_nearest(r.frames) for r in readings])
        self._groups = np.concatenate([n * BAR + each for n, each in enumerate(own)])
        self._counts = self._sums(None).clip(1)

    def _sums(self, values: Floats | None) -> NDArray[Any]:
        """Return the sum over each reading's beats of each place: (readings, 4)."""
        size = math.prod(self._shape)
        return np.bincount(self._groups, values, minlength=size).reshape(self._shape)

    def _both(self, column: NDArray[np.float32]) -> Floats:
        both: Floats = column.take(self._nearest, mode="clip").astype(np.float64)
        return both

    def halves(self, column: NDArray[np.float32]) -> list[Floats]:
        """Return a column at both halves of each beat: (beats, 2) for each reading."""
        return np.split(self._both(column), self._ends)

    def profiles(self, column: NDArray[np.float32]) -> Floats:
        """Return the means of a column in each half of each beat: (readings, 4, 2)."""
        sums = [self._sums(half) for half in self._both(column).T]
        means: Floats = np.stack(sums, axis=-1) / self._counts[..., np.newaxis]
        return means


def _nearest(frames: Floats) -> Ints:
    """Return the frames nearest to the beginning and the middle of each beat."""
    starts, lengths = frames[:-1], np.diff(frames)
    at = starts[:, np.newaxis] + lengths[:, np.newaxis] * np.array([0.0, 0.5])
    nearest: Ints = np.floor(at + 0.5).astype(np.int64)
    return nearest
