"""6/8: beats of three parts, and rhythms that resemble them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.meter import Meter
from adt_plugins.rhythm.beats import find_beats, meter_of
from adt_plugins.rhythm.compound import CompoundEvidence, any_drum

RATE = 100.0
OUTPUTS = ("KD", "SD", "HH", "CY", "downbeat", "beat")
BARS = 12
START_S = 0.3
PEAK = np.array([0.25, 0.5, 0.75, 0.9, 1.0, 0.9, 0.75, 0.5, 0.25])  # of a beat


def played(
    step_s: float, lines: dict[str, str], heights: dict[str, float], bars: int = BARS
) -> Activations:
    """Peaks on the steps of a bar, ``x`` as high as said, ``o`` half as high."""
    steps = max(len(line) for line in lines.values())
    values = np.full(
        (round((START_S + bars * steps * step_s) * RATE), len(OUTPUTS)), 0.02
    )
    for name, line in lines.items():
        column = values[:, OUTPUTS.index(name)]
        for step in range(bars * steps):
            if (mark := line[step % steps]) != ".":
                at = round((START_S + step * step_s) * RATE)
                height = heights.get(name, 0.8) * (1.0 if mark == "x" else 0.5)
                peak = height * (PEAK if name in heights else PEAK**4)
                near = slice(at - len(PEAK) // 2, at + len(PEAK) // 2 + 1)
                column[near] = np.maximum(column[near], peak[: len(column[near])])
    return Activations(values.astype(np.float32), OUTPUTS, RATE)


def six_eight(bpm: float) -> Activations:
    """Kick on one, snare on four, and eighths that might be beats."""
    lines = {
        "KD": "x....x",
        "SD": "...x..",
        "HH": "xxxxxx",
        "downbeat": "x.....",
        "beat": "xooxoo",
    }
    return played(60 / bpm / 3, lines, {"beat": 0.3, "downbeat": 0.25})


def waltz(bpm: float) -> Activations:
    lines = {
        "KD": "x.....",
        "SD": "..x.x.",
        "HH": "xxxxxx",
        "downbeat": "x.....",
        "beat": "x.x.x.",
    }
    return played(60 / bpm / 2, lines, {"beat": 0.3, "downbeat": 0.25})


def shuffle(bpm: float) -> Activations:
    lines = {
        "KD": "x.....x.....",
        "SD": "...x.....x..",
        "HH": "x.xx.xx.xx.x",
        "downbeat": "x...........",
        "beat": "x..x..x..x..",
    }
    return played(60 / bpm / 3, lines, {"beat": 0.3, "downbeat": 0.25})


def slow_straight(bpm: float, hats: str) -> Activations:
    """Kick and snare by turns, hi-hats as said, nothing on thirds of the beats."""
    lines = {
        "KD": "x.......x.......",
        "SD": "....x.......x...",
        "HH": hats,
        "downbeat": "x...............",
        "beat": "x.o.x.o.x.o.x.o.",
    }
    return played(60 / bpm / 4, lines, {"beat": 0.3, "downbeat": 0.25})


def positions(beats: tuple[Beat, ...]) -> list[int]:
    return [beat.position for beat in beats]


def times(bpm: float, count: int) -> NDArray[np.float64]:
    return START_S + np.arange(count) * 60 / bpm


@pytest.mark.parametrize("bpm", [46.0, 60.0, 75.0])
def test_six_eight_is_told_from_three_and_four(bpm: float) -> None:
    beats = find_beats(six_eight(bpm))
    assert meter_of(beats) == Meter(6, 8)
    assert [beat.time for beat in beats] == pytest.approx(
        times(bpm, len(beats)), abs=0.02
    )
    assert len(beats) >= 2 * BARS - 1
    assert positions(beats[:4]) == [1, 2, 1, 2]


@pytest.mark.parametrize("bpm", [46.0, 75.0, 110.0])
def test_beats_of_six_eight_when_it_is_given(bpm: float) -> None:
    """The eighths of slow songs once became their beats, searched from 55 BPM on."""
    beats = find_beats(six_eight(bpm), meter="6/8")
    assert np.diff([beat.time for beat in beats]) == pytest.approx(60 / bpm, abs=0.03)


@pytest.mark.parametrize("bpm", [84.0, 110.0])
def test_a_waltz_has_the_same_eighths(bpm: float) -> None:
    beats = find_beats(waltz(bpm))
    assert meter_of(beats) == Meter(3)
    assert np.median(np.diff([b.time for b in beats])) == pytest.approx(
        60 / bpm, abs=0.02
    )


@pytest.mark.parametrize("bpm", [75.0, 104.0, 125.0])
def test_a_shuffle_stays_in_four(bpm: float) -> None:
    beats = find_beats(shuffle(bpm))
    assert meter_of(beats) == Meter(4)
    assert positions(beats[:5]) == [1, 2, 3, 4, 1]


@pytest.mark.parametrize(
    ("bpm", "hats"), [(48.0, "x..."), (54.0, "...."), (54.0, "x...")]
)
def test_slow_beats_with_nothing_on_thirds_are_in_four(bpm: float, hats: str) -> None:
    """They were taken for 6/8, whose beats may be slower than those of 4/4."""
    beats = find_beats(slow_straight(bpm, 4 * hats))
    assert meter_of(beats) == Meter(4)
    assert np.diff([beat.time for beat in beats]) == pytest.approx(60 / bpm, abs=0.03)


def test_meter_of_no_beats() -> None:
    assert meter_of(()) is None


def test_the_tempo_that_is_given_counts_dotted_quarters() -> None:
    beats = find_beats(six_eight(60), bpm=60)
    assert meter_of(beats) == Meter(6, 8)


def test_evidence() -> None:
    """The kick at 0.3 s speaks for the first beat, the snare for the second."""
    heights = any_drum(six_eight(60))
    proof = CompoundEvidence(six_eight(60), 2, drums=heights)
    first, third, other = proof.cut(-5, 200)
    assert first.shape == third.shape == other.shape == (2, 205)
    assert not first[:, :5].any()
    kick, snare = 5 + 30, 5 + 130
    assert first[0, kick] > first[1, kick]
    assert first[1, snare] > first[0, snare]
    assert third[0, 5 + 63] > 0 > third[0, 5 + 50]
    means = proof.means()
    assert all(len(mean) == len(heights) for mean in means)
    assert means[0][30] == pytest.approx(first[:, kick].mean(), abs=1e-6)


def test_bars_that_nothing_is_known_of_count_any_drum() -> None:
    drums = any_drum(six_eight(60))
    first, _, _ = CompoundEvidence(six_eight(60), 3, drums=drums).cut(0, 100)
    assert first[0] == pytest.approx(first[1])


def test_evidence_without_drums() -> None:
    silent = CompoundEvidence(six_eight(60), 2)
    assert not any(part.any() for part in silent.cut(0, 100))
