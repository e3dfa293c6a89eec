"""Tempo maps: exact ticks, steady tempi, lead-ins and bars."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adt_plugins.annotations import Beat
from adt_plugins.meter import meter_changes
from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.tempo import are_exact

QUARTER = 960


def beats(times: list[float], positions: list[int]) -> list[Beat]:
    return [Beat(t, p) for t, p in zip(times, positions, strict=True)]


def steady(
    start: float, bpm: float, count: int, bar: int = 4, first: int = 1
) -> list[Beat]:
    return [Beat(start + n * 60 / bpm, (first - 1 + n) % bar + 1) for n in range(count)]


def bpm(microseconds: int) -> float:
    return 60e6 / microseconds


def exact(timing: TempoMap, tick: int) -> Fraction:
    """Return the time of a tick, added up tempo by tempo."""
    total = Fraction(0)
    for index, (start, tempo) in enumerate(timing.tempos):
        end = timing.tempos[index + 1][0] if index + 1 < len(timing.tempos) else tick
        total += Fraction(max(min(end, tick) - start, 0) * tempo, QUARTER * 1_000_000)
    return total


irregular = st.lists(
    st.tuples(st.floats(0.001, 5), st.integers(1, 6)), min_size=0, max_size=40
).map(
    lambda steps: beats(
        list(np.cumsum([step for step, _ in steps])), [p for _, p in steps]
    )
)


meters = st.sampled_from(["4/4", "6/8", "7/8", "2/2", "3/1", "5/32"])


@settings(deadline=None, max_examples=200)
@given(irregular, meters, st.lists(st.floats(0, 3600), max_size=20))
def test_any_map_is_exact(played: list[Beat], meter: str, times: list[float]) -> None:
    timing = tempo_map(played, meters=meter_changes(meter))
    assert timing.tempos[0][0] == timing.signatures[0][0] == 0
    for table in (timing.tempos, timing.signatures):
        ticks = [row[0] for row in table]
        assert ticks == sorted(set(ticks))
    assert all(1 <= tempo < 1 << 24 for _, tempo in timing.tempos)
    assert list(timing.bars) == sorted(set(timing.bars))
    for time in times:
        tick = timing.tick(time)
        around = [
            abs(exact(timing, t) - Fraction(time))
            for t in (tick - 1, tick, tick + 1)
            if t >= 0
        ]
        assert min(around) == abs(exact(timing, tick) - Fraction(time))
        assert timing.seconds(tick) == pytest.approx(float(exact(timing, tick)))
    assert timing.ticks(times) == [timing.tick(time) for time in times]


@pytest.mark.parametrize("tempo", [500_000, 545_455, 999, 1])
def test_many_ticks_at_once_are_exact(tempo: int) -> None:
    timing = TempoMap(((0, tempo), (960, 2 * tempo)))
    second = 960e6 / tempo  # ticks
    halves = [(n + 0.5) / second for n in range(0, 4000, 7)]
    times = [*halves, *(timing.seconds(n) for n in range(955, 965)), 0.0, 1e4, 2e5]
    assert timing.ticks(times) == [timing.tick(time) for time in times]
    assert timing.ticks([]) == []


@settings(deadline=None, max_examples=200)
@given(irregular, meters)
def test_bars_are_whole_in_their_time_signature(played: list[Beat], meter: str) -> None:
    timing = tempo_map(played, meters=meter_changes(meter))
    signature = (4, 4)
    signatures = {tick: (upper, lower) for tick, upper, lower in timing.signatures}
    assert set(signatures) <= {0, *timing.bars}
    for bar, after in pairwise(timing.bars):
        signature = signatures.get(bar, signature)
        assert (after - bar) * signature[1] == signature[0] * 4 * QUARTER


def test_without_beats() -> None:
    timing = tempo_map([])
    assert timing == TempoMap()
    assert (timing.tick(1.0), timing.seconds(1920)) == (1920, 1.0)


@pytest.mark.parametrize(
    ("played", "meter", "bars", "signatures"),
    [
        (steady(0, 120, 9), "4/4", [0, 3840, 7680], [(0, 4, 4)]),
        (steady(0.014, 120, 9), "4/4", [0, 3840, 7680], [(0, 4, 4)]),
        (steady(0.5, 120, 9), "4/4", [0, 960, 4800, 8640], [(0, 1, 4), (960, 4, 4)]),
        (steady(0.25, 120, 5), "4/4", [0, 480, 4320], [(0, 1, 8), (480, 4, 4)]),
        (steady(0.05, 120, 5), "4/4", [0, 120, 3960], [(0, 1, 32), (120, 4, 4)]),
        # Whole bars at first, then a part of one.
        (steady(2.5, 120, 5), "4/4", [0, 3840, 4800, 8640],
         [(0, 4, 4), (3840, 1, 4), (4800, 4, 4)]),
        # A pickup of two beats, and one after a lead-in of half a beat.
        (steady(0, 120, 6, first=3), "4/4", [0, 1920], [(0, 2, 4), (1920, 4, 4)]),
        (steady(0.25, 120, 6, first=3), "4/4", [0, 480, 2400],
         [(0, 1, 8), (480, 2, 4), (2400, 4, 4)]),
        (steady(0.5, 120, 6, first=3), "4/4", [0, 2880], [(0, 3, 4), (2880, 4, 4)]),
        (steady(1.5, 120, 6, first=3), "4/4", [0, 2880, 4800],
         [(0, 3, 4), (2880, 2, 4), (4800, 4, 4)]),
        (steady(0, 120, 7, bar=3), "3/4", [0, 2880, 5760], [(0, 3, 4)]),
        (steady(0, 80, 5, bar=2), "6/8", [0, 2880, 5760], [(0, 6, 8)]),
        (steady(0.75, 80, 5, bar=2), "6/8", [0, 1440, 4320, 7200],
         [(0, 3, 8), (1440, 6, 8)]),
        # A bar of five among those of four.
        (beats([n * 0.5 for n in range(14)],
               [1, 2, 3, 4, 1, 2, 3, 4, 5, 1, 2, 3, 4, 1]), "4/4",
         [0, 3840, 8640, 12480], [(0, 4, 4), (3840, 5, 4), (8640, 4, 4)]),
        # Eighths and halves are counted in other meters.
        (steady(0, 240, 15, bar=7), "7/8", [0, 3360, 6720], [(0, 7, 8)]),
        (steady(0.25, 240, 8, bar=7), "7/8", [0, 480, 3840], [(0, 1, 8), (480, 7, 8)]),
        (steady(0, 60, 5, bar=2), "2/2", [0, 3840, 7680], [(0, 2, 2)]),
        # Beats that were numbered through.
        (beats([n / 2 for n in range(70)], list(range(1, 71))), "4/4",
         [0, 30720, 61440], [(0, 32, 4)]),
        # No downbeat was heard, or nothing else.
        (beats([0, 0.5], [2, 3]), "4/4", [0], [(0, 4, 4)]),
        (beats([1.0], [1]), "4/4", [0, 1920], [(0, 2, 4), (1920, 4, 4)]),
        # The meter changes: a quarter stays as long.
        (beats([0, 0.5, 1, 1.5, 2, 2.75, 3.5, 4.25, 5], [1, 2, 3, 4, 1, 2, 1, 2, 1]),
         [(1, "4/4"), (2, "6/8"), (4, "4/4")], [0, 3840, 6720, 9600],
         [(0, 4, 4), (3840, 6, 8), (9600, 4, 4)]),
    ],
)  # fmt: skip
def test_bars(
    played: list[Beat],
    meter: str | list[tuple[int, str]],
    bars: list[int],
    signatures: list[tuple[int, int, int]],
) -> None:
    timing = tempo_map(played, meters=meter_changes(meter))
    assert list(timing.bars) == bars
    assert list(timing.signatures) == signatures


@pytest.mark.parametrize("start", [0.0, 0.03, 0.06, 0.11, 0.3, 0.49, 1.3, 2.0, 33.3])
@pytest.mark.parametrize("tempo", [55.0, 109.0, 149.95, 215.0])
def test_the_file_opens_with_the_song_s_own_tempo(start: float, tempo: float) -> None:
    timing = tempo_map(steady(start, tempo, 33))
    first, *more = (bpm(t) for _, t in timing.tempos)
    if tempo >= 104:
        assert first == pytest.approx(tempo, abs=0.001)
        assert not more
    else:  # the lead-in may be a little slower or faster, so that bar 1 is in time
        assert 0.8 < first / tempo < 1.25
        assert more in ([], [pytest.approx(tempo, abs=0.001)])
    line = timing.bars[1 - timing.first_bar]
    assert line == timing.first
    assert timing.seconds(line) == pytest.approx(
        start, abs=0.0181 if start != 0.03 else 0.04
    )
    assert timing.tick(start + 60 / tempo) - timing.tick(start) == pytest.approx(
        QUARTER, abs=1
    )


def test_a_lead_in_of_a_bar_opens_with_the_song_s_meter() -> None:
    timing = tempo_map(steady(2.1, 120, 33))
    assert timing.signatures[0] == (0, 4, 4)
    assert timing.first_bar == -1


@pytest.mark.parametrize("start", [0.0, 0.01, 0.0149])
def test_a_lead_in_that_nobody_hears_is_none(start: float) -> None:
    timing = tempo_map(steady(start, 109, 65))
    assert timing.signatures == ((0, 4, 4),)
    assert abs(timing.seconds(64 * QUARTER) - start - 64 * 60 / 109) <= 0.016


def test_a_steady_band_has_one_tempo() -> None:
    """Also where beats come in frames of 10 ms."""
    played = [Beat(round(n * 60 / 104.2, 2), n % 4 + 1) for n in range(6000)]
    timing = tempo_map(played)
    assert len(timing.tempos) == 1
    assert bpm(timing.tempos[0][1]) == pytest.approx(104.2, abs=0.01)


@pytest.mark.parametrize("wanted", [110.0, 149.95, 87.5, 104.0, 92.03])
def test_a_tempo_is_what_a_person_set(wanted: float) -> None:
    """Also with beats in frames of 10 ms that stray, and hits that stray less."""
    dice = np.random.default_rng(0)
    times = 0.2 + np.arange(120) * 60 / wanted
    detected = np.round(times + dice.normal(0, 0.008, 120), 2)
    hits = times + dice.normal(0, 0.004, 120)
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(detected)]
    timing = tempo_map(played, hits=hits.tolist())
    assert [bpm(t) for _, t in timing.tempos] == [pytest.approx(wanted, abs=0.011)]


def worst(timing: TempoMap, times: list[float]) -> float:
    """Return the distances of the beats from their ticks."""
    return max(
        abs(timing.seconds(timing.first + n * QUARTER) - t) for n, t in enumerate(times)
    )


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        (60 / np.linspace(100, 110, 300), 12),
        (60 / np.linspace(110, 100, 300), 12),
        (0.6 * (1 + 0.1 * np.sin(np.arange(200) / 12)), 60),
    ],
)
def test_a_band_that_is_not_steady_has_few_tempi(
    steps: NDArray[np.float64], most: int
) -> None:
    times = (0.4 + np.cumsum(steps)).tolist()
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(times)]
    timing = tempo_map(played)
    assert worst(timing, times) <= 0.03
    assert 2 <= len(timing.tempos) <= most
    followed = tempo_map(played, how="follow")
    assert worst(followed, times) <= 0.006
    assert len(followed.tempos) > len(timing.tempos)
    assert len(tempo_map(played, how="constant").tempos) == 1


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        (60 / np.linspace(110, 121, 240), 9),
        (60 / (96 * (1 + 0.08 * np.sin(np.arange(160) / 5))), 30),
        (np.repeat([60 / 100, 60 / 124], 96), 4),
    ],
    ids=["faster", "rubato", "two tempi"],
)
def test_detected_beats_are_refined_by_the_hits(
    steps: NDArray[np.float64], most: int
) -> None:
    """No beat is off by more than 30 ms, though they are found in frames of 10 ms."""
    dice = np.random.default_rng(1)
    times = 0.4 + np.cumsum(steps)
    detected = np.round(times + dice.normal(0.005, 0.006, len(times)), 2)
    hits = times + 0.004 + dice.normal(0, 0.002, len(times))
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(detected)]
    timing = tempo_map(played, hits=hits.tolist())
    assert worst(timing, times.tolist()) <= 0.03
    assert 2 <= len(timing.tempos) <= most


def test_beats_of_a_sequencer_are_not_moved_to_late_hits() -> None:
    times = 0.4 + np.cumsum(60 / np.linspace(100, 110, 300))
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(times)]
    late = (times + 0.02).tolist()
    assert tempo_map(played, hits=late) == tempo_map(played)


def test_a_map_is_kept_though_hits_are_off_the_beats() -> None:
    """A file of ours is read and written again: tempi of a player, loose hits."""
    dice = np.random.default_rng(3)
    steps = np.repeat([0.5969, 0.58647, 0.576325, 0.56578], 28)
    times = np.round(0.4213 + np.cumsum(steps), 6)
    hits = (times + dice.normal(0.004, 0.006, len(times))).tolist()
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(times.tolist())]
    tempos = [tempo for _, tempo in tempo_map(played, hits=hits).tempos[1:]]
    assert tempos == [596_900, 586_470, 576_325, 565_780]
    # Beats in frames of 10 ms are evenly spaced, too, and so are beats between them.
    found = np.round(np.cumsum(steps), 2) + 0.0123
    between = np.interp(np.arange(0, len(found) - 1, 0.5), np.arange(len(found)), found)
    for frames in (found, between):
        assert not are_exact(frames.tolist(), hits)


def test_ways_to_follow_a_tempo() -> None:
    with pytest.raises(ValueError, match="no way 'exactly'"):
        tempo_map(steady(0, 120, 9), how="exactly")


def test_a_pause_is_counted_through() -> None:
    played = beats([0, 0.5, 1.0, 1.5, 9.5, 10.0], [1, 2, 3, 4, 1, 2])
    timing = tempo_map(played)
    assert max(60e6 / 30, *[t for _, t in timing.tempos]) == 60e6 / 30
    assert min(abs(timing.seconds(bar) - 9.5) for bar in timing.bars) <= 0.016


def test_rounded_tempi_never_add_up() -> None:
    """An hour of beats whose tempi are no whole microseconds."""
    dice = np.random.default_rng(0)
    times = np.cumsum(dice.uniform(0.3, 0.8, 6500))
    played = [Beat(t, n % 4 + 1) for n, t in enumerate(times)]
    timing = tempo_map(played, how="follow")
    assert worst(timing, times.tolist()) <= 0.0051


@pytest.mark.parametrize(("first", "second"), [(110, 124), (140, 70)])
def test_a_stretch_has_the_tempo_that_a_person_set(first: float, second: float) -> None:
    """Not 109.97, as beats that are off by some milliseconds suggest."""
    random = np.random.default_rng(3)
    lengths = np.repeat([60 / first, 60 / second], 60)
    times = np.concatenate([[0.0], np.cumsum(lengths)])
    played = np.maximum(times + random.normal(0, 0.002, len(times)), 0)
    beats = [Beat(float(time), n % 4 + 1) for n, time in enumerate(played)]
    timing = tempo_map(beats, meters=meter_changes("4/4"))
    got = [60e6 / tempo for _, tempo in timing.tempos]
    assert got[0] == pytest.approx(first, abs=1e-3)
    assert got[-1] == pytest.approx(second, abs=0.1)
    off = [timing.seconds(timing.first + 960 * n) - t for n, t in enumerate(times)]
    assert np.abs(off).max() < 0.03
