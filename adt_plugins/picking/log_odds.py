"""Probabilities as log odds, in which evidence adds up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-4
"""Probabilities stay this far from 0 and 1."""


def log_odds(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return log odds of probabilities."""
    clipped = np.clip(values.astype(np.float64), FLOOR, 1 - FLOOR)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


def probability(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities, 0-1; the inverse of `log_odds`."""
    value: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * odds))
    return value
