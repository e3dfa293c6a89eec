"""Clicks far away from the music are not counted as its beats."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.rhythm.beats import find_beats
from adt_plugins.rhythm.sounding import sounding
from tests.support.beat_activations import played


@pytest.mark.parametrize(
    ("loud", "music"),
    [
        ([7], (7, 7)),
        ([0, 600, 1200], (0, 1200)),  # single strokes
        ([0, 1, 2, *range(900, 1500, 50)], (900, 1450)),
        ([0, 700, *range(1400, 2000, 50), 2700], (1400, 1950)),
        ([0, 400, *range(800, 1500, 50)], (0, 1450)),  # no pause is that long
        ([*range(0, 500, 50), *range(2000, 2500, 50)], (0, 2450)),
    ],
)
def test_what_is_short_and_far_away_is_left_out(
    loud: list[int], music: tuple[int, int]
) -> None:
    assert sounding(np.array(loud), 100.0) == music


def test_a_click_long_before_or_after_the_music_has_no_beats() -> None:
    times = 30 + np.arange(16) * 0.5
    outputs = played(np.array([0.3, 12.0, *times, 50.0]), 4, downbeat=2)
    assert [b.time for b in find_beats(outputs)] == pytest.approx(times, abs=0.006)
    # A break within the music stays.
    halves = np.concatenate([times, times + 15])
    found = [b.time for b in find_beats(played(halves, 4))]
    assert found[0] == pytest.approx(30, abs=0.006)
    assert found[-1] == pytest.approx(52.5, abs=0.006)
