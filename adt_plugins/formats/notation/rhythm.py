"""Infers how beats are divided: one rhythm for one groove.

A beat's division and the feel of the music, straight or swung, are decided together,
from all hits: hits lie around the places of a division with a normal error that is
estimated from the song, some divisions are likelier than others, the more so the more
often the song has them, a division seldom changes from beat to beat, and a feel only
at a bar line, where the music gives many reasons. The likeliest sequence is found by
dynamic programming (Viterbi). Swing is where most second halves of beats lie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adt_plugins.formats.notation.divisions import (
    FEEL_PRIOR,
    STATES,
    Division,
    Feel,
    Floats,
    Unit,
    in_steps,
    prior,
    transitions,
    weights,
)

Ints = NDArray[np.int64]

TRIPLET_SWING = 2 / 3
_STRAIGHT_HALF = 0.5


@dataclass(frozen=True)
class Rhythm:
    """The result of `find_rhythm`.

    Parameters
    ----------
    feels, divisions
        Feel and division of each beat.
    places
        Beat and step of each stroke; a step may be the first of the next beat.
    swing, swing_16
        Position of the second of two swung eighths or sixteenths, 0.57 to 0.75 of
        the pair.
    error
        Usual distance of strokes from their places, in seconds.
    """

    feels: tuple[Feel, ...]
    divisions: tuple[Division, ...]
    places: tuple[tuple[int, int], ...]
    swing: float
    swing_16: float
    error: float

    def swing_of(self, feel: Feel) -> float:
        """Return the swing of a feel; 0.5 if it is straight."""
        if feel is Feel.EIGHTHS:
            return self.swing
        return self.swing_16 if feel is Feel.SIXTEENTHS else _STRAIGHT_HALF


_STRAY = 0.03  # share of hits that lie anywhere
_MEETING = -5.0  # for two hits of a drum on a step ...
_NEAR_MISS = -1.0  # ... and of different drums, which were not heard as one stroke
_LONELY = -4.0  # for a step between 16ths or triplets without another beside it
_SHORT = (6, 8)  # steps of a quarter
_FIRST_ERROR_S, _LEAST_ERROR_S, _MOST_ERROR_S = 0.02, 0.006, 0.03
_OFFSET_SHARE, _OFFSET_S = 0.15, 0.06
_AROUND, _USUAL_HITS = 6, 3  # beats, hits
_KERNEL = 0.02
_LEAST_PAIRS = 4
# Where second halves begin that are written as swung, in thousandths of the whole. Of
# sixteenths less is not heard as swing, and what comes later is a 32nd.
_SWING, _SWING_16 = (570, 750), (590, 680)
_SWING_STEP = 5


@dataclass(frozen=True)
class Strokes:
    """Strokes: times in seconds, ascending, and the drums of each.

    `drums` has a bit for each drum.
    """

    times: Floats
    drums: Ints


@dataclass(frozen=True)
class Beats:
    """Beats to divide; `times` has one more item, the end of the last beat.

    `bars` has the number of the bar of each.
    """

    times: Floats
    units: Sequence[Unit]
    bars: Sequence[int]


def find_rhythm(beats: Beats, strokes: Strokes) -> Rhythm:
    """Find feel and division of each beat from all strokes.

    Parameters
    ----------
    beats
        The beats to divide.
    strokes
        All strokes; those outside the beats count for the nearest beat.
    """
    lengths = np.diff(beats.times)
    late = _late(beats.times, lengths, strokes.times)
    index, phase = _phases(beats.times, strokes.times - late)
    quarters = np.array([unit is Unit.QUARTER for unit in beats.units])
    swing = _swing(index, phase, quarters, _SWING)
    halves = 2 * index + (phase >= 0.5)
    swing_16 = _swing(halves, (2 * phase) % 1, np.repeat(quarters, 2), _SWING_16)
    error, counts = _FIRST_ERROR_S, np.zeros(len(STATES))
    path = np.zeros(len(lengths), np.int64)
    for _ in range(3):
        sigma = error / lengths[index]
        hits = _Hits(index, phase, strokes.drums, sigma, len(lengths))
        fits = _fits(hits, (swing, swing_16))
        path = _likeliest(beats, fits, counts)
        error = _error(index, phase, lengths, path, (swing, swing_16))
        inside = (phase > 0.5 * sigma) & (phase < 1 - 0.5 * sigma)
        busy = np.unique(index[inside])
        counts = np.bincount(path[busy], minlength=len(STATES)).astype(np.float64)
    states = [STATES[state] for state in path]
    steps = _steps(index, phase, states, (swing, swing_16))
    return Rhythm(
        tuple(feel for feel, _ in states),
        tuple(division for _, division in states),
        steps,
        swing,
        swing_16,
        error,
    )


def _late(times: Floats, lengths: Floats, hits: Floats) -> Floats:
    """Estimate how late each hit is relative to the beats, like the hits around it."""
    if not len(hits):
        return hits
    nearest = np.clip(np.searchsorted(times, hits), 1, len(times) - 1)
    nearest -= hits - times[nearest - 1] < times[nearest] - hits
    off = hits - times[nearest]
    reach = np.minimum(
        _OFFSET_SHARE * lengths[np.minimum(nearest, len(lengths) - 1)], _OFFSET_S
    )
    near = np.abs(off) < reach
    if not near.any():
        return np.zeros(len(hits))
    beats, off = nearest[near], off[near]
    usual = float(np.median(off))
    local = np.full(len(times), usual)
    every = np.arange(len(times))
    firsts = np.searchsorted(beats, every - _AROUND)
    lasts = np.searchsorted(beats, every + _AROUND + 1)
    for beat in np.flatnonzero(lasts > firsts):
        # Add a few hits of usual lateness.
        nearby = np.append(off[firsts[beat] : lasts[beat]], [usual] * _USUAL_HITS)
        local[beat] = np.median(nearby)
    before = np.clip(np.searchsorted(times, hits, "right") - 1, 0, len(times) - 2)
    part = np.clip((hits - times[before]) / lengths[before], 0.0, 1.0)
    delays: Floats = local[before] + part * (local[before + 1] - local[before])
    return delays


def _steps(
    index: Ints,
    phase: Floats,
    states: Sequence[tuple[Feel, Division]],
    swings: tuple[float, float],
) -> tuple[tuple[int, int], ...]:
    """Return the beat and step of each stroke."""
    steps = []
    for beat, place in zip(index.tolist(), phase.tolist(), strict=True):
        feel, division = states[beat]
        places = [*division.places(_swing_for(feel, swings)), 1.0]
        step = min(range(len(places)), key=lambda n: abs(places[n] - place))
        whole = step == division.steps
        steps.append((beat + 1, 0) if whole else (beat, step))
    return tuple(steps)


def _phases(times: Floats, hits: Floats) -> tuple[Ints, Floats]:
    """Return the beat of each hit and the place in it, 0-1 except at both ends."""
    index = np.clip(np.searchsorted(times, hits, "right") - 1, 0, len(times) - 2)
    return index, (hits - times[index]) / (times[index + 1] - times[index])


def _swing(
    index: Ints,
    phase: Floats,
    wanted: NDArray[np.bool_],
    limits: tuple[int, int],
) -> float:
    """Estimate the position of swung second halves of beats, or of half beats."""
    inside = (phase > 0.15) & (phase < 0.87) & wanted[index]
    index, phase = index[inside], phase[inside]
    second = (phase > 0.45) & (phase < 0.8)
    # The last third of a triplet says nothing about pairs.
    mixed = np.unique(index[~second])
    pairs = phase[second & ~np.isin(index, mixed)]
    if len(pairs) < _LEAST_PAIRS:
        return TRIPLET_SWING
    candidates = np.arange(limits[0], limits[1] + 1, _SWING_STEP) / 1000
    near = np.exp(-0.5 * ((pairs[:, None] - candidates) / _KERNEL) ** 2)
    return float(candidates[int(in_steps(near).sum(axis=0).argmax())])


def _swing_for(feel: Feel, swings: tuple[float, float]) -> float:
    return swings[feel is Feel.SIXTEENTHS]


@dataclass(frozen=True)
class _Hits:
    """Strokes: beat, place in it, drums, usual error as a fraction of the beat."""

    index: Ints
    phase: Floats
    drums: Ints
    sigma: Floats
    beats: int


def _fits(hits: _Hits, swings: tuple[float, float]) -> Floats:
    """Return the log likelihood of each beat's hits by state: (beats, states)."""
    fits: dict[tuple[Division, float], Floats] = {}
    columns = []
    for feel, division in STATES:
        swing = _swing_for(feel, swings) if division.swung else _STRAIGHT_HALF
        key = (division, swing)
        if key not in fits:
            fits[key] = _fit(hits, division, swing)
        columns.append(fits[key])
    return np.stack(columns, axis=1)


def _fit(hits: _Hits, division: Division, swing: float) -> Floats:
    """Return the log likelihood of each beat's hits with a division."""
    places = np.array([*division.places(swing), 1.0])
    likely = weights(division)
    likely = np.append(likely, likely[0])
    off = (hits.phase[:, None] - places) / hits.sigma[:, None]
    near = np.exp(-0.5 * off**2) @ likely / (hits.sigma * math.sqrt(2 * math.pi))
    fit = in_steps(np.log((1 - _STRAY) * near + _STRAY))
    step = np.abs(off).argmin(axis=1) + hits.index * division.steps
    meets = step[1:] == step[:-1]
    same = (hits.drums[1:] & hits.drums[:-1]) != 0
    fit[1:] += np.where(meets, np.where(same, _MEETING, _NEAR_MISS), 0.0)
    if division.steps in _SHORT and not division.swung:
        far = np.diff(step, prepend=-2, append=np.iinfo(np.int64).max) > 1
        is_between = (step % 2 == 1) & (2 * step % division.steps != 0)
        fit += np.where(is_between & far[1:] & far[:-1], _LONELY, 0.0)
    return np.bincount(hits.index, fit, minlength=hits.beats).astype(np.float64)


def _likeliest(beats: Beats, fits: Floats, counts: Floats) -> Ints:
    """Return the state of each beat (Viterbi)."""
    priors = {unit: prior(unit, counts) for unit in set(beats.units)}
    inside, at_bar = transitions()
    score = np.array([FEEL_PRIOR[feel] for feel, _ in STATES])
    score = score + priors[beats.units[0]] + fits[0]
    back = np.zeros((len(fits), len(STATES)), np.int64)
    for n in range(1, len(fits)):
        change = inside if beats.bars[n] == beats.bars[n - 1] else at_bar
        ways = score[:, None] + change
        back[n] = ways.argmax(axis=0)
        score = ways.max(axis=0) + priors[beats.units[n]] + fits[n]
    path = np.zeros(len(fits), np.int64)
    path[-1] = score.argmax()
    for n in range(len(fits) - 1, 0, -1):
        path[n - 1] = back[n, path[n]]
    return path


def _error(
    index: Ints,
    phase: Floats,
    lengths: Floats,
    path: Ints,
    swings: tuple[float, float],
) -> float:
    """Return the usual distance of hits from their places, in seconds."""
    far = np.full(len(index), np.nan)
    for state in np.unique(path[index]):
        feel, division = STATES[state]
        places = np.array([*division.places(_swing_for(feel, swings)), 1.0])
        own = path[index] == state
        far[own] = np.abs(phase[own, None] - places).min(axis=1)
    far = far * lengths[index]
    if not len(far):
        return _FIRST_ERROR_S
    # The median of a normal distribution's absolute error is 0.67 standard deviations.
    return float(np.clip(np.median(far) / 0.6745, _LEAST_ERROR_S, _MOST_ERROR_S))
