"""Peak picking against madmom's and ADTLib's rules, and what becomes of picks."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import Picker
from adt_plugins.errors import ModelError
from adt_plugins.picking.peaks import adtlib_threshold, confidence, pick_peaks, refine

RATE = 100.0
MADMOM = Picker()
ADTLIB = Picker(kind="adtlib", rows={"KD": (0, 0.3, 0), "SD": (3, 0.05, 0)})


def floats(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def random_activation(seed: int) -> NDArray[np.float32]:
    """Noise, or hits of random heights and widths over noise."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(1, 600))
    values = rng.random(length) ** rng.uniform(1, 6)
    if seed % 2:
        values *= 0.1
        for place in rng.integers(length, size=length // 8):
            shape = np.exp(-(np.arange(-4, 5) ** 2) / rng.uniform(0.2, 8))
            span = slice(max(0, place - 4), place + 5)
            part = shape[max(0, 4 - place) :][: len(values[span])]
            values[span] = np.maximum(values[span], rng.random() * part)
    return np.clip(values, 0, 1).astype(np.float32)


def random_picker(seed: int) -> Picker:
    if seed % 3 == 0:
        return MADMOM
    rng = np.random.default_rng(10_000 + seed)
    a, b, c, d = np.round(rng.uniform(0, 0.15, size=4), 3).tolist()
    combine = float(rng.choice([0, 0.02, 0.03, 0.05]))
    return Picker("madmom", a, b, c, d, combine)


@pytest.mark.needs_madmom
@pytest.mark.parametrize("frame_rate", [100.0, 44100 / 512])
def test_equals_madmom_on_1000_random_activations(
    frame_rate: float, madmom: ModuleType
) -> None:
    picks = 0
    for seed in range(1000):
        values, picker = random_activation(seed), random_picker(seed)
        threshold = round(float(np.random.default_rng(seed).uniform(0.01, 0.6)), 3)
        processor = madmom.features.onsets.OnsetPeakPickingProcessor(
            threshold=threshold,
            pre_avg=picker.pre_avg,
            post_avg=picker.post_avg,
            pre_max=picker.pre_max,
            post_max=picker.post_max,
            combine=picker.combine,
            fps=frame_rate,
        )
        expected = np.rint(processor(values) * frame_rate).astype(int)
        peaks = pick_peaks(values, threshold, picker, frame_rate)
        assert peaks.tolist() == expected.tolist(), f"seed {seed}, {picker}"
        picks += len(peaks)
    assert picks > 10_000


def behind_its_valley(around: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the frames of an average, those before the last minimum lowered to it."""
    before = around[:10].copy()
    valley = before.min()
    before[: np.flatnonzero(before == valley)[-1]] = valley
    return np.concatenate((before, around[10:]))


@pytest.mark.parametrize("kind", ["madmom", "valley"])
def test_the_rule_frame_by_frame(kind: str) -> None:
    """The rule as madmom's documentation says it, in a loop, without madmom."""
    for seed in range(60):
        values = random_activation(seed).astype(np.float64)
        padded = np.concatenate((np.zeros(10), values, np.zeros(10)))
        above = []
        for i, x in enumerate(values):
            around = padded[i : i + 12]
            counted = around if kind == "madmom" else behind_its_valley(around)
            above.append(x if x >= counted.mean() + 0.2 else 0.0)
        wide = [0.0, 0.0, *above, 0.0]
        expected: list[int] = []
        for i, x in enumerate(above):
            late = not expected or i - expected[-1] > 2
            if x > 0 and x == max(wide[i : i + 4]) and late:
                expected.append(i)
        assert pick_peaks(values, 0.2, Picker(kind), RATE).tolist() == expected


@pytest.mark.parametrize("picker", [MADMOM, ADTLIB], ids=["madmom", "adtlib"])
class TestBothPickers:
    @pytest.mark.parametrize("place", [0, 1, 25, 48, 49])
    def test_finds_a_hit_anywhere(self, picker: Picker, place: int) -> None:
        values = np.zeros(50, np.float32)
        values[place] = 0.9
        assert pick_peaks(values, 0.3, picker, RATE).tolist() == [place]

    @pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8])
    @pytest.mark.parametrize("place", [0, 10, 30])
    def test_plateau_is_one_hit(self, picker: Picker, length: int, place: int) -> None:
        values = np.zeros(40, np.float32)
        values[place : place + length] = 1.0
        values[place + length :] = 0.0
        assert pick_peaks(values, 0.1, picker, RATE).tolist() == [place]

    @pytest.mark.parametrize("length", [0, 1, 2, 3])
    def test_short_and_silent(self, picker: Picker, length: int) -> None:
        assert pick_peaks(np.zeros(length, np.float32), 0.3, picker, RATE).size == 0
        peaks = pick_peaks(np.full(length, 0.9, np.float32), 0.3, picker, RATE)
        assert peaks.tolist() == ([0] if length else [])
        assert peaks.dtype == np.int64

    def test_leaves_its_input_alone(self, picker: Picker) -> None:
        values = random_activation(1)
        before = values.copy()
        pick_peaks(values, 0.1, picker, RATE)
        assert np.array_equal(values, before)

    def test_an_hour(self, picker: Picker) -> None:
        values = np.random.default_rng(0).random(360_000).astype(np.float32)
        peaks = pick_peaks(values, 0.3, picker, RATE)
        assert len(peaks) > 10_000


def test_a_pick_within_combine_of_the_last_one_is_dropped() -> None:
    values = np.zeros(40, np.float32)
    values[[10, 13, 20]] = 0.5, 0.9, 0.8
    combine = replace(MADMOM, pre_max=0.01, combine=0.03)
    assert pick_peaks(values, 0.1, combine, RATE).tolist() == [10, 20]
    combine = replace(combine, combine=0.02)
    assert pick_peaks(values, 0.1, combine, RATE).tolist() == [10, 13, 20]


def adtlib_reference(track: NDArray[np.float32], row: tuple[float, ...]) -> list[int]:
    """ADTLib's rule in its own words: a loop over a track with zeros around it."""
    bound = np.mean(track) * row[0]
    if row[2] != 0 and bound > row[2]:
        bound = row[2]
    if row[1] != 0 and bound < row[1]:
        bound = row[1]
    padded = [0.0, *track.tolist(), 0.0]
    return [
        i - 1
        for i in range(1, len(padded) - 1)
        if padded[i] > padded[i - 1]
        and padded[i] >= padded[i + 1]
        and padded[i] > bound
    ]


def test_equals_adtlibs_rule() -> None:
    for seed in range(300):
        values = np.round(random_activation(seed), 2)  # with many equal neighbours
        for row in ((0, 0.3, 0), (3, 0.05, 0), (3.1, 0, 0), (5, 0.1, 0.2)):
            peaks = pick_peaks(values, adtlib_threshold(values, row), ADTLIB, RATE)
            assert peaks.tolist() == adtlib_reference(values, row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0, 0.3, 0), 0.3),
        ((2, 0, 0), 0.4),
        ((2, 0.5, 0), 0.5),
        ((2, 0, 0.1), 0.1),
        ((2, 0.2, 0.3), 0.3),
        ((0, 0, 0), 0.0),
    ],
)
def test_adtlibs_threshold(row: tuple[float, float, float], expected: float) -> None:
    values = np.array([0.1, 0.3])
    assert adtlib_threshold(values, row) == pytest.approx(expected)
    assert adtlib_threshold(values[:0], (2, 0, 0)) == 0


def test_unknown_picker_and_wrong_shape() -> None:
    with pytest.raises(ModelError, match="unknown picker 'median'"):
        pick_peaks(floats(0, 1), 0.1, Picker(kind="median"), RATE)
    with pytest.raises(ValueError, match="one dimension"):
        pick_peaks(np.zeros((3, 2)), 0.1, MADMOM, RATE)


@pytest.mark.parametrize("shift", [-0.5, -0.3, -0.05, 0.0, 0.2, 0.5])
class TestRefine:
    """Between two frames."""

    frames = np.array([5])
    grid = np.arange(11)

    def test_parabola(self, shift: float) -> None:
        values = 1 - 0.1 * (self.grid - 5 - shift) ** 2
        assert refine(values, self.frames, "parabola")[0] == pytest.approx(shift)

    def test_none(self, shift: float) -> None:
        values = 1 - 0.1 * (self.grid - 5 - shift) ** 2
        assert refine(values, self.frames, "none").tolist() == [0]


@pytest.mark.parametrize("method", ["none", "parabola"])
@pytest.mark.parametrize(
    "values",
    [
        floats(1),
        floats(1, 0),
        floats(0, 1),
        floats(0, 0, 0),
        floats(1, 1, 1),
        floats(1, 0.5, 0.9),
        floats(1, 0.6, 0.1),
        floats(0, 1, 0),
    ],
)
def test_refine_stays_within_half_a_frame(
    values: NDArray[np.float32], method: str
) -> None:
    offsets = refine(values, np.arange(len(values)), method)
    assert np.isfinite(offsets).all()
    assert np.abs(offsets).max() <= 0.5
    assert offsets[0] == offsets[-1] == 0


def test_refine_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="no refinement 'spline'"):
        refine(floats(0, 1, 0), np.array([1]), "spline")


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.9, 1.0])
def test_confidence_rises_from_0_over_a_half_to_1(threshold: float) -> None:
    values = np.linspace(0, 1, 101)
    sure = confidence(values, threshold)
    assert (np.diff(sure) >= 0).all()
    assert sure[0] == 0
    assert sure[-1] == 1
    if 0 < threshold < 1:
        assert confidence(np.array([threshold]), threshold)[0] == pytest.approx(0.5)
        assert (np.diff(sure) > 0).all()


class TestValley:
    """The picker of fast repeats."""

    PICKER = Picker(kind="valley")
    PEAK = (0.0, 0.01, 0.2, 0.43, 0.31, 0.05)

    def test_a_peak_alone_is_picked_as_by_madmom(self) -> None:
        rng = np.random.default_rng(2)
        for height in rng.uniform(0.1, 1, 50):
            values = np.zeros(60, np.float32)
            values[20:26] = height * np.array(self.PEAK) / 0.43
            peaks = pick_peaks(values, 0.25, self.PICKER, 100.0)
            same = pick_peaks(values, 0.25, Picker(), 100.0)
            assert peaks.tolist() == same.tolist()

    def test_repeats_do_not_hide_each_other(self) -> None:
        values = floats(*self.PEAK * 16)
        every = list(range(3, 96, 6))
        assert pick_peaks(values, 0.3, self.PICKER, 100.0).tolist() == every
        assert pick_peaks(values, 0.3, Picker(), 100.0).tolist() == [3]

    @pytest.mark.parametrize("threshold", [0.2, 0.25, 0.3])
    def test_a_shoulder_gains_nothing(self, threshold: float) -> None:
        values = floats(0, 0, 0.2, 0.8, 0.5, 0.4, 0.5, 0.3, 0.1, 0)
        peaks = pick_peaks(values, threshold, self.PICKER, 100.0)
        same = pick_peaks(values, threshold, Picker(), 100.0)
        assert peaks.tolist() == same.tolist()
