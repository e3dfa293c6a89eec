"""Rhythm and layout of a part, on grooves whose right spelling is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.notation.divisions import STATES, Feel, Unit, prior
from adt_plugins.formats.notation.part import make_part
from adt_plugins.formats.notation.sections import section_names
from adt_plugins.formats.notation.spelling import HANDS, spell
from adt_plugins.meter import meter_changes
from adt_plugins.midi.quantize import Quantize
from adt_plugins.transcription import Transcription
from tests.support.grooves import BEAT, divisions, pairs, part, places, played


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.02])
def test_loose_sixteenths_are_sixteenths(jitter: float) -> None:
    notated = part(played([n / 4 for n in range(128)], jitter=jitter), 8)
    assert divisions(notated) == {(4, False): 32}
    assert places(notated) == [Fraction(n, 4) for n in range(128)]
    assert {bar.feel for bar in notated.bars} == {Feel.STRAIGHT}


@pytest.mark.parametrize("second", [0.60, 0.62, 0.64, 0.67])
def test_a_shuffle_is_eighths_with_a_swing_mark(second: float) -> None:
    notated = part(played(pairs(second, 64), jitter=0.01), 16)
    assert divisions(notated) == {(2, True): 64}
    assert {bar.feel for bar in notated.bars} == {Feel.EIGHTHS}
    assert notated.rhythm.swing == pytest.approx(second, abs=0.02)
    assert places(notated) == [Fraction(n, 2) for n in range(128)]


def test_a_shuffle_is_triplets_for_those_who_want_them() -> None:
    onsets = played(pairs(0.62, 32), jitter=0.01)
    notated = part(onsets, 8, swing_notation="triplets")
    assert divisions(notated) == {(3, False): 32}
    assert {bar.feel for bar in notated.bars} == {Feel.STRAIGHT}
    assert places(notated)[:3] == [0, Fraction(2, 3), 1]


def test_a_song_does_not_teach_the_steps_that_fit_everything() -> None:
    for unit in (Unit.QUARTER, Unit.DOTTED):
        finest = [n for n, (_, division) in enumerate(STATES) if division.steps == 12]
        counts = np.zeros(len(STATES))
        counts[finest] = 1000.0
        likely = np.exp(prior(unit, counts))
        assert 0.003 < likely[finest].max() < 0.005


def test_swung_sixteenths() -> None:
    steps = [n / 2 + k for n in range(64) for k in (0.0, 0.31)]
    notated = part(played(steps, jitter=0.004), 8)
    assert divisions(notated) == {(4, True): 32}
    assert {bar.feel for bar in notated.bars} == {Feel.SIXTEENTHS}


def test_a_lone_triplet_that_is_noise_is_not_one() -> None:
    steps = pairs(0.5, 32)
    late = [p + 0.07 * (p == 9.5) for p in steps]
    notated = part(played(late, jitter=0.008), 8)
    assert divisions(notated) == {(2, False): 32}


def test_triplets_sextuplets_and_32nds_where_they_are_played() -> None:
    steps = pairs(0.5, 12)
    steps += [12 + n / 3 for n in range(3)] + [13 + n / 6 for n in range(6)]
    onsets = played([*steps, 14.0, 15.0], Drum.SD)
    assert divisions(part(onsets, 4)) == {
        (2, False): 12,
        (3, False): 1,
        (6, False): 1,
        (1, False): 2,
    }
    slow = [Onset(n + k / 8, Drum.SD) for n in range(4) for k in range(8)]
    beats = tuple(Beat(float(n), n % 4 + 1) for n in range(4))
    notated = make_part(Transcription(tuple(slow), beats, meters=meter_changes("4/4")))
    assert divisions(notated) == {(8, False): 4}


def test_rushed_strokes_are_no_lone_32nds() -> None:
    steps = [n / 2 for n in range(64) if not 31 <= n < 34]
    rushed = part(played(sorted([*steps, 15.625, 15.875, 16.375, 16.875])), 8)
    assert (8, False) not in divisions(rushed)


def test_sixteenths_of_six_eight_without_a_meter() -> None:
    """Twelve sixteenths in two bars of 2/4, or of 6/8."""
    onsets = played([n / 6 for n in range(48)])
    beats = tuple(Beat(BEAT * n, n % 2 + 1) for n in range(8))
    notated = make_part(Transcription(tuple(onsets), beats))
    assert {bar.signature for bar in notated.bars} == {(6, 8)}
    assert [
        b - a for a, b in zip(places(notated), places(notated)[1:], strict=False)
    ] == [Fraction(1, 4)] * 47
    assert {note.value for bar in notated.bars for note in spell(bar, HANDS)} == {
        "16th"
    }


@pytest.mark.parametrize(
    ("meter", "steps", "value"),
    [
        ("6/8", 3, "eighth"),
        ("12/8", 6, "16th"),
        ("7/8", 2, "16th"),
        ("3/8", 1, "eighth"),
        ("2/2", 4, "eighth"),
        ("15/16", 1, "16th"),
    ],
)
def test_a_known_meter_stays(meter: str, steps: int, value: str) -> None:
    counted = meter_changes(meter)[0].meter.counted
    onsets = played([n / steps for n in range(4 * counted * steps)], jitter=0.004)
    notated = part(onsets, 4, meter)
    assert {f"{a}/{b}" for a, b in (bar.signature for bar in notated.bars)} == {meter}
    notes = [note for bar in notated.bars for note in spell(bar, HANDS)]
    assert {(note.value, note.tuplet) for note in notes} == {(value, None)}
    assert len(notes) == len(onsets)


def test_drummers_who_drag_are_not_off_the_beat() -> None:
    """Hits are 25 ms late, and 45 ms in the end."""
    onsets = [
        Onset(n * BEAT / 2 + (0.025 if n < 64 else 0.045), Drum.CHH) for n in range(128)
    ]
    assert places(part(onsets, 16)) == [Fraction(n, 2) for n in range(128)]


def test_quantize_governs_paper() -> None:
    onsets = played(pairs(0.62, 16), jitter=0.01)
    straight = part(onsets, 4, quantize=Quantize("1/8"))
    assert {bar.feel for bar in straight.bars} == {Feel.STRAIGHT}
    assert divisions(straight) == {(2, False): 16}
    triplets = part(onsets, 4, quantize=Quantize("1/8t"), swing_notation="triplets")
    assert divisions(triplets) == {(3, False): 16}


# Grace notes


@pytest.mark.parametrize(
    ("gaps", "graces", "left_out"),
    [
        ([0.03], 1, 0),
        ([0.03, 0.03], 2, 0),
        ([0.065], 1, 0),  # it is much softer
    ],
)
def test_flams_and_drags(gaps: list[float], graces: int, left_out: int) -> None:
    end = 4 * BEAT
    times = [end - sum(gaps[n:]) for n in range(len(gaps))]
    onsets = [Onset(t, Drum.SD, 50) for t in times] + [Onset(end, Drum.SD, 110)]
    notated = part(onsets, 2)
    assert [stroke.graces for _, stroke in notated.strokes()] == [graces]
    assert places(notated) == [4]
    assert sum(notated.left_out.values()) == left_out


def test_no_foot_plays_flams_and_an_echo_is_none() -> None:
    kicks = [Onset(0.0, Drum.KD), Onset(0.02, Drum.KD)]
    snares = [Onset(BEAT, Drum.SD, 100), Onset(BEAT + 0.03, Drum.SD, 40)]
    notated = part(kicks + snares, 1)
    assert [(d, s.graces) for d, s in notated.strokes()] == [(Drum.KD, 0), (Drum.SD, 0)]
    assert notated.left_out == {Drum.KD: 1, Drum.SD: 1}


def test_sections_begin_where_the_groove_changes() -> None:
    verse = [played([4 * bar + n / 2 for n in range(8)]) for bar in range(8)]
    chorus = [
        played([4 * bar + n for n in range(4)], Drum.RDC)
        + played([4 * bar + n + 0.5 for n in range(4)], Drum.KD)
        for bar in range(8, 16)
    ]
    notated = part([onset for bar in verse + chorus for onset in bar], 16)
    assert section_names(notated.sections) == {0: "A", 8: "B"}
    assert section_names([0]) == {}


def test_no_hit_comes_from_nowhere_and_none_is_lost_untold() -> None:
    rng = np.random.default_rng(2)
    onsets = [
        Onset(float(time), list(Drum)[n % len(Drum)])
        for n, time in enumerate(np.sort(rng.uniform(0, 30, 300)))
    ]
    notated = part(onsets, 12)
    drawn = [stroke for _, stroke in notated.strokes()]
    rest = sum(stroke.graces for stroke in drawn) + sum(notated.left_out.values())
    assert len(drawn) + rest == len(onsets)
    assert len({id(stroke.onset) for stroke in drawn}) == len(drawn)


def test_what_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="there are eighths and triplets"):
        part(played([0.0]), 1, swing_notation="dots")
    with pytest.raises(FormatError, match="needs beats"):
        make_part(Transcription((Onset(0.0, Drum.KD),)))
    with pytest.raises(FormatError, match="too far away"):
        part([Onset(1e9, Drum.KD)], 1)


def test_a_hit_just_before_the_first_beat_belongs_to_it() -> None:
    beats = tuple(Beat(0.5 + BEAT * n, n % 4 + 1) for n in range(4))
    whole = Transcription((Onset(0.49, Drum.KD), Onset(0.98, Drum.KD)), beats)
    assert places(make_part(whole)) == [0, 1]


def test_hits_outside_of_the_beats() -> None:
    beats = tuple(Beat(1.0 + BEAT * n, n % 4 + 1) for n in range(4))
    whole = Transcription((Onset(0.25, Drum.SD), Onset(5.25, Drum.SD)), beats)
    notated = make_part(whole)
    assert [(bar.number, bar.count) for bar in notated.bars] == [
        (0, 2),
        (1, 4),
        (2, 4),
        (3, 4),
    ]
    assert places(notated) == [Fraction(1, 2), Fraction(21, 2)]
