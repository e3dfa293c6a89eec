"""Hands, names, marks and signs of a part."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.notation.lines import bars_before_lines
from adt_plugins.formats.notation.sections import repeated
from adt_plugins.formats.notation.spelling import FEET, HANDS, spell
from tests.support.grooves import BEAT, pairs, part, played


def at_once(*drums: Drum) -> list[Drum]:
    notated = part([Onset(0.0, drum) for drum in drums], 1)
    got = [drum for drum, _ in notated.strokes()]
    assert sum(notated.left_out.values()) == len(drums) - len(got)
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
    notated = part(onsets, 8)
    assert Counter(drum for drum, _ in notated.strokes()) == {Drum.SST: 8}


def test_no_place_ever_needs_three_hands() -> None:
    rng = np.random.default_rng(5)
    onsets = [
        Onset(float(rng.integers(64)) / 8, list(Drum)[int(rng.integers(len(Drum)))])
        for _ in range(400)
    ]
    notated = part(onsets, 4)
    for bar in notated.bars:
        for beat in bar.beats:
            for strokes in beat.strokes.values():
                hands = [drum for drum in strokes if drum not in (Drum.KD, Drum.PHH)]
                assert len(hands) <= 2
                assert not {Drum.SD, Drum.SST} <= set(strokes)
    omissions = notated.omissions()
    assert omissions is not None
    assert omissions.startswith(
        f"left out {sum(notated.left_out.values())} hits heard twice"
    )


def test_a_run_on_a_cymbal_is_one_cymbal() -> None:
    kinds = [Drum.CRC, *[Drum.CY, Drum.RDC] * 7, Drum.CY]
    onsets = [Onset(n * BEAT / 2, drum) for n, drum in enumerate(kinds)]
    notated = part(onsets, 2)
    assert Counter(drum for drum, _ in notated.strokes()) == {Drum.CRC: 1, Drum.RDC: 15}
    assert notated.drums()[Drum.RDC] == "Cymbal"  # eight of fifteen are unsure


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
    notated = part(onsets, 8)
    assert repeated(notated.bars) == [False] + [True] * 7
    assert notated.sections == [0]


def test_accents_are_heard_where_nothing_covers_them() -> None:
    """A hat under a snare has none, whatever its loudness; hats of no kind count."""
    kinds = [Drum.CHH, Drum.HH]
    onsets = [
        Onset(n * BEAT / 2, kinds[n % 3 % 2], 120 if n % 8 in (2, 4) else 70)
        for n in range(64)
    ]
    onsets += [Onset(n * BEAT, Drum.SD, 90) for n in range(1, 32, 4)]
    notated = part(onsets, 8)
    accents = [
        (place, drum.coarse)
        for bar in notated.bars
        for place, beat in enumerate(bar.beats)
        for chord in beat.strokes.values()
        for drum, stroke in chord.items()
        if stroke.is_accent
    ]
    assert accents == [(2, Drum.HH)] * 8


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
    notated = part([Onset(BEAT * n / 4, Drum.CHH) for n in range(16)], 2, "2/2")
    beams = [note.beams for note in spell(notated.bars[0], HANDS)]
    assert beams == [("begin",), ("continue",), ("continue",), ("end",)] * 2


def test_a_pair_is_one_beside_a_triplet_of_the_feet() -> None:
    """Hands play a shuffle; the kick fills its triplets."""
    hats = played(pairs(2 / 3, 16))
    kicks = played([4.0 * bar + third / 3 for bar in range(4) for third in (0, 1)])
    kicks = [Onset(kick.time, Drum.KD, 90) for kick in kicks]
    (bar, *_) = part(hats + kicks, 4).bars
    hands, feet = spell(bar, HANDS), spell(bar, FEET)
    assert [(note.value, note.tuplet) for note in hands[:2]] == [("eighth", None)] * 2
    assert [note.tuplet for note in feet[:2]] == [(3, 2)] * 2


def test_a_hat_and_a_ride_at_once_are_what_is_usual_there() -> None:
    rides = played([n / 2 for n in range(32)], Drum.RDC)
    notated = part([*rides, Onset(3 * BEAT, Drum.CHH)], 4)
    assert Counter(drum for drum, _ in notated.strokes()) == {Drum.RDC: 32}
    both = part([*rides, *played([n / 2 for n in range(32)])], 4)
    assert Counter(drum for drum, _ in both.strokes()) == {Drum.RDC: 32, Drum.CHH: 32}


def test_full_lines_are_divided() -> None:
    sixteenths = [Onset(n * BEAT / 4, Drum.CHH) for n in range(128)]
    snares = [Onset(n * BEAT, Drum.SD) for n in range(1, 32, 3)]  # no bar is repeated
    assert bars_before_lines(part(sixteenths + snares, 8)) == {2, 4, 6}
    assert bars_before_lines(part(sixteenths, 8)) == {4}  # with simile marks
