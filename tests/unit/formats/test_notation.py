"""Rhythm, hands and spelling of a part, on grooves whose right spelling is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.notation.divisions import STATES, Feel, Unit, prior
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.formats.notation.sections import repeated, section_names
from adt_plugins.formats.notation.spelling import FEET, HANDS, spell
from adt_plugins.meter import meter_changes
from adt_plugins.midi.quantize import Quantize
from adt_plugins.transcription import Transcription

BEAT = 0.5  # seconds


def played(
    places: Sequence[float], drum: Drum = Drum.CHH, *, jitter: float = 0.0
) -> list[Onset]:
    """Return strokes at places in beats, with reproducible errors."""
    errors = np.random.default_rng(1).normal(0, jitter, len(places))
    return [
        Onset(max(BEAT * place + float(error), 0.0), drum, 90)
        for place, error in zip(places, errors, strict=True)
    ]


def part(onsets: Sequence[Onset], bars: int, meter: str = "4/4", **how: object) -> Part:
    changes = meter_changes(meter)
    counted = changes[0].meter.counted
    beats = tuple(Beat(BEAT * n, n % counted + 1) for n in range(bars * counted))
    whole = Transcription(tuple(onsets), beats, meters=changes)
    return make_part(whole, **how)  # type: ignore[arg-type]


def divisions(found: Part) -> Counter[tuple[int, bool]]:
    return Counter(
        (beat.division.steps, beat.division.swung)
        for bar in found.bars
        for beat in bar.beats
    )


def places(found: Part) -> list[Fraction]:
    got = []
    start = Fraction(0)
    for bar in found.bars:
        for beat in bar.beats:
            got += [start + beat.place(step) for step in sorted(beat.strokes)]
            start += beat.quarters
    return got


def pairs(second: float, beats: int) -> list[float]:
    return [n + part for n in range(beats) for part in (0.0, second)]


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.02])
def test_loose_sixteenths_are_sixteenths(jitter: float) -> None:
    found = part(played([n / 4 for n in range(128)], jitter=jitter), 8)
    assert divisions(found) == {(4, False): 32}
    assert places(found) == [Fraction(n, 4) for n in range(128)]
    assert {bar.feel for bar in found.bars} == {Feel.STRAIGHT}


@pytest.mark.parametrize("second", [0.60, 0.62, 0.64, 0.67])
def test_a_shuffle_is_eighths_with_a_swing_mark(second: float) -> None:
    found = part(played(pairs(second, 64), jitter=0.01), 16)
    assert divisions(found) == {(2, True): 64}
    assert {bar.feel for bar in found.bars} == {Feel.EIGHTHS}
    assert found.rhythm.swing == pytest.approx(second, abs=0.02)
    assert places(found) == [Fraction(n, 2) for n in range(128)]


def test_a_shuffle_is_triplets_for_those_who_want_them() -> None:
    onsets = played(pairs(0.62, 32), jitter=0.01)
    found = part(onsets, 8, swing_notation="triplets")
    assert divisions(found) == {(3, False): 32}
    assert {bar.feel for bar in found.bars} == {Feel.STRAIGHT}
    assert places(found)[:3] == [0, Fraction(2, 3), 1]


def test_a_song_does_not_teach_the_steps_that_fit_everything() -> None:
    for unit in (Unit.QUARTER, Unit.DOTTED):
        finest = [n for n, (_, division) in enumerate(STATES) if division.steps == 12]
        counts = np.zeros(len(STATES))
        counts[finest] = 1000.0
        likely = np.exp(prior(unit, counts))
        assert 0.003 < likely[finest].max() < 0.005


def test_swung_sixteenths() -> None:
    steps = [n / 2 + k for n in range(64) for k in (0.0, 0.31)]
    found = part(played(steps, jitter=0.004), 8)
    assert divisions(found) == {(4, True): 32}
    assert {bar.feel for bar in found.bars} == {Feel.SIXTEENTHS}


def test_a_lone_triplet_that_is_noise_is_not_one() -> None:
    steps = pairs(0.5, 32)
    late = [p + 0.07 * (p == 9.5) for p in steps]
    found = part(played(late, jitter=0.008), 8)
    assert divisions(found) == {(2, False): 32}


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
    found = make_part(Transcription(tuple(slow), beats, meters=meter_changes("4/4")))
    assert divisions(found) == {(8, False): 4}


def test_sixteenths_of_six_eight_without_a_meter() -> None:
    """Twelve sixteenths in two bars of 2/4, or of 6/8."""
    onsets = played([n / 6 for n in range(48)])
    beats = tuple(Beat(BEAT * n, n % 2 + 1) for n in range(8))
    found = make_part(Transcription(tuple(onsets), beats))
    assert {bar.signature for bar in found.bars} == {(6, 8)}
    assert [b - a for a, b in zip(places(found), places(found)[1:], strict=False)] == [
        Fraction(1, 4)
    ] * 47
    assert {note.value for bar in found.bars for note in spell(bar, HANDS)} == {"16th"}


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
    found = part(onsets, 4, meter)
    assert {f"{a}/{b}" for a, b in (bar.signature for bar in found.bars)} == {meter}
    notes = [note for bar in found.bars for note in spell(bar, HANDS)]
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
    found = part(onsets, 2)
    assert [stroke.graces for _, stroke in found.strokes()] == [graces]
    assert places(found) == [4]
    assert sum(found.left_out.values()) == left_out


def test_no_foot_plays_flams_and_an_echo_is_none() -> None:
    kicks = [Onset(0.0, Drum.KD), Onset(0.02, Drum.KD)]
    snares = [Onset(BEAT, Drum.SD, 100), Onset(BEAT + 0.03, Drum.SD, 40)]
    found = part(kicks + snares, 1)
    assert [(d, s.graces) for d, s in found.strokes()] == [(Drum.KD, 0), (Drum.SD, 0)]
    assert found.left_out == {Drum.KD: 1, Drum.SD: 1}


# Hands


def at_once(*drums: Drum) -> list[Drum]:
    found = part([Onset(0.0, drum) for drum in drums], 1)
    got = [drum for drum, _ in found.strokes()]
    assert sum(found.left_out.values()) == len(drums) - len(got)
    return sorted(got)


@pytest.mark.parametrize(
    ("drums", "left"),
    [
        (("KD", "SD", "CHH"), ("KD", "SD", "CHH")),
        (("KD", "PHH", "SD", "RDC"), ("KD", "PHH", "SD", "RDC")),
        (("SD", "CHH", "CRC"), ("SD", "CRC")),  # the hat's hand is at the crash
        (("CHH", "OHH"), ("OHH",)),
        (("HH", "PHH"), ("PHH",)),
        (("CY", "RDC"), ("RDC",)),
        (("TT", "HIT"), ("HIT",)),
    ],
)
def test_what_two_hands_play_at_once(
    drums: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert at_once(*map(Drum, drums)) == sorted(map(Drum, left))


def test_side_stick_or_snare_is_what_is_usual_there() -> None:
    steps = [4.0 * bar + 1 for bar in range(8)]
    onsets = played(steps, Drum.SST) + played(steps[:1], Drum.SD)
    found = part(onsets, 8)
    assert Counter(drum for drum, _ in found.strokes()) == {Drum.SST: 8}


def test_no_place_ever_needs_three_hands() -> None:
    rng = np.random.default_rng(5)
    onsets = [
        Onset(float(rng.integers(64)) / 8, list(Drum)[int(rng.integers(len(Drum)))])
        for _ in range(400)
    ]
    found = part(onsets, 4)
    for bar in found.bars:
        for beat in bar.beats:
            for strokes in beat.strokes.values():
                hands = [drum for drum in strokes if drum not in (Drum.KD, Drum.PHH)]
                assert len(hands) <= 2
                assert not {Drum.SD, Drum.SST} <= set(strokes)
    omissions = found.omissions()
    assert omissions is not None
    assert omissions.startswith(
        f"left out {sum(found.left_out.values())} hits heard twice"
    )


def test_a_run_on_a_cymbal_is_one_cymbal() -> None:
    kinds = [Drum.CRC, *[Drum.CY, Drum.RDC] * 7, Drum.CY]
    onsets = [Onset(n * BEAT / 2, drum) for n, drum in enumerate(kinds)]
    found = part(onsets, 2)
    assert Counter(drum for drum, _ in found.strokes()) == {Drum.CRC: 1, Drum.RDC: 15}
    assert found.drums()[Drum.RDC] == "Cymbal"  # eight of fifteen are unsure


def test_one_head_has_one_name() -> None:
    onsets = [Onset(n * BEAT / 2, Drum.HH if n == 3 else Drum.CHH) for n in range(16)]
    onsets += [Onset(n * BEAT / 2, Drum.OHH) for n in range(16, 24)]
    assert part(onsets, 3).drums() == {
        Drum.HH: "Hi-hat",
        Drum.CHH: "Hi-hat",
        Drum.OHH: "Open hi-hat",
    }
    sure = [onset for onset in onsets if onset.drum is not Drum.HH]
    assert part(sure, 3).drums()[Drum.CHH] == "Closed hi-hat"


def test_no_two_heads_have_one_name() -> None:
    onsets = [Onset(n * BEAT / 2, Drum.CY) for n in range(8)]  # a run: a ride's
    assert part(onsets, 2).drums() == {Drum.RDC: "Cymbal"}
    onsets += [Onset((n + 0.5) * BEAT, Drum.CHH) for n in range(4, 8)]
    onsets += [Onset(5 * BEAT, Drum.CY)]
    names = part(onsets, 2).drums()
    assert (names[Drum.RDC], names[Drum.CY]) == ("Ride", "Cymbal")


def test_bars_that_look_alike_are_equal() -> None:
    """On paper a hat of no sure kind is a closed one."""
    hats = [Drum.CHH, Drum.HH, Drum.CHH, Drum.CHH, Drum.HH]
    onsets = [Onset(n * BEAT / 2, hats[n % 5]) for n in range(64)]
    found = part(onsets, 8)
    assert repeated(found.bars) == [False] + [True] * 7
    assert found.sections == [0]


def test_accents_are_heard_where_nothing_covers_them() -> None:
    """A hat under a snare has none, whatever its loudness; hats of no kind count."""
    kinds = [Drum.CHH, Drum.HH]
    onsets = [
        Onset(n * BEAT / 2, kinds[n % 3 % 2], 120 if n % 8 in (2, 4) else 70)
        for n in range(64)
    ]
    onsets += [Onset(n * BEAT, Drum.SD, 90) for n in range(1, 32, 4)]
    found = part(onsets, 8)
    accents = [
        (place, drum.coarse)
        for bar in found.bars
        for place, beat in enumerate(bar.beats)
        for chord in beat.strokes.values()
        for drum, stroke in chord.items()
        if stroke.is_accent
    ]
    assert accents == [(2, Drum.HH)] * 8


# Spelling


def test_beams_group_beats_and_half_bars_of_eighths() -> None:
    hats = played([n / 2 for n in range(4)] + [2, 2.25, 2.5, 3, 3.75])
    kicks = played([0.75, 1.0], Drum.KD)
    (bar,) = part(hats + kicks, 1).bars
    hands, feet = spell(bar, HANDS), spell(bar, FEET)
    assert [note.beams for note in hands] == [
        ("begin",),
        ("continue",),
        ("continue",),
        ("end",),
        ("begin", "begin"),
        ("continue", "end"),
        ("end",),
        ("begin",),
        ("end", "backward hook"),
    ]
    assert [(n.value, n.dots, bool(n.drums)) for n in feet] == [
        ("eighth", 0, False),
        ("16th", 0, False),
        ("16th", 0, True),
        ("quarter", 0, True),
        ("half", 0, False),
    ]


@pytest.mark.parametrize(
    ("meter", "length", "wanted"),
    [
        ("7/8", 0.5, ["eighth", "eighth", "quarter", "quarter", "eighth"]),
        ("15/16", 0.25, ["16th", "16th", "eighth", *["quarter"] * 2, "eighth", "16th"]),
        ("3/8", 0.5, ["eighth", "eighth", "eighth"]),
    ],
)
def test_silent_beats_have_few_rests(
    meter: str, length: float, wanted: list[str]
) -> None:
    """A kick, then nothing: rests end where groups of beams do."""
    onsets = [Onset(0.0, Drum.KD)]
    onsets += [Onset(BEAT * n, Drum.CHH) for n in range(int(meter.partition("/")[0]))]
    notes = spell(part(onsets, 1, meter).bars[0], FEET)
    assert [note.value for note in notes] == wanted
    assert float(notes[0].length) == length


def test_eighths_of_two_halves_are_beamed_by_half_bars() -> None:
    found = part([Onset(BEAT * n / 4, Drum.CHH) for n in range(16)], 2, "2/2")
    beams = [note.beams for note in spell(found.bars[0], HANDS)]
    assert beams == [("begin",), ("continue",), ("continue",), ("end",)] * 2


def test_sections_begin_where_the_groove_changes() -> None:
    verse = [played([4 * bar + n / 2 for n in range(8)]) for bar in range(8)]
    chorus = [
        played([4 * bar + n for n in range(4)], Drum.RDC)
        + played([4 * bar + n + 0.5 for n in range(4)], Drum.KD)
        for bar in range(8, 16)
    ]
    found = part([onset for bar in verse + chorus for onset in bar], 16)
    assert section_names(found.sections) == {0: "A", 8: "B"}
    assert section_names([0]) == {}


def test_no_hit_comes_from_nowhere_and_none_is_lost_untold() -> None:
    rng = np.random.default_rng(2)
    onsets = [
        Onset(float(time), list(Drum)[n % len(Drum)])
        for n, time in enumerate(np.sort(rng.uniform(0, 30, 300)))
    ]
    found = part(onsets, 12)
    drawn = [stroke for _, stroke in found.strokes()]
    told = sum(stroke.graces for stroke in drawn) + sum(found.left_out.values())
    assert len(drawn) + told == len(onsets)
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
    found = make_part(whole)
    assert [(bar.number, bar.count) for bar in found.bars] == [
        (0, 2),
        (1, 4),
        (2, 4),
        (3, 4),
    ]
    assert places(found) == [Fraction(1, 2), Fraction(21, 2)]
