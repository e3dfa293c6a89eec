"""Soft strokes of rolls: which peaks below the threshold count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import Picker
from adt_plugins.picking.peaks import DrumPeaks
from adt_plugins.picking.rolls import FEWEST, add_soft_strokes

RATE = 100.0
THRESHOLD = 0.2
VALLEY = Picker(kind="valley")


def stroked(strokes: dict[int, float]) -> NDArray[np.float32]:
    """An activation with a peak of some height at each of some frames."""
    values = np.full(max(strokes) + 50, 0.01, np.float32)
    for frame, height in strokes.items():
        for near, share in ((-1, 0.4), (0, 1.0), (1, 0.4)):
            values[frame + near] = max(values[frame + near], height * share)
    return values


def picked(strokes: dict[int, float], picker: Picker = VALLEY) -> list[int]:
    frames = DrumPeaks(stroked(strokes), picker, RATE).strokes(THRESHOLD)
    return [int(frame) for frame in frames]


def roll(step: int, count: int = 16, accent: int = 3) -> dict[int, float]:
    """Return strokes of which about every third is an accent."""
    return {50 + k * step: 0.6 if k % accent == 0 else 0.12 for k in range(count)}


@pytest.mark.parametrize("step", [6, 7, 8, 9])
def test_all_strokes_of_a_roll_are_found(step: int) -> None:
    strokes = roll(step)
    assert picked(strokes) == sorted(strokes)
    firm = [frame for frame, height in strokes.items() if height > THRESHOLD]
    assert picked(strokes, replace(VALLEY, kind="madmom")) == firm


@pytest.mark.parametrize("step", [6, 7, 8, 9])
def test_sixteenths_with_an_accent_on_each_beat(step: int) -> None:
    strokes = roll(step, accent=4)
    assert picked(strokes) == sorted(strokes)


def test_a_soft_stroke_between_high_ones_need_not_stand_above_their_average() -> None:
    """A kick whose activation does not fall to nothing between two strokes."""
    strokes = roll(6, accent=2)
    values = np.maximum(stroked(strokes), 0.07).astype(np.float32)
    frames = DrumPeaks(values, VALLEY, RATE)
    assert len(frames.above(0.4 * THRESHOLD)) < len(strokes)
    assert frames.strokes(THRESHOLD).tolist() == sorted(strokes)


def test_a_roll_is_no_clock() -> None:
    strokes = {
        frame + (-1, 0, 1, 0, 0)[k % 5]: height
        for k, (frame, height) in enumerate(roll(7).items())
    }
    assert picked(strokes) == sorted(strokes)


def test_one_stroke_may_be_missing() -> None:
    strokes = roll(7)
    del strokes[50 + 4 * 7]
    assert picked(strokes) == sorted(strokes)


@pytest.mark.parametrize(
    "strokes",
    [
        roll(7, count=FEWEST - 1),  # short
        roll(11),  # slow
        roll(7, accent=6),  # hardly any accent: what leaks in from another drum
        {
            50 + k * (6 if k % 2 else 9) + 3 * k: h
            for k, h in enumerate([0.6, 0.12] * 8)
        },
    ],
    ids=["short", "slow", "without accents", "uneven"],
)
def test_what_is_no_roll_stays_as_it_is(strokes: dict[int, float]) -> None:
    firm = [frame for frame, height in strokes.items() if height > THRESHOLD]
    assert picked(strokes) == sorted(firm)


def test_softer_peaks_than_that_are_no_strokes() -> None:
    strokes = {frame: min(height, 0.6) for frame, height in roll(7).items()}
    faint = {f: h if h > THRESHOLD else 0.06 for f, h in strokes.items()}
    assert picked(faint) == [f for f, h in faint.items() if h > THRESHOLD]


def test_a_soft_peak_beside_a_firm_one_is_the_same_stroke() -> None:
    firm = np.arange(0, 70, 7)
    soft = np.sort(np.concatenate((firm, firm + 1)))
    strokes = add_soft_strokes(firm, soft, RATE, combine=0.02)
    assert strokes.tolist() == firm.tolist()
    nothing = np.array([], np.int64)
    assert add_soft_strokes(nothing, nothing, RATE, combine=0.02).tolist() == []
    assert add_soft_strokes(nothing, firm, RATE, combine=0.02).tolist() == []
