"""Tempo marks on paper: where the tempo changes, and not where it wobbles."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.notation.part import make_part
from adt_plugins.meter import Meters, meter_changes
from adt_plugins.transcription import Transcription

JUMP = [110.0] * 64 + [124.0] * 64
RITARDANDO = [110.0] * 112 + [108.0 - 3 * n for n in range(12)]


def song(
    tempi: Iterable[float],
    bar: int = 4,
    *,
    meters: Meters = "4/4",
    jitter: float = 0.0,
    pickup: int = 0,
) -> Transcription:
    """A backbeat at the tempo of each beat, with beats found this much too late."""
    chance = random.Random(1)
    times = list(accumulate((60 / bpm for bpm in tempi), initial=0.5))[:-1]
    found = [time + chance.gauss(0, jitter) for time in times]
    return Transcription(
        onsets=tuple(
            Onset(time, (Drum.KD, Drum.SD)[n % 2]) for n, time in enumerate(times)
        ),
        beats=tuple(Beat(t, (n - pickup) % bar + 1) for n, t in enumerate(found)),
        meters=meter_changes(meters),
    )


def marks(transcription: Transcription) -> dict[int, str]:
    """Return what is printed, by the number of its bar."""
    part = make_part(transcription)
    return {
        part.bars[n].number: str(mark.beats) if mark.text is None else mark.text
        for n, mark in part.tempi.items()
    }


@pytest.mark.parametrize("jitter", [0.0, 0.006])
def test_a_tempo_stands_where_it_begins(jitter: float) -> None:
    assert marks(song(JUMP, jitter=jitter)) == {1: "110", 17: "124"}
    half = [140.0] * 64 + [70.0] * 32 + [140.0] * 64
    assert marks(song(half, jitter=jitter)) == {1: "140", 17: "70", 25: "140"}


def test_what_a_sequencer_plays_is_printed_however_small() -> None:
    assert marks(song([120.0] * 32 + [122.0] * 32)) == {1: "120", 9: "122"}
    assert marks(song([120.0] * 32 + [120.4] * 32)) == {1: "120"}


def test_what_a_drummer_wobbles_is_not_printed() -> None:
    chance = random.Random(2)
    for jitter in (0.0, 0.008):
        wobble = [110 * (1 + chance.gauss(0, 0.015)) for _ in range(256)]
        played = song(wobble, jitter=jitter)
        assert not played.has_steady_tempo
        assert marks(played) == {1: "110"}


def test_a_song_that_gets_faster_has_a_few_marks() -> None:
    faster = marks(song((104 + n / 24 for n in range(256)), jitter=0.006))
    tempi = [int(text) for text in faster.values()]
    assert 3 <= len(tempi) <= 8
    assert tempi == sorted(tempi)
    assert tempi[0] == pytest.approx(105, abs=1)
    assert tempi[-1] == pytest.approx(113, abs=1.5)


@pytest.mark.parametrize("jitter", [0.0, 0.006])
def test_a_ritardando_is_a_word(jitter: float) -> None:
    assert marks(song(RITARDANDO, jitter=jitter)) == {
        1: "110",
        29: "rit.",
        30: "",
        31: "",
    }


def test_a_mark_has_the_unit_of_its_bar() -> None:
    """The beat goes on: 120 quarters, then 120 dotted quarters."""
    meters = [(1, "4/4"), (5, "6/8")]
    times = [n / 2 for n in range(32)]
    places = [*(n % 4 + 1 for n in range(16)), *(n % 2 + 1 for n in range(16))]
    whole = Transcription(
        onsets=tuple(Onset(time, Drum.KD) for time in times),
        beats=tuple(map(Beat, times, places)),
        meters=meter_changes(meters),
    )
    part = make_part(whole)
    assert {n: mark.beats for n, mark in part.tempi.items()} == {0: 120, 4: 120}
    assert [mark.quarters for mark in part.tempi.values()] == pytest.approx([120, 180])


def test_musicxml_has_the_marks_and_what_sounds(tmp_path: Path) -> None:
    xml = ET.parse(formats.write(song(JUMP), tmp_path / "a.musicxml")[0])
    found = [
        (measure.get("number"), direction.findtext(".//per-minute"))
        for measure in xml.iter("measure")
        for direction in measure.findall("direction")
    ]
    assert found == [("1", "110"), ("17", "124")]
    assert [sound.get("tempo") for sound in xml.iter("sound")] == ["110.00", "124.00"]
    slow = ET.parse(formats.write(song(RITARDANDO), tmp_path / "b.musicxml")[0])
    assert [words.text for words in slow.iter("words")] == ["rit.", " ", " "]
    sounds = [float(sound.get("tempo", 0)) for sound in slow.iter("sound")]
    assert sounds == pytest.approx([110, 103.4, 91.4, 80.2], abs=0.2)


def test_the_tab_says_the_tempo_beside_the_bar(tmp_path: Path) -> None:
    lines = formats.write(song(JUMP), tmp_path / "a.tab.txt")[0].read_text()
    assert lines.splitlines()[1] == "110 beats a minute, 4/4"
    assert "17 (124 BPM)     18 " in lines
    slow = formats.write(song(RITARDANDO), tmp_path / "b.tab.txt")[0].read_text()
    assert "29 (rit.)        30               31\n" in slow


def test_a_long_heading_does_not_move_the_others(tmp_path: Path) -> None:
    tempi = [120.0] * 8 + [90.0] * 8
    meters = [(1, "4/4"), (3, "2/4")]
    times = list(accumulate((60 / bpm for bpm in tempi), initial=0.0))[:-1]
    places = [*(n % 4 + 1 for n in range(8)), *(n % 2 + 1 for n in range(8))]
    whole = Transcription(
        onsets=tuple(Onset(time, Drum.KD) for time in times),
        beats=tuple(map(Beat, times, places)),
        meters=meter_changes(meters),
    )
    text = formats.write(whole, tmp_path / "a.tab.txt")[0].read_text()
    numbers, counts = text.splitlines()[5:7]
    assert "3 (2/4, 90 BPM)" in numbers
    assert [numbers.index(n) for n in ("1", "2")] == [4, 21]
    assert counts.count("1") == 4


def test_guitar_pro_changes_its_tempo(tmp_path: Path) -> None:
    guitarpro = pytest.importorskip("guitarpro", reason="PyGuitarPro is missing")
    path = formats.write(song(JUMP), tmp_path / "a.drums.gp5")[0]
    read = guitarpro.parse(io.BytesIO(path.read_bytes()))
    changes = {
        measure.number: beat.effect.mixTableChange.tempo.value
        for measure in read.tracks[0].measures
        for beat in measure.voices[0].beats
        if beat.effect.mixTableChange is not None
    }
    assert (read.tempo, changes) == (110, {17: 124})
