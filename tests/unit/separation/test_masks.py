"""The mask: networks estimate every bin below, and every other one above."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.separation.features import FEATURES
from adt_plugins.separation.frames import Grid
from adt_plugins.separation.learnt import FIRST, shipped_learnt
from adt_plugins.separation.masks import log_odds, odds_of_bins


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_treble_is_estimated_at_every_other_bin(rate: int) -> None:
    grid, learnt = Grid(rate), shipped_learnt()
    random = np.random.default_rng(2)
    features = random.standard_normal((FEATURES, 3, grid.bins)).astype(np.float32)
    odds = odds_of_bins(features, grid, learnt, FIRST)
    wanted = log_odds(features.reshape(FEATURES, -1), learnt, FIRST).reshape(3, -1)
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
