"""Quantizing: onto the grid, by drum, with strength and swing, and nothing lost."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins.annotations import Beat
from adt_plugins.drums import Drum
from adt_plugins.midi.quantize import GridHit, Quantize, grid_ticks, quantize
from adt_plugins.midi.tempo_map import TempoMap, tempo_map

SIXTEENTH = 240
# 120 BPM from 0: a tick is 0.52 ms, so 100 ticks are 52 ms.
STRAIGHT = tempo_map([Beat(n * 0.5, n % 4 + 1) for n in range(17)])


def snares(*hits: tuple[int, int]) -> list[GridHit]:
    return [GridHit(tick, Drum.SD, 38, velocity) for tick, velocity in hits]


def moved(hits: list[GridHit], timing: TempoMap = STRAIGHT, **how: Any) -> list[int]:
    return [hit.tick for hit in quantize(hits, timing, Quantize(**how))]


@pytest.mark.parametrize(
    ("name", "ticks", "triplet"),
    [("1/4", 960, False), ("1/16", 240, False), ("1/8t", 320, True),
     ("1/16T", 160, True), ("1/64t", 40, True)],
)  # fmt: skip
def test_grids(name: str, ticks: int, triplet: bool) -> None:
    assert grid_ticks(name) == (ticks, triplet)


@pytest.mark.parametrize("name", ["", "1/5", "2/16", "1/16.", "16", "1/128", "t"])
def test_what_is_no_grid(name: str) -> None:
    with pytest.raises(ValueError, match="is not a grid such as"):
        grid_ticks(name)


def test_onto_the_grid() -> None:
    hits = snares((10, 90), (251, 90), (470, 90), (3700, 90), (3830, 90))
    assert moved(hits) == [0, 240, 480, 3600, 3840]
    # Two that are nearest to one line: one goes there, and the other along with it.
    assert moved(hits, grid="1/8") == [0, 261, 480, 3710, 3840]


def test_strength_is_how_far() -> None:
    assert moved(snares((40, 90), (200, 90)), strength=0.75) == [10, 230]
    assert moved(snares((40, 90), (200, 90)), strength=0.0) == [40, 200]


def test_swing_moves_every_second_line() -> None:
    late = 240 + round(0.08 * 480)
    hits = snares((5, 90), (260, 90), (490, 90), (700, 90), (965, 90))
    assert moved(hits, swing=0.58) == [0, late, 480, 480 + late, 960]


def test_triplets() -> None:
    hits = snares((15, 90), (300, 90), (650, 90), (950, 90))
    assert moved(hits, grid="1/8t") == [0, 320, 640, 960]


def test_each_drum_has_its_grid() -> None:
    hits = [
        GridHit(300, Drum.CHH, 42, 80),
        GridHit(300, Drum.KD, 36, 80),
        GridHit(300, Drum.SD, 38, 80),
    ]
    how: dict[str, Any] = {"grid": "1/16", "drums": {Drum.HH: "1/8t", Drum.SD: None}}
    assert moved(hits, **how) == [320, 240, 300]
    assert moved(hits, grid=None, drums={Drum.KD: "1/4"}) == [300, 0, 300]


def test_a_flam_keeps_its_distance() -> None:
    # The grace note comes 30 ms (58 ticks) before a stroke that is 20 ticks late.
    assert moved(snares((922, 40), (980, 100))) == [902, 960]
    # Also where the grid is as fine as that: the grace note is no stroke of its own.
    assert moved(snares((922, 40), (980, 100)), grid="1/32") == [902, 960]


def test_a_drag_keeps_both_its_grace_notes() -> None:
    assert moved(snares((840, 30), (900, 35), (970, 110))) == [830, 890, 960]


def test_a_roll_as_fast_as_the_grid_is_no_flam() -> None:
    hits = snares(*((n * 120 + 9, 80) for n in range(8)))
    assert moved(hits, grid="1/32") == [n * 120 for n in range(8)]


def test_a_ghost_note_beside_a_stroke_stays() -> None:
    """If two share a line, the stroke moves there and the ghost note beside it."""
    got = moved(snares((0, 110), (100, 25), (245, 110)))
    assert got == [0, 100, 240]


def test_double_strokes_between_the_lines_stay_apart() -> None:
    hits = snares(*((n * 120 + 7, 80) for n in range(16)))
    got = moved(hits)
    assert len(set(got)) == 16
    assert got == sorted(got)
    assert set(range(0, 1920, 240)) <= set(got)


def test_a_flam_at_the_very_beginning_stays_as_played() -> None:
    assert moved(snares((5, 40), (60, 100), (230, 90))) == [5, 60, 240]


def test_lines_count_from_the_bars() -> None:
    """A lead-in of a sixteenth, then bars; the lines before are counted back."""
    timing = tempo_map([Beat(0.125 + n * 0.5, n % 4 + 1) for n in range(9)])
    assert timing.bars[1] == SIXTEENTH
    got = moved(snares((30, 90), (255, 90), (1180, 90)), timing, grid="1/8")
    assert got == [15, 240, 1200]


def test_a_hit_just_before_a_bar_line_goes_onto_it() -> None:
    """A bar that is no whole number of steps: lines start again at each bar."""
    beats = [Beat(n * 0.5, n % 3 + 1) for n in range(10)]
    assert moved(snares((2870, 90)), tempo_map(beats), grid="1/2") == [2880]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"grid": "1/7"}, "not a grid"),
        ({"drums": {Drum.KD: "x"}}, "not a grid"),
        ({"strength": 1.1}, "a strength of 1.1"),
        ({"strength": float("nan")}, "a strength of nan"),
        ({"swing": 0.4}, "a swing of 0.4"),
        ({"grid": "1/8t", "swing": 0.6}, "triplets does not swing"),
    ],
)
def test_out_of_range(how: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Quantize(**how)


drums = st.sampled_from([Drum.KD, Drum.SD, Drum.CHH, Drum.HH, Drum.OHH])
hits_of_a_bar = st.lists(
    st.builds(
        lambda tick, drum, velocity: GridHit(tick, drum, drum.note, velocity),
        st.integers(0, 8000), drums, st.integers(1, 127),
    ),
    max_size=60,
)  # fmt: skip
grids = st.sampled_from(["1/4", "1/8", "1/16", "1/32", "1/8t", "1/16t"])
two_grids = st.tuples(grids, grids)
steps = st.lists(st.floats(0.2, 1.5), min_size=1, max_size=12)


@settings(deadline=None, max_examples=300)
@given(hits_of_a_bar, two_grids, st.floats(0, 1), steps, st.integers(1, 5))
def test_no_hit_is_lost_nor_passes_another(
    hits: list[GridHit],
    grid: tuple[str, str],
    strength: float,
    beats: list[float],
    bar: int,
) -> None:
    time, played = 0.0, []
    for index, step in enumerate(beats):
        time += step
        played.append(Beat(time, index % bar + 1))
    how = Quantize(grid[0], {Drum.HH: grid[1]}, strength)
    got = quantize(hits, tempo_map(played), how)
    assert [(h.drum, h.note, h.velocity) for h in got] == [
        (h.drum, h.note, h.velocity) for h in hits
    ]
    assert all(hit.tick >= 0 for hit in got)
    for note in {hit.note for hit in hits}:
        pairs = sorted(
            (a.tick, b.tick) for a, b in zip(hits, got, strict=True) if a.note == note
        )
        for (old, new), (later, moved_to) in pairwise(pairs):
            if later - old >= 4:  # ticks, 2 ms: nearer ones may round together
                assert new < moved_to
            else:
                assert new <= moved_to
