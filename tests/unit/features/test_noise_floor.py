"""Steady noise before a first hit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.features.noise_floor import without_noise_before_hits

HOP = 441


def passed(samples: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    blocks = np.split(samples, range(size, len(samples), size))
    return np.concatenate(list(without_noise_before_hits(iter(blocks), HOP)))


def noise(level: float, count: int) -> NDArray[np.float32]:
    values = np.random.default_rng(0).normal(0, level, count)
    return values.astype(np.float32)


@pytest.mark.parametrize("size", [100, 441, 4096, 65536])
def test_the_last_of_the_noise_goes(size: int) -> None:
    samples = np.concatenate((noise(1e-3, 100 * HOP), noise(0.1, 50 * HOP)))
    result = passed(samples.copy(), size)
    assert len(result) == len(samples)
    changed = np.flatnonzero(result != samples)
    assert 80 * HOP <= changed[0] < 81 * HOP
    assert changed[-1] == 100 * HOP - 1
    assert not result[90 * HOP : 100 * HOP].any()


def test_all_else_stays() -> None:
    beats = noise(0.01, 100 * HOP)
    beats[:: 10 * HOP] = 0.5  # not steady: something is struck
    silent = np.zeros(50 * HOP, np.float32)
    for samples in (
        np.concatenate((beats, noise(0.3, 50 * HOP))),
        np.concatenate((silent, noise(0.3, 50 * HOP))),
        np.concatenate((noise(1e-5, 50 * HOP), noise(0.3, 50 * HOP))),  # dither
        np.concatenate((noise(0.1, 50 * HOP), noise(0.3, 50 * HOP))),
        noise(0.1, 7),
    ):
        np.testing.assert_array_equal(passed(samples.copy(), 4096), samples)
