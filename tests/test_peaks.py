"""Peak picking against madmom's and ADTLib's rules, and what becomes of picks."""

from __future__ import annotations

import time
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.peaks import (
    adtlib_threshold,
    confidence,
    pick_onsets,
    pick_peaks,
    refine,
    thresholds_in_force,
)
from adt_plugins.transcription import Activations, Onset

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
        found = pick_peaks(values, threshold, picker, frame_rate)
        assert found.tolist() == expected.tolist(), f"seed {seed}, {picker}"
        picks += len(found)
    assert picks > 10_000


def test_madmoms_rule_frame_by_frame() -> None:
    """The rule as madmom's documentation says it, in a loop, without madmom."""
    for seed in range(200):
        values = random_activation(seed).astype(np.float64)
        padded = np.concatenate((np.zeros(10), values, np.zeros(10)))
        above = [
            x if x >= padded[i : i + 12].mean() + 0.2 else 0.0
            for i, x in enumerate(values)
        ]
        wide = [0.0, 0.0, *above, 0.0]
        expected: list[int] = []
        for i, x in enumerate(above):
            late = not expected or i - expected[-1] > 2
            if x > 0 and x == max(wide[i : i + 4]) and late:
                expected.append(i)
        assert pick_peaks(values, 0.2, MADMOM, RATE).tolist() == expected


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
        found = pick_peaks(np.full(length, 0.9, np.float32), 0.3, picker, RATE)
        assert found.tolist() == ([0] if length else [])
        assert found.dtype == np.int64

    def test_leaves_its_input_alone(self, picker: Picker) -> None:
        values = random_activation(1)
        before = values.copy()
        pick_peaks(values, 0.1, picker, RATE)
        assert np.array_equal(values, before)

    def test_an_hour_takes_no_time(self, picker: Picker) -> None:
        values = np.random.default_rng(0).random(360_000).astype(np.float32)
        start = time.process_time()
        found = pick_peaks(values, 0.3, picker, RATE)
        assert time.process_time() - start < 1.0
        assert len(found) > 10_000


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
            found = pick_peaks(values, adtlib_threshold(values, row), ADTLIB, RATE)
            assert found.tolist() == adtlib_reference(values, row)


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


# --- onsets ---------------------------------------------------------------------


def card(
    picker: Picker = MADMOM, delay: float = 0.0, /, **thresholds: float
) -> ModelCard:
    return ModelCard(
        name="test",
        file="test.tflite",
        sha256="",
        outputs=(*thresholds, "beat"),
        front_end=FrontEnd(),
        geometry=Geometry(100, 10, 1),
        picker=picker,
        thresholds=thresholds,
        delay=delay,
    )


def activations(
    hits: dict[str, dict[int, float]], frames: int = 100, offset: float = 0.0
) -> Activations:
    """Columns (a beat that must not be read among them) with lone frames set."""
    values = np.zeros((frames, len(hits) + 1), np.float32)
    values[:, 0] = 1
    for column, heights in enumerate(hits.values(), 1):
        for frame, height in heights.items():
            values[frame, column] = height
    return Activations(values, ("beat", *hits), RATE, offset)


def summary(found: tuple[Onset, ...]) -> list[tuple[float, str]]:
    return [(round(o.time, 6), str(o.drum)) for o in found]


def test_onsets_of_all_drums_by_time() -> None:
    given = activations({"KD": {50: 0.9, 0: 0.7}, "SD": {99: 0.6, 50: 0.8}})
    found = pick_onsets(given, card(KD=0.2, SD=0.4))
    assert summary(found) == [(0, "KD"), (0.5, "KD"), (0.5, "SD"), (0.99, "SD")]
    # 0.5 at the threshold, 1 at 1, linear between; no level given.
    assert [o.confidence for o in found] == pytest.approx(
        [0.8125, 0.9375, 0.5 + 1 / 3, 0.5 + 1 / 6], abs=1e-6
    )
    assert [o.velocity for o in found] == [103, 119, 106, 85]


@pytest.mark.parametrize(
    ("offset", "delay", "expected"),
    [
        (0.0, 0.0, [0.0, 0.5]),
        (2.0, 0.0, [2.0, 2.5]),
        (0.0, 0.01, [0.0, 0.49]),  # never before the first sample
        (2.0, 0.01, [1.99, 2.49]),
        (0.0, -0.02, [0.02, 0.52]),
    ],
)
def test_times(offset: float, delay: float, expected: list[float]) -> None:
    given = activations({"KD": {0: 0.9, 50: 0.9}}, offset=offset)
    found = pick_onsets(given, card(MADMOM, delay, KD=0.2))
    assert [o.time for o in found] == pytest.approx(expected)


def test_times_between_frames() -> None:
    given = activations({"KD": {49: 0.5, 50: 0.9, 51: 0.7}})
    for refinement, low, high in (
        ("none", 0.5, 0.5),
        ("parabola", 0.5005, 0.503),
    ):
        (onset,) = pick_onsets(given, card(KD=0.2), refinement=refinement)
        assert low <= onset.time <= high
    # ADTLib's picker reports whole frames unless told otherwise.
    (onset,) = pick_onsets(given, card(ADTLIB, KD=0.2))
    assert onset.time == 0.5


def test_adtlib_card_uses_its_rows_and_the_mean_of_the_whole_activation() -> None:
    given = activations({"KD": {10: 0.29, 20: 0.31}, "SD": {30: 0.3, 50: 0.049}})
    model = card(ADTLIB, KD=0.3, SD=0.1)
    assert thresholds_in_force(given, model) == {"KD": 0.3, "SD": 0.05}
    assert summary(pick_onsets(given, model)) == [(0.2, "KD"), (0.3, "SD")]
    found = pick_onsets(given, model, thresholds={"SD": 0.04})
    assert summary(found) == [(0.2, "KD"), (0.3, "SD"), (0.5, "SD")]


def test_thresholds_of_the_caller() -> None:
    given = activations({"SD": {10: 0.3}, "CHH": {20: 0.3}, "OHH": {40: 0.3}})
    model = card(SD=0.5, CHH=0.5, OHH=0.5)
    assert pick_onsets(given, model) == ()
    assert summary(pick_onsets(given, model, thresholds={"HH": 0.1})) == [
        (0.2, "CHH"),
        (0.4, "OHH"),
    ]
    both = {"HH": 0.1, "OHH": 0.4}
    assert thresholds_in_force(given, model, both) == {
        "SD": 0.5,
        "CHH": 0.1,
        "OHH": 0.4,
    }
    assert thresholds_in_force(given, model, {Drum.SD: 0.25})["SD"] == 0.25


@pytest.mark.parametrize(
    ("thresholds", "error", "message"),
    [
        ({"TT": 0.3}, ModelError, "no drum TT; it has KD, OHH"),
        ({"CHH": 0.3}, ModelError, "no drum CHH"),
        ({"beat": 0.3}, ModelError, "no drum beat"),
        ({"KD": 1.5}, AdtError, "KD=1.5: a threshold is 0 to 1"),
        ({"KD": -0.1}, AdtError, "a threshold is 0 to 1"),
        ({"KD": float("nan")}, AdtError, "a threshold is 0 to 1"),
    ],
)
def test_thresholds_that_cannot_be(
    thresholds: dict[str, float], error: type[AdtError], message: str
) -> None:
    given = activations({"KD": {}, "OHH": {}})
    with pytest.raises(error, match=message):
        pick_onsets(given, card(KD=0.2, OHH=0.2), thresholds=thresholds)


def test_activations_of_another_model() -> None:
    with pytest.raises(ModelError, match="no output SD"):
        pick_onsets(activations({"KD": {}}), card(KD=0.2, SD=0.2))
    with pytest.raises(ValueError, match="levels have shape"):
        pick_onsets(
            activations({"KD": {}}), card(KD=0.2), levels=np.zeros((99, 1), np.float32)
        )


class TestRivals:
    """Kinds of one drum within 20 ms are one hit."""

    @pytest.mark.parametrize(
        ("hits", "expected"),
        [
            # The higher confidence wins, not the higher activation.
            ({"CHH": {50: 0.6}, "OHH": {50: 0.7}}, [(0.5, "CHH")]),
            ({"CHH": {50: 0.3}, "OHH": {50: 0.9}}, [(0.5, "OHH")]),
            ({"CHH": {50: 0.3}, "OHH": {52: 0.9}}, [(0.52, "OHH")]),
            ({"CHH": {50: 0.3}, "OHH": {53: 0.9}}, [(0.5, "CHH"), (0.53, "OHH")]),
            # What was silenced silences nothing.
            (
                {"CHH": {50: 0.3, 54: 0.3}, "OHH": {52: 0.9}, "PHH": {56: 0.25}},
                [(0.52, "OHH"), (0.56, "PHH")],
            ),
            # A finer drum wins over the coarse one.
            ({"HH": {50: 0.99}, "CHH": {51: 0.3}}, [(0.51, "CHH")]),
            # Other drums are no rivals; nor is the side stick the snare's.
            (
                {"KD": {50: 0.9}, "SD": {50: 0.9}, "SST": {50: 0.9}, "CHH": {50: 0.3}},
                [(0.5, "KD"), (0.5, "SD"), (0.5, "CHH"), (0.5, "SST")],
            ),
        ],
    )
    def test_one_wins(
        self, hits: dict[str, dict[int, float]], expected: list[tuple[float, str]]
    ) -> None:
        thresholds = dict.fromkeys(hits, 0.2) | ({"OHH": 0.5} if "OHH" in hits else {})
        found = pick_onsets(activations(hits), card(**thresholds))
        assert sorted(summary(found)) == sorted(expected)

    def test_a_drum_that_is_left_out_still_wins(self) -> None:
        hits = {"CHH": {50: 0.3, 80: 0.5}, "OHH": {50: 0.9}, "SD": {20: 0.9}}
        given, model = activations(hits), card(CHH=0.2, OHH=0.2, SD=0.2)
        assert summary(pick_onsets(given, model, drums=["CHH"])) == [(0.8, "CHH")]
        everything = pick_onsets(given, model)
        assert pick_onsets(given, model, drums=["HH"]) == everything[1:]
        assert pick_onsets(given, model, drums=["KD"]) == ()

    def test_by_brute_force(self) -> None:
        rng = np.random.default_rng(3)
        names = ("CHH", "OHH", "PHH")
        for _ in range(50):
            frames = rng.random((200, 3)) * (rng.random((200, 3)) < 0.1)
            hits = {
                name: {
                    int(f): float(frames[f, i]) for f in np.flatnonzero(frames[:, i])
                }
                for i, name in enumerate(names)
            }
            model = card(replace(MADMOM, combine=0.0), **dict.fromkeys(names, 0.01))
            given = activations(hits, 200)
            alone = [
                onset
                for i, name in enumerate(names)
                for onset in pick_onsets(
                    Activations(given.values[:, [i + 1]], (name,), RATE),
                    card(model.picker, **{name: 0.01}),
                )
            ]
            kept: list[Onset] = []
            for onset in sorted(alone, key=lambda o: -o.confidence):
                if not any(
                    abs(other.time - onset.time) < 0.0200001
                    and other.drum is not onset.drum
                    for other in kept
                ):
                    kept.append(onset)
            assert set(pick_onsets(given, model)) == set(kept)


def test_velocities_come_from_the_drums_own_levels() -> None:
    given = activations({"KD": {20: 0.9, 60: 0.4}, "SD": {40: 0.9}})
    levels = np.full((100, 2), -70, np.float32)
    levels[22, 0], levels[61, 0] = -24, 0  # the surer hit is the softer one
    levels[60, 1] = 30
    soft, snare, loud = pick_onsets(given, card(KD=0.2, SD=0.2), levels=levels)
    assert (soft.velocity, snare.velocity, loud.velocity) == (32, 110, 126)
    # A network that lags 20 ms: levels are read where the hit was.
    late = activations({"KD": {24: 0.9, 64: 0.4}, "SD": {40: 0.9}})
    levels[60, 1] = -70
    again = pick_onsets(late, card(MADMOM, 0.04, KD=0.2, SD=0.2), levels=levels)
    assert [o.velocity for o in again if o.drum is Drum.KD] == [32, 126]
