"""Beats: the search against a plain one and madmom, the options, real activations."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.base.folders import asset
from adt_plugins.errors import ModelError
from adt_plugins.meter import Meter
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import transcribe
from adt_plugins.rhythm.bar_pointer import Ratios, beat_lengths, decode
from adt_plugins.rhythm.beats import (
    find_beats,
    has_beats,
    observations,
)
from adt_plugins.rhythm.clear_beats import SEVERAL, clear_part, find_clear_beats
from adt_plugins.rhythm.drum_patterns import BarEvidence
from adt_plugins.rhythm.known_beats import KnownBeats
from adt_plugins.rhythm.tempo_search import likely_lengths
from tests.support.beat_activations import RATE, activations, played


def noise(seed: int, frames: int) -> Activations:
    dice = np.random.default_rng(seed)
    return activations(dice.random((frames, 2)) ** dice.uniform(1, 6))


# The search


def plain_search(
    densities: NDArray[np.float64], bar: int, lengths: list[int], heads: int
) -> tuple[float, list[tuple[int, int, int]]]:
    """Decode all states by Viterbi: (probability, [(beat, length, at)])."""
    states = [
        (beat, length, at)
        for beat in range(bar)
        for length in lengths
        for at in range(length)
    ]
    index = {state: n for n, state in enumerate(states)}
    change = {a: {b: np.exp(-100 * abs(b / a - 1)) for b in lengths} for a in lengths}
    logs = np.full((len(states), len(states)), -np.inf)
    for beat, length, at in states:
        here = index[beat, length, at]
        if at + 1 < length:
            logs[here, index[beat, length, at + 1]] = 0
            continue
        total = sum(change[length].values())
        for after in lengths:
            there = index[(beat + 1) % bar, after, 0]
            if change[length][after] > np.spacing(1):
                logs[here, there] = np.log(change[length][after] / total)
    kinds = [
        0 if at * heads >= length else (2 if beat == 0 else 1)
        for beat, length, at in states
    ]
    score = np.full(len(states), -np.log(len(states)))
    back = []
    for row in densities:
        choices = score[:, np.newaxis] + logs
        back.append(choices.argmax(axis=0))
        score = choices.max(axis=0) + row[kinds]
    path = [int(score.argmax())]
    for row in back[:0:-1]:
        path.append(int(row[path[-1]]))
    return float(score.max()), [states[n] for n in path[::-1]]


@pytest.mark.parametrize("bar", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_what_a_plain_one_finds(seed: int, bar: int) -> None:
    dice = np.random.default_rng(seed)
    densities = np.log(dice.uniform(0.01, 1, (67, 3)))
    lengths = [7, 8, 9, 11, 14]
    probability, states = plain_search(densities, bar, lengths, 4)
    meter = (2, *[1] * (bar - 1))
    ratios = Ratios(densities)
    path = decode(ratios, [meter], np.array(lengths), observation_lambda=4)
    assert path.log_probability == pytest.approx(probability, abs=1e-3)
    decoded = [
        (beat, length, at)
        for start, length, beat in zip(
            path.starts, path.lengths, path.positions, strict=True
        )
        for at in range(length)
        if 0 <= start + at < len(densities)
    ]
    assert decoded == states


@pytest.mark.parametrize(
    ("bpm", "count", "first", "last"),
    [((55, 215), 60, 28, 109), ((99, 121), 60, 50, 61), ((20, 400), 60, 15, 300)],
)
def test_beat_lengths(
    bpm: tuple[float, float], count: int, first: int, last: int
) -> None:
    lengths = beat_lengths(RATE, *bpm)
    assert len(lengths) == min(count, last - first + 1)
    assert (lengths[0], lengths[-1]) == (first, last)
    assert (np.diff(lengths) > 0).all()


@pytest.mark.needs_madmom
@pytest.mark.parametrize("seed", range(50))
def test_noise_is_decoded_as_madmom_does(madmom: ModuleType, seed: int) -> None:
    check_against_madmom(noise(seed, 400 + 7 * seed))


def check_against_madmom(outputs: Activations) -> None:
    ours = find_beats(outputs, patterns=False)
    theirs = find_beats(outputs, backend="madmom")
    assert [b.position for b in ours] == [b.position for b in theirs]
    assert len(ours) > 4
    for a, b in zip(ours, theirs, strict=True):
        assert abs(a.time - b.time) <= 1 / RATE + 1e-9


@pytest.fixture(scope="module")
def example() -> tuple[NDArray[np.float32], int]:
    pytest.importorskip("ai_edge_litert", reason="LiteRT is missing")
    recording = asset("models", "drums.json").parents[1] / "examples" / "groove.flac"
    if not recording.exists():
        pytest.skip("the examples are in a clone only")
    samples, rate = soundfile.read(recording, dtype="float32")
    return samples, rate


@pytest.fixture(scope="module")
def network(example: object) -> Network:
    return Network(find_model("drums"))


@pytest.mark.needs_madmom
@pytest.mark.parametrize("seed", range(50))
def test_what_the_network_hears_is_decoded_as_madmom_does(
    madmom: ModuleType,
    example: tuple[NDArray[np.float32], int],
    network: Network,
    seed: int,
) -> None:
    """Return the example at another speed and start, with some noise."""
    samples, rate = example
    dice = np.random.default_rng(seed)
    start = int(dice.uniform(0, 6) * rate)
    noise = dice.normal(0, 10 ** dice.uniform(-4, -1), samples[start:].shape)
    part = (samples[start:] + noise).astype(np.float32)
    outputs = transcribe((part, int(rate * dice.uniform(0.7, 1.4))), model=network)
    assert outputs.activations is not None
    check_against_madmom(outputs.activations)


@pytest.mark.parametrize("seed", range(20))
def test_a_narrow_search_finds_what_a_search_of_all_tempi_finds(seed: int) -> None:
    """Both agree wherever the best path lies within the searched tempi."""
    dice = np.random.default_rng(seed)
    length = dice.uniform(0.29, 1.05)
    drift = np.linspace(1, dice.uniform(0.93, 1.07), round(40 / length))
    times = 0.3 + np.cumsum(length * drift + dice.normal(0, 0.01, len(drift)))
    outputs = played(times, int(dice.integers(3, 5)), int(dice.integers(3)))
    unclear = outputs.values + dice.normal(0, 0.1, outputs.values.shape)
    outputs = replace(outputs, values=unclear.clip(0, 1).astype(np.float32))
    observed = observations(outputs)
    silence = (1 - observed.sum(axis=1)) / 15
    ratios = Ratios(np.log(np.column_stack([silence, observed])))
    proof = BarEvidence(outputs, [3, 4])
    lengths = beat_lengths(RATE, 55, 215)
    searched = likely_lengths(ratios, lengths, RATE, proof)
    assert searched.mean() < 0.9
    meters = [(2, 1, 1), (2, 1, 1, 1)]
    best = decode(ratios, meters, lengths, evidence=proof)
    inside = np.isin(best.lengths, lengths[searched])
    assert inside[2:-2].all()  # at both ends any length fits
    path = decode(ratios, meters, lengths, evidence=proof, searched=searched)
    if not inside.all():
        return
    assert path.log_probability == pytest.approx(best.log_probability, abs=1e-2)
    assert (path.starts == best.starts).all()
    assert (path.positions == best.positions).all()


def test_of_a_short_recording_all_tempi_are_searched() -> None:
    ratios = Ratios(np.log(np.full((2000, 3), 0.3)))
    assert likely_lengths(ratios, beat_lengths(RATE, 55, 215), RATE).all()


# Music


@pytest.mark.parametrize("bar", [3, 4])
@pytest.mark.parametrize("bpm", [63, 104.2, 180])
def test_steady_music(bpm: float, bar: int) -> None:
    times = 0.37 + np.arange(40) * 60 / bpm
    beats = find_beats(played(times, bar, downbeat=2))
    assert [b.time for b in beats] == pytest.approx(times, abs=0.006)
    assert [b.position for b in beats] == [(n - 2) % bar + 1 for n in range(40)]


def test_a_tempo_that_slows_down() -> None:
    times = np.cumsum(np.linspace(0.4, 0.7, 60))
    beats = find_beats(played(times, 4))
    assert [b.time for b in beats] == pytest.approx(times, abs=0.006)


def test_silence_before_and_after_has_no_beats() -> None:
    times = 30 + np.arange(16) * 0.5
    outputs = played(times, 4)
    rest = activations(np.full((3000, 2), 0.01)).values
    outputs = Activations(np.concatenate([outputs.values, rest]), outputs.outputs, RATE)
    assert [b.time for b in find_beats(outputs)] == pytest.approx(times, abs=0.006)


@pytest.mark.parametrize("frames", [0, 1, 5, 500])
def test_nothing_heard(frames: int) -> None:
    assert find_beats(activations(np.zeros((frames, 2)))) == ()


def test_what_is_too_short_is_no_trouble() -> None:
    assert len(find_beats(activations(np.full((3, 2), 0.5)))) <= 1


def test_one_beat_alone_is_not_clear() -> None:
    values = np.zeros((300, 2), np.float32)
    values[150] = 0.9, 0.8
    heard = activations(values)
    beats = find_beats(heard)
    assert [round(beat.time, 2) for beat in beats] == [1.5]
    assert find_clear_beats(heard) == ()
    assert find_clear_beats(heard, KnownBeats(bpm=120)) == find_beats(heard, bpm=120)


def test_noise_before_and_after_has_no_clear_beats() -> None:
    times = 20 + np.arange(60) * 0.5
    music = played(times, 4).values
    rng = np.random.default_rng(0)
    values = np.concatenate([music, np.zeros((4000, music.shape[1]), np.float32)])
    values += rng.uniform(0, 0.08, values.shape).astype(np.float32) ** 2 * 10
    heard = Activations(values, ("KD", "downbeat", "beat"), RATE)
    everywhere = find_beats(heard)
    assert everywhere[0].time < 10
    assert everywhere[-1].time > 70
    found = find_clear_beats(heard)
    assert [beat.time for beat in found[:60]] == pytest.approx(times, abs=0.02)
    assert len(found) < 60 + SEVERAL


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (SEVERAL, SEVERAL), (SEVERAL - 1, 30), (30, 1)]
)
def test_few_unclear_beats_at_the_ends_stay(before: int, after: int) -> None:
    heights = np.array([0.05] * before + [0.3, 0.05, 0.3, 0.2] + [0.02] * after)
    first = before if before >= SEVERAL else 0
    last = before + 4 if after >= SEVERAL else len(heights)
    assert clear_part(heights) == slice(first, last)


def test_numbers_that_are_certain() -> None:
    values = np.zeros((600, 2))
    values[::50] = 1.0
    beats = find_beats(activations(values))
    assert [b.time for b in beats] == pytest.approx(np.arange(12) * 0.5)


def test_times_count_from_the_file_s_first_sample() -> None:
    times = 0.2 + np.arange(20) * 0.5
    beats = find_beats(played(times, 4, offset=90.0))
    assert [b.time for b in beats] == pytest.approx(90 + times, abs=0.006)


def test_observations() -> None:
    got = observations(activations(np.array([[0.8, 0.6], [0.3, 0.5], [1, 1], [0, 0]])))
    assert got[:2] == pytest.approx(np.array([[0.2, 0.6], [0, 0.5]]), abs=1e-5)
    assert (got > 0).all()
    assert (got.sum(axis=1) < 1).all()


# What the drums play


def groove(bar: int, first: int, bars: int = 10) -> Activations:
    """Beats without any downbeats; kick, snare and crash tell where bars begin."""
    count = bar * bars
    times = 0.2 + np.arange(count) * 0.5
    outputs = played(times, bar)
    columns = {name: np.full(len(outputs.values), 0.02) for name in ("KD", "SD", "CY")}
    for index, at in enumerate(times):
        position = (index - first) % bar
        for name, played_on in (("KD", (0,)), ("SD", (1, bar - 1)), ("CY", (0,))):
            if position in played_on:
                columns[name][round(at * RATE) + 1] = 0.9
    beat = outputs.values[:, 2]
    values = np.column_stack([*columns.values(), 0.5 * beat, beat])
    names = (*columns, "downbeat", "beat")
    return Activations(values.astype(np.float32), names, RATE)


@pytest.mark.parametrize("first", range(4))
def test_kick_and_snare_tell_where_bars_begin(first: int) -> None:
    beats = find_beats(groove(4, first))
    assert [b.position for b in beats] == [(n - first) % 4 + 1 for n in range(40)]
    without = find_beats(groove(4, first), patterns=False)
    assert [b.position for b in without] != [b.position for b in beats] or first == 0


@pytest.mark.parametrize("first", range(3))
def test_kick_and_snare_tell_a_waltz(first: int) -> None:
    beats = find_beats(groove(3, first))
    assert [b.position for b in beats] == [(n - first) % 3 + 1 for n in range(30)]


def test_evidence_of_drums_that_a_model_does_not_hear() -> None:
    outputs = activations(np.zeros((50, 2)))
    beginnings, middles = BarEvidence(outputs, [4]).cut(-3, 60)
    assert beginnings.shape == middles.shape == (4, 63)
    assert beginnings[:, 3:53].all()  # that a kick is silent says something
    assert not beginnings[:, [0, 1, 2, 53, 62]].any()
    deaf = Activations(outputs.values, ("x", "downbeat", "beat"), RATE)
    assert not BarEvidence(deaf, [4]).cut(0, 50)[0].any()


# Options


@pytest.mark.parametrize(("bpm", "step"), [(60, 1.0), (120, 0.5), (240, 0.25)])
def test_bpm_chooses_the_level(bpm: float, step: float) -> None:
    times = np.arange(80) * 0.25
    outputs = played(times, 8)
    beats = find_beats(outputs, bpm=bpm)
    assert np.median(np.diff([b.time for b in beats])) == pytest.approx(step)


@pytest.mark.parametrize(("meter", "bar"), [("3/4", 3), ("6/8", 2), ("5/4", 5)])
def test_meter(meter: str, bar: int) -> None:
    outputs = played(np.arange(40) * 0.5, 4)
    positions = [b.position for b in find_beats(outputs, meter=meter)]
    assert set(positions) == set(range(1, bar + 1))
    assert all((b - a) % bar == 1 % bar for a, b in itertools.pairwise(positions))


@pytest.mark.parametrize("index", range(8))
def test_first_downbeat_moves_the_bar_lines(index: int) -> None:
    times = 10.3 + np.arange(40) * 0.5
    outputs = played(times - 10.0, 4, offset=10.0)
    beats = find_beats(outputs, first_downbeat=times[index])
    assert [b.time for b in beats] == pytest.approx(times, abs=0.006)
    assert [b.position for b in beats] == [(n - index) % 4 + 1 for n in range(40)]


def test_first_downbeat_between_beats_wins() -> None:
    times = np.arange(40) * 0.5
    beats = find_beats(played(times, 4), first_downbeat=10.2)
    assert Beat(10.2, 1) in beats


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"bpm": 5.0}, "tempo of 5 BPM"),
        ({"bpm": float("nan")}, "tempo of nan BPM"),
        ({"meter": "four"}, "'four' is not a meter"),
        ({"meter": "4/5"}, "'4/5' is not a meter"),
        ({"meter": "0/4"}, "has no beats"),
        ({"meter": "99/4"}, "more than 32"),
        ({"backend": "x"}, "no backend 'x'"),
    ],
)
def test_options_out_of_range(options: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        find_beats(noise(0, 200), **options)  # type: ignore[arg-type]


def test_a_model_that_hears_no_beats_is_refused() -> None:
    deaf = Activations(np.zeros((10, 1), np.float32), ("KD",), RATE)
    assert not has_beats(deaf.outputs)
    with pytest.raises(ModelError, match="does not detect beats"):
        find_beats(deaf)


def test_a_tempo_of_seven_eight_is_that_of_quarters() -> None:
    """Its eighths are counted: 280 a minute, faster than the beats of 4/4 can be."""
    eighths = 1 + np.arange(70) * 60 / 280
    for bpm in (None, 140.0):
        beats = find_beats(played(eighths, 7), bpm=bpm, meter="7/8", patterns=False)
        assert [beat.position for beat in beats] == [n % 7 + 1 for n in range(70)]


@pytest.mark.parametrize(
    ("meter", "count", "compound"),
    [("4/4", 4, False), ("6/8", 2, True), ("12/8", 4, True), ("3/8", 3, False),
     ("7/8", 7, False), ("6/4", 6, False)],
)  # fmt: skip
def test_meters(meter: str, count: int, compound: bool) -> None:
    known = Meter.parse(meter)
    assert (known.counted, known.is_compound, str(known)) == (count, compound, meter)


def test_the_example(example: tuple[NDArray[np.float32], int]) -> None:
    """The recording was programmed at 104 BPM; twice that fits as well."""
    outputs = transcribe(example).activations
    assert outputs is not None
    times = np.array([b.time for b in find_beats(outputs, bpm=104)])
    steps = np.diff(times)
    assert np.median(steps) == pytest.approx(60 / 104, abs=0.01)
    assert abs(steps - 60 / 104).max() < 0.03
