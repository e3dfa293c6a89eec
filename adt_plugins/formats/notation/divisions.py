"""Lists how beats can be divided, and how likely each division is a priori.

Logarithms of probabilities are whole multiples of `LOG_STEP`: sums of them are exact,
in any order, and the browser, whose logarithms may differ in the last bit, comes to
the same part (`notebook_ext/src/notation`).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOG_STEP = 2.0**-20


class Feel(Enum):
    """Feel of the music: the pairs of notes that are swung."""

    STRAIGHT = "straight"
    EIGHTHS = "swung eighths"
    SIXTEENTHS = "swung sixteenths"


@dataclass(frozen=True, order=True)
class Division:
    """The steps of a beat; if it is swung, every second step is late."""

    steps: int
    swung: bool = False

    def places(self, swing: float) -> tuple[float, ...]:
        """Return where the steps lie in the beat, 0-1; `swing` as in `Rhythm`."""
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
PAIR = Division(2, True)
TRIPLET = Division(3)


def with_fewest_steps(
    division: Division, struck: Collection[int]
) -> tuple[Division, int]:
    """Return a division with as few steps as are needed, and how long each was."""
    for part in (12, 6, 4, 3, 2):
        whole, rest = divmod(division.steps, part)
        if not rest and whole and all(step % part == 0 for step in struck):
            return Division(whole, division.swung and part % 2 == 1), part
    return division, 1


class Unit(Enum):
    """Note of a beat: a quarter, a dotted quarter, or a shorter one."""

    QUARTER = "quarter"
    DOTTED = "dotted quarter"
    EIGHTH = "eighth"
    SHORT = "sixteenth or shorter"


_D = Division
_SWUNG = {n: Division(n, True) for n in (2, 4, 6)}
# Prior probabilities of divisions, before any hit is known. What has no swing is
# as likely in every feel, or many empty beats would choose one.
PRIORS: dict[Unit, dict[Feel, dict[Division, float]]] = {
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
STATES = sorted(
    {
        (feel, division)
        for feels in PRIORS.values()
        for feel, divisions in feels.items()
        for division in divisions
    },
    key=lambda state: (state[0].value, state[1]),
)
FEEL_PRIOR = {Feel.STRAIGHT: 0.0, Feel.EIGHTHS: -2.0, Feel.SIXTEENTHS: -12.0}
_OTHER_FEEL = -18.0  # log probability, at a bar line
_OTHER_FAMILY = -2.5  # between binary and ternary beats
_OTHER_STEPS = -0.3
_NEVER = -1e6
_PRIOR_WEIGHT = 24  # weight of the prior, in beats
_MOST_TERNARY = 0.1  # share of triplets in straight music; with more it is a shuffle
_FINEST, _MOST_FINEST = 12, 0.004
"""Steps that fit whatever is played, and their largest share (experiment 39)."""


def in_steps(logs: float | Floats) -> Floats:
    """Round to multiples of `LOG_STEP`."""
    rounded: Floats = np.rint(np.asarray(logs) / LOG_STEP) * LOG_STEP
    return rounded


def weights(division: Division) -> Floats:
    """Return how likely the steps are; beats and halves are likelier than the rest."""
    steps = division.steps
    likely = np.ones(steps)
    likely[0] = 3.0
    if steps > 2 and steps % 2 == 0:
        likely[:: steps // 2] += 1.0
    if steps > 4 and steps % 4 == 0:
        likely[:: steps // 4] += 0.5
    shares: Floats = likely / likely.sum()
    return shares


def prior(unit: Unit, counts: Floats) -> Floats:
    """Return the log probability of each state, given the counts in the song so far."""
    feels = PRIORS[unit]
    logs = np.full(len(STATES), _NEVER)
    for feel in Feel:
        # Where nothing is swung, a feel continues unchanged.
        shares = feels.get(feel, feels[Feel.STRAIGHT])
        states = [n for n, state in enumerate(STATES) if state[0] is feel]
        total = sum(counts[n] for n in states) + _PRIOR_WEIGHT
        for n in states:
            share = shares.get(STATES[n][1])
            if share is None:
                continue
            likely = (counts[n] + _PRIOR_WEIGHT * share) / total
            if feel is Feel.STRAIGHT and STATES[n][1].is_ternary and share < 0.1:
                likely = min(likely, _MOST_TERNARY)
            if STATES[n][1].steps == _FINEST:
                likely = min(likely, _MOST_FINEST)
            logs[n] = in_steps(math.log(likely))
    return logs


def transitions() -> tuple[Floats, Floats]:
    """Return log probabilities of changes of state, in a bar and between bars."""
    size = len(STATES)
    inside, at_bar = np.zeros((size, size)), np.zeros((size, size))
    for a, (feel, before) in enumerate(STATES):
        for b, (other, after) in enumerate(STATES):
            cost = 0.0
            if before.is_ternary != after.is_ternary:
                cost = _OTHER_FAMILY
            elif before != after:
                cost = _OTHER_STEPS
            inside[a, b] = cost if feel is other else _NEVER
            at_bar[a, b] = cost if feel is other else cost + _OTHER_FEEL
    return in_steps(inside), in_steps(at_bar)
