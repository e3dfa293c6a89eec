"""A small BRNN-SA with random weights, and frames for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.network.brnn_sa.weights import BrnnSaWeights


def brnn_sa(
    seed: int = 1,
    bands: int = 9,
    units: int = 8,
    difference: bool = True,
    rank: int = 4,
) -> BrnnSaWeights:
    """A small network with PyTorch's initial weights, about as a trained one."""
    rng = np.random.default_rng(seed)
    state: dict[str, NDArray[Any]] = {}
    for layer in range(2):
        inputs = 2 * units if layer else bands * (2 if difference else 1)
        for end in ("", "_reverse"):
            for name, shape in (
                ("weight_ih", (4 * units, inputs)),
                ("weight_hh", (4 * units, units)),
                ("bias_ih", (4 * units,)),
                ("bias_hh", (4 * units,)),
            ):
                state[f"{name}_l{layer}{end}"] = rng.normal(size=shape) / np.sqrt(
                    units / 2
                )
    state["attention_a"] = rng.normal(size=(5, 2 * units, rank))
    state["attention_b"] = rng.normal(size=rank)
    state["attention_c"] = rng.normal(size=(2 * units, rank))
    state["attention_v"] = 2 * rng.normal(size=(rank, 2 * units))
    state["output_weight"] = rng.normal(size=(2 * units, 3))
    state["output_bias"] = rng.normal(size=3)
    return BrnnSaWeights.from_dict(state, difference=difference)


def frames(count: int, bands: int = 9, seed: int = 2) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.asarray(np.maximum(rng.normal(size=(count, bands)), 0))
