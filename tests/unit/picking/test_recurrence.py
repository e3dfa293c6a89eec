"""Weak hits gain where other bars have one, and lose where they stand alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.picking import recurrence

CARD = ModelCard(
    "", "", "", ("KD", "SD", "beat", "downbeat"), FrontEnd(), Geometry(1, 0, 1),
    Picker(), {"KD": 0.3, "SD": 0.3},
)  # fmt: skip
BAR, BARS = 200, 12
BEATS = [Beat(0.1 + 0.5 * n, n % 4 + 1) for n in range(4 * BARS)]


def drummer(
    weak: int | None, lone: int | None = None, high: float = 0.9
) -> Activations:
    """Kick on 1 and 3, snare on 2 and 4; one snare is weak, one is lone."""
    values = np.full((BAR * BARS + 20, 4), 0.01, np.float32)
    for bar in range(BARS):
        for beat in range(4):
            values[10 + BAR * bar + 50 * beat, beat % 2] = high
    if weak is not None:
        values[10 + BAR * weak + 50, 1] = 0.25
    if lone is not None:
        values[10 + BAR * lone + 85, 1] = 0.35
    return Activations(values, CARD.outputs, 100.0)


def weigh(activations: Activations, beats: list[Beat]) -> np.ndarray:
    weighed, _ = recurrence.weigh(activations, beats, CARD)
    return weighed.values


def test_a_weak_hit_where_other_bars_have_one_is_found() -> None:
    weighed = weigh(drummer(weak=5), BEATS)
    assert weighed[10 + BAR * 5 + 50, 1] > 0.4


def test_a_lone_weak_hit_is_not() -> None:
    weighed = weigh(drummer(None, lone=5), BEATS)
    assert weighed[10 + BAR * 5 + 85, 1] < 0.25


def test_clear_hits_stay_clear_and_silence_silent() -> None:
    """Whatever other bars say, log odds change by a bounded amount."""
    most = np.exp(recurrence.WEIGHT * recurrence.MOST)
    before = drummer(weak=3, lone=7).values[:, :2].astype(np.float64)
    after = weigh(drummer(weak=3, lone=7), BEATS)[:, :2]
    odds = (after / (1 - after)) / (before / (1 - before))
    assert odds.max() <= most * 1.001
    assert odds.min() >= 1 / most / 1.001
    assert odds.max() > 1.5
    assert odds.min() < 0.6


def test_beats_stay_as_they_are() -> None:
    before = drummer(weak=3)
    after = weigh(before, BEATS)
    np.testing.assert_array_equal(after[:, 2:], before.values[:, 2:])
    assert before.values[10 + BAR * 3 + 50, 1] == np.float32(0.25), "changed in place"


def test_the_tempo_may_change() -> None:
    """Places of the bar are counted in beats, not in seconds."""
    times = np.cumsum(0.5 * 1.01 ** np.arange(4 * BARS))
    beats = [Beat(float(time), n % 4 + 1) for n, time in enumerate(times)]
    values = np.full((round(100 * times[-1]) + 50, 4), 0.01, np.float32)
    for n, time in enumerate(times):
        values[round(100 * time), n % 2] = 0.25 if n == 21 else 0.9
    activations = Activations(values, CARD.outputs, 100.0)
    weighed = weigh(activations, beats)
    assert weighed[round(100 * times[21]), 1] > 0.4


@pytest.mark.parametrize("bar", [2, 3, 5, 6, 7])
def test_any_meter(bar: int) -> None:
    values = np.full((60 * bar * BARS, 4), 0.01, np.float32)
    beats = [Beat(0.6 * n, n % bar + 1) for n in range(bar * BARS)]
    values[::60, 0] = 0.9
    values[60::60, 1] = 0.9
    values[60 * bar * 5 + 60, 1] = 0.25
    activations = Activations(values, CARD.outputs, 100.0)
    weighed = weigh(activations, beats)
    assert weighed[60 * bar * 5 + 60, 1] > 0.35


def test_a_part_of_a_long_bar() -> None:
    """No bar begins among its beats."""
    beats = [Beat(0.5 * n, n + 3) for n in range(11)]
    activations = drummer(weak=1)
    assert weigh(activations, beats).shape == (2420, 4)


def test_recordings_that_begin_and_end_between_beats() -> None:
    """A part of a song has an offset, and no beats at its ends."""
    whole = drummer(weak=5)
    part = dataclasses.replace(whole, values=whole.values[33:], offset=0.33)
    beats = [beat for beat in BEATS if 2 < beat.time < 22]
    weighed = weigh(part, beats)
    assert weighed[10 + BAR * 5 + 50 - 33, 1] > 0.4


@pytest.mark.parametrize("count", [0, 1, recurrence.LEAST_BEATS - 1])
def test_without_beats_nothing_changes(count: int) -> None:
    activations = drummer(weak=5)
    weighed, bars = recurrence.weigh(activations, BEATS[:count], CARD)
    assert weighed is activations
    assert bars is None


def test_one_bar_says_nothing_about_itself() -> None:
    values = np.full((450, 4), 0.01, np.float32)
    values[100, 1] = 0.25
    beats = [Beat(0.5 * n, n + 1) for n in range(9)]
    activations = Activations(values, CARD.outputs, 100.0)
    np.testing.assert_allclose(weigh(activations, beats), values, rtol=1e-5)


def hat_bars() -> tuple[recurrence.SimilarBars, np.ndarray]:
    """Return the bars of a drummer, and frames of a hat on each half of 1 and 3."""
    _, bars = recurrence.weigh(drummer(weak=None), BEATS, CARD)
    assert bars is not None
    return bars, 10 + 25 + 100 * np.arange(2 * BARS)


def test_kinds_are_compared_in_the_same_place_of_other_half_bars() -> None:
    bars, frames = hat_bars()
    odds = np.zeros((len(frames), 2))
    odds[:, 0] = 1.0
    odds[7] = 0.0, 5.0  # what a hit says of itself does not count
    mean = bars.mean_of_hits(frames, odds)
    assert mean.shape == odds.shape
    assert 0.9 < mean[7, 0] < 1.0
    assert mean[7, 1] == 0
    assert 0.1 < mean[6, 1] < 0.4


def test_other_places_say_nothing_of_a_kind() -> None:
    bars, frames = hat_bars()
    frames = frames.copy()
    frames[7] += 10  # a tenth of a second late
    mean = bars.mean_of_hits(frames, np.ones((len(frames), 1)))
    assert mean[7, 0] == 0
    frames[7] -= 9
    assert bars.mean_of_hits(frames, np.ones((len(frames), 1)))[7, 0] > 0.9
