"""The mask: networks estimate every bin below, and every other one above."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from adt_plugins.separation.features import FEATURES
from adt_plugins.separation.frames import Grid
from adt_plugins.separation.learnt import FIRST, LAYERS, SECOND, shipped_learnt
from adt_plugins.separation.masks import odds_of_bins, odds_of_features


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_treble_is_estimated_at_every_other_bin(rate: int) -> None:
    grid, learnt = Grid(rate), shipped_learnt()
    random = np.random.default_rng(2)
    features = random.standard_normal((FEATURES, 3, grid.bins)).astype(np.float32)
    odds = odds_of_bins(features, grid, learnt, FIRST)
    wanted = odds_of_features(features.reshape(FEATURES, -1), learnt, FIRST).reshape(
        3, -1
    )
    even = slice(None, None, 2)
    np.testing.assert_allclose(odds[:, even], wanted[:, even], rtol=1e-3, atol=1e-3)
    low = grid.frequencies < 5400
    np.testing.assert_allclose(odds[:, low], wanted[:, low], rtol=1e-3, atol=1e-3)
    # What lies between is the mean of its neighbours.
    middle = (wanted[:, even][:, :-1] + wanted[:, even][:, 1:]) / 2
    high = grid.frequencies[1::2] > 5600
    assert high.any() == (rate > 8000)
    np.testing.assert_allclose(
        odds[:, 1::2][:, high], middle[:, high], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("stage", [FIRST, SECOND])
@pytest.mark.parametrize("places", [1, 31, 32, 33, 1000])
def test_places_do_not_depend_on_those_beside_them(stage: str, places: int) -> None:
    learnt = shipped_learnt()
    width = learnt[f"{stage}weights.{LAYERS[0]}"].shape[-2]
    random = np.random.default_rng(5)
    rows = random.standard_normal((width, places)).astype(np.float32)
    alone = [odds_of_features(rows[:, k : k + 1], learnt, stage) for k in range(places)]
    odds = odds_of_features(rows, learnt, stage)
    np.testing.assert_allclose(odds, np.concatenate(alone), rtol=1e-4, atol=1e-4)


def test_no_product_is_shared_among_threads() -> None:
    learnt = shipped_learnt()
    sizes: list[int] = []

    class Counted(np.ndarray[tuple[int, ...], np.dtype[np.float32]]):
        def __matmul__(self, other: Any) -> Any:
            sizes.append(self.shape[-2] * self.shape[-1] * other.shape[-1])
            return np.asarray(self) @ np.asarray(other)

    counted = {name: value.view(Counted) for name, value in learnt.items()}
    for stage in (FIRST, SECOND):
        width = learnt[f"{stage}weights.{LAYERS[0]}"].shape[-2]
        odds_of_features(np.ones((width, 5000), np.float32), cast(Any, counted), stage)
    # OpenBLAS computes up to 4 * 65536 products of two numbers in one thread.
    assert len(sizes) == 2 * len(LAYERS)
    assert max(sizes) <= 4 * 65536
