"""How beats are divided: one rhythm for one groove.

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
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SWING, MOST_SWING = 0.57, 0.75
"""Where a second half begins that is written as swung, as a share of the whole."""

TRIPLET_SWING = 2 / 3
_STRAIGHT_HALF = 0.5


class Feel(Enum):
    """Which pairs of notes are swung."""

    STRAIGHT = "straight"
    EIGHTHS = "swung eighths"
    SIXTEENTHS = "swung sixteenths"


@dataclass(frozen=True, order=True)
class Division:
    """Steps of a beat; of swung ones every second comes late."""

    steps: int
    swung: bool = False

    def places(self, swing: float) -> tuple[float, ...]:
        """Where the steps lie in the beat, 0-1; `swing` as in `Rhythm`."""
        if not self.swung:
            return tuple(step / self.steps for step in range(self.steps))
        return tuple(
            (step // 2 * 2 + (2 * swing if step % 2 else 0)) / self.steps
            for step in range(self.steps)
        )

    @property
    def is_ternary(self) -> bool:
        """Whether its steps are thirds, or parts of thirds."""
        return self.steps % 3 == 0


UNDIVIDED = Division(1)


class Unit(Enum):
    """What is divided: a quarter, a dotted one, or a shorter note."""

    QUARTER = "quarter"
    DOTTED = "dotted quarter"
    EIGHTH = "eighth"
    SHORT = "sixteenth or shorter"


@dataclass(frozen=True)
class Rhythm:
    """What `find_rhythm` found.

    Parameters
    ----------
    feels, divisions
        Feel and division of each beat.
    places
        Beat and step of each stroke; a step may be the first of the next beat.
    swing, swing_16
        Where the second of two swung eighths or sixteenths begins, 0.57 to 0.75 of
        the pair.
    error
        How far strokes lie from their places as a rule, in seconds.
    """

    feels: tuple[Feel, ...]
    divisions: tuple[Division, ...]
    places: tuple[tuple[int, int], ...]
    swing: float
    swing_16: float
    error: float

    def swing_of(self, feel: Feel) -> float:
        """Swing of a feel; 0.5 if it is straight."""
        if feel is Feel.EIGHTHS:
            return self.swing
        return self.swing_16 if feel is Feel.SIXTEENTHS else _STRAIGHT_HALF


_D = Division
_SWUNG = {n: Division(n, True) for n in (2, 4, 6)}
# How likely divisions are before anything is heard of the song. What has no swing is
# as likely in every feel, or many empty beats would choose one.
_PRIORS: dict[Unit, dict[Feel, dict[Division, float]]] = {
    Unit.QUARTER: {
        Feel.STRAIGHT: {
            _D(2): 0.48,
            _D(4): 0.46,
            _D(8): 0.01,
            _D(3): 0.03,
            _D(6): 0.02,
        },
        Feel.EIGHTHS: {
            _SWUNG[2]: 0.48,
            _D(3): 0.3,
            _D(6): 0.05,
            _D(12): 0.01,
            _D(4): 0.02,
        },
        Feel.SIXTEENTHS: {_D(2): 0.48, _SWUNG[4]: 0.46, _D(8): 0.01, _D(6): 0.02},
    },
    Unit.DOTTED: {
        Feel.STRAIGHT: {
            _D(3): 0.5,
            _D(6): 0.45,
            _D(12): 0.01,
            _D(2): 0.02,
            _D(4): 0.02,
        },
        Feel.SIXTEENTHS: {_D(3): 0.5, _SWUNG[6]: 0.45, _D(12): 0.01, _D(2): 0.02},
    },
    Unit.EIGHTH: {
        Feel.STRAIGHT: {_D(1): 0.5, _D(2): 0.45, _D(4): 0.02, _D(3): 0.03},
        Feel.SIXTEENTHS: {_D(1): 0.5, _SWUNG[2]: 0.45, _D(4): 0.02, _D(3): 0.03},
    },
    Unit.SHORT: {Feel.STRAIGHT: {_D(1): 0.8, _D(2): 0.2}},
}
_STATES = sorted(
    {
        (feel, division)
        for feels in _PRIORS.values()
        for feel, divisions in feels.items()
        for division in divisions
    },
    key=lambda state: (state[0].value, state[1]),
)
_FEEL_PRIOR = {Feel.STRAIGHT: 0.0, Feel.EIGHTHS: -2.0, Feel.SIXTEENTHS: -12.0}
_OTHER_FEEL = -18.0  # log probability, at a bar line
_OTHER_FAMILY = -2.5  # between binary and ternary beats
_OTHER_STEPS = -0.3
_NEVER = -1e6

_STRAY = 0.03  # share of hits that lie anywhere
_MEETING = -5.0  # for two hits of a drum on a step ...
_NEAR_MISS = -1.0  # ... and of different drums, which were not heard as one stroke
_FIRST_ERROR_S, _LEAST_ERROR_S, _MOST_ERROR_S = 0.02, 0.006, 0.03
_PRIOR_WEIGHT = 24  # beats that the prior counts as
_OFFSET_SHARE, _OFFSET_S = 0.15, 0.06
_AROUND, _USUAL_HITS = 6, 3  # beats, hits
_KERNEL = 0.02
_LEAST_PAIRS = 4
_SWING_16 = (0.59, 0.68)  # less is not heard as swing, later it is a 32nd
_MOST_TERNARY = 0.1  # share of triplets in straight music; with more it is a shuffle


@dataclass(frozen=True)
class Strokes:
    """Hits that were meant together: times in seconds, ascending, and their drums.

    `drums` has a bit for each.
    """

    times: Floats
    drums: Ints


@dataclass(frozen=True)
class Beats:
    """What is divided: `times` has one more than there are, the end of the last.

    `bars` counts the bar that each belongs to.
    """

    times: Floats
    units: Sequence[Unit]
    bars: Sequence[int]


def find_rhythm(beats: Beats, strokes: Strokes) -> Rhythm:
    """Find feel and division of each beat from all strokes.

    Parameters
    ----------
    beats
        What is divided.
    strokes
        All of them; what lies outside of the beats counts for the nearest.
    """
    lengths = np.diff(beats.times)
    late = _late(beats.times, lengths, strokes.times)
    index, phase = _phases(beats.times, strokes.times - late)
    quarters = np.array([unit is Unit.QUARTER for unit in beats.units])
    swing = _swing(index, phase, quarters, (LEAST_SWING, MOST_SWING))
    halves = 2 * index + (phase >= 0.5)
    swing_16 = _swing(halves, (2 * phase) % 1, np.repeat(quarters, 2), _SWING_16)
    error, counts = _FIRST_ERROR_S, np.zeros(len(_STATES))
    path = np.zeros(len(lengths), np.int64)
    for _ in range(3):
        sigma = error / lengths[index]
        hits = _Hits(index, phase, strokes.drums, sigma, len(lengths))
        fits = _fits(hits, (swing, swing_16))
        path = _likeliest(beats, fits, counts)
        error = _error(index, phase, lengths, path, (swing, swing_16))
        inside = (phase > 0.5 * sigma) & (phase < 1 - 0.5 * sigma)
        busy = np.unique(index[inside])
        counts = np.bincount(path[busy], minlength=len(_STATES)).astype(np.float64)
    found = [_STATES[state] for state in path]
    steps = _steps(index, phase, found, (swing, swing_16))
    return Rhythm(
        tuple(feel for feel, _ in found),
        tuple(division for _, division in found),
        steps,
        swing,
        swing_16,
        error,
    )


def _late(times: Floats, lengths: Floats, hits: Floats) -> Floats:
    """How much later than the beats each hit is played, as others around it."""
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
    for beat in range(len(times)):
        first, last = np.searchsorted(beats, [beat - _AROUND, beat + _AROUND + 1])
        # As if some hits more were as usual.
        known = np.append(off[first:last], [usual] * _USUAL_HITS)
        local[beat] = np.median(known)
    found: Floats = np.interp(hits, times, local)
    return found


def _steps(
    index: Ints,
    phase: Floats,
    states: Sequence[tuple[Feel, Division]],
    swings: tuple[float, float],
) -> tuple[tuple[int, int], ...]:
    """Beat and step of each stroke."""
    found = []
    for beat, place in zip(index.tolist(), phase.tolist(), strict=True):
        feel, division = states[beat]
        places = [*division.places(_swing_for(feel, swings)), 1.0]
        step = min(range(len(places)), key=lambda n: abs(places[n] - place))
        whole = step == division.steps
        found.append((beat + 1, 0) if whole else (beat, step))
    return tuple(found)


def _phases(times: Floats, hits: Floats) -> tuple[Ints, Floats]:
    """Beat of each hit, and where it lies in it: 0 to 1 but at both ends."""
    index = np.clip(np.searchsorted(times, hits, "right") - 1, 0, len(times) - 2)
    return index, (hits - times[index]) / (times[index + 1] - times[index])


def _swing(
    index: Ints,
    phase: Floats,
    wanted: NDArray[np.bool_],
    limits: tuple[float, float],
) -> float:
    """Where most second halves of beats (or of half beats) lie that are swung."""
    inside = (phase > 0.15) & (phase < 0.87) & wanted[index]
    index, phase = index[inside], phase[inside]
    second = (phase > 0.45) & (phase < 0.8)
    # Of triplets the last third says nothing about pairs.
    mixed = np.unique(index[~second])
    pairs = phase[second & ~np.isin(index, mixed)]
    if len(pairs) < _LEAST_PAIRS:
        return TRIPLET_SWING
    candidates = np.arange(limits[0], limits[1] + 0.001, 0.005)
    density = np.exp(-0.5 * ((pairs[:, None] - candidates) / _KERNEL) ** 2).sum(axis=0)
    return float(candidates[int(density.argmax())])


def _weights(division: Division) -> Floats:
    """How likely the steps are: beats and halves more than what lies between."""
    steps = division.steps
    weights = np.ones(steps)
    weights[0] = 3.0
    if steps > 2 and steps % 2 == 0:
        weights[:: steps // 2] += 1.0
    if steps > 4 and steps % 4 == 0:
        weights[:: steps // 4] += 0.5
    shares: Floats = weights / weights.sum()
    return shares


def _swing_for(feel: Feel, swings: tuple[float, float]) -> float:
    return swings[feel is Feel.SIXTEENTHS]


@dataclass(frozen=True)
class _Hits:
    """Strokes: beat, place in it, drums, usual error as a part of the beat."""

    index: Ints
    phase: Floats
    drums: Ints
    sigma: Floats
    beats: int


def _fits(hits: _Hits, swings: tuple[float, float]) -> Floats:
    """Log likelihood of the hits of each beat in each state, shape (beats, states)."""
    found: dict[tuple[Division, float], Floats] = {}
    columns = []
    for feel, division in _STATES:
        swing = _swing_for(feel, swings) if division.swung else _STRAIGHT_HALF
        key = (division, swing)
        if key not in found:
            found[key] = _fit(hits, division, swing)
        columns.append(found[key])
    return np.stack(columns, axis=1)


def _fit(hits: _Hits, division: Division, swing: float) -> Floats:
    """Log likelihood of the hits of each beat with a division."""
    places = np.array([*division.places(swing), 1.0])
    weights = _weights(division)
    weights = np.append(weights, weights[0])
    off = (hits.phase[:, None] - places) / hits.sigma[:, None]
    near = np.exp(-0.5 * off**2) @ weights / (hits.sigma * math.sqrt(2 * math.pi))
    fit = np.log((1 - _STRAY) * near + _STRAY)
    step = np.abs(off).argmin(axis=1) + hits.index * division.steps
    meets = step[1:] == step[:-1]
    same = (hits.drums[1:] & hits.drums[:-1]) != 0
    fit[1:] += np.where(meets, np.where(same, _MEETING, _NEAR_MISS), 0.0)
    return np.bincount(hits.index, fit, minlength=hits.beats).astype(np.float64)


def _likeliest(beats: Beats, fits: Floats, counts: Floats) -> Ints:
    """State of each beat (Viterbi)."""
    priors = {unit: _prior(unit, counts) for unit in set(beats.units)}
    inside, at_bar = _transitions()
    score = np.array([_FEEL_PRIOR[feel] for feel, _ in _STATES])
    score = score + priors[beats.units[0]] + fits[0]
    back = np.zeros((len(fits), len(_STATES)), np.int64)
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


def _prior(unit: Unit, counts: Floats) -> Floats:
    """Log probability of each state, with what the song was found to have."""
    feels = _PRIORS[unit]
    prior = np.full(len(_STATES), _NEVER)
    for feel in Feel:
        # Where nothing is swung a feel goes on as it is.
        known = feels.get(feel, feels[Feel.STRAIGHT])
        states = [n for n, state in enumerate(_STATES) if state[0] is feel]
        total = sum(counts[n] for n in states) + _PRIOR_WEIGHT
        for n in states:
            share = known.get(_STATES[n][1])
            if share is None:
                continue
            likely = (counts[n] + _PRIOR_WEIGHT * share) / total
            if feel is Feel.STRAIGHT and _STATES[n][1].is_ternary and share < 0.1:
                likely = min(likely, _MOST_TERNARY)
            prior[n] = math.log(likely)
    return prior


def _transitions() -> tuple[Floats, Floats]:
    """Log probability of changes from state to state, in a bar and between bars."""
    size = len(_STATES)
    inside, at_bar = np.zeros((size, size)), np.zeros((size, size))
    for a, (feel, before) in enumerate(_STATES):
        for b, (other, after) in enumerate(_STATES):
            cost = 0.0
            if before.is_ternary != after.is_ternary:
                cost = _OTHER_FAMILY
            elif before != after:
                cost = _OTHER_STEPS
            inside[a, b] = cost if feel is other else _NEVER
            at_bar[a, b] = cost if feel is other else cost + _OTHER_FEEL
    return inside, at_bar


def _error(
    index: Ints,
    phase: Floats,
    lengths: Floats,
    path: Ints,
    swings: tuple[float, float],
) -> float:
    """Usual distance of hits from their places, in seconds."""
    far = np.full(len(index), np.nan)
    for state in np.unique(path[index]):
        feel, division = _STATES[state]
        places = np.array([*division.places(_swing_for(feel, swings)), 1.0])
        own = path[index] == state
        far[own] = np.abs(phase[own, None] - places).min(axis=1)
    far = far * lengths[index]
    if not len(far):
        return _FIRST_ERROR_S
    # Of a normal error the median is 0.67 of the standard deviation.
    return float(np.clip(np.median(far) / 0.6745, _LEAST_ERROR_S, _MOST_ERROR_S))
