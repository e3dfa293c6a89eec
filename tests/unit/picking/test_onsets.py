"""Picks of several drums to onsets: times, confidence, thresholds, exclusion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.picking.onsets import pick_onsets, thresholds_in_force

RATE = 100.0
MADMOM = Picker()
ADTLIB = Picker(kind="adtlib", rows={"KD": (0, 0.3, 0), "SD": (3, 0.05, 0)})


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


def summary(onset: tuple[Onset, ...]) -> list[tuple[float, str]]:
    return [(round(o.time, 6), str(o.drum)) for o in onset]


def test_onsets_of_all_drums_by_time() -> None:
    given = activations({"KD": {50: 0.9, 0: 0.7}, "SD": {99: 0.6, 50: 0.8}})
    onsets = pick_onsets(given, card(KD=0.2, SD=0.4))
    assert summary(onsets) == [(0, "KD"), (0.5, "KD"), (0.5, "SD"), (0.99, "SD")]
    # 0.5 at the threshold, 1 at 1, linear between; no level given.
    assert [o.confidence for o in onsets] == pytest.approx(
        [0.8125, 0.9375, 0.5 + 1 / 3, 0.5 + 1 / 6], abs=1e-6
    )
    assert [o.velocity for o in onsets] == [103, 119, 106, 85]


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
    onsets = pick_onsets(given, card(MADMOM, delay, KD=0.2))
    assert [o.time for o in onsets] == pytest.approx(expected)


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
    onsets = pick_onsets(given, model, thresholds={"SD": 0.04})
    assert summary(onsets) == [(0.2, "KD"), (0.3, "SD"), (0.5, "SD")]


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
            # A hit that was silenced silences no other.
            (
                {"CHH": {50: 0.3, 54: 0.3}, "OHH": {52: 0.9}, "PHH": {56: 0.25}},
                [(0.52, "OHH"), (0.56, "PHH")],
            ),
            # A finer drum wins over the coarse one.
            ({"HH": {50: 0.99}, "CHH": {51: 0.3}}, [(0.51, "CHH")]),
            # Other drums do not exclude each other, nor do side stick and snare.
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
        onsets = pick_onsets(activations(hits), card(**thresholds))
        assert sorted(summary(onsets)) == sorted(expected)

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
