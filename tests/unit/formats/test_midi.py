"""MIDI files that we write, byte by byte; mido as the second opinion."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.midi.writer import NO_TEMPO
from adt_plugins.transcription import Transcription
from tests.support.midi_files import read_bytes, write_bytes

HALF_TICK = 0.5 / 1920 + 1e-12
# Drums that come back from their note as they were.
EXACT = [d for d in Drum if d not in (Drum.HH, Drum.TT, Drum.CY)]


def test_the_bytes(tmp_path: Path) -> None:
    whole = Transcription(
        (
            Onset(0.0, Drum.KD, 100),
            Onset(0.0, Drum.CHH, 50),
            Onset(0.03125, Drum.KD, 127),  # 60 ticks later, before the first ends
            Onset(1.0, Drum.SD, 1),
        )
    )
    assert (
        write_bytes(whole, tmp_path)
        == (
            b"MThd\0\0\0\6\0\1\0\2\x03\xc0"
            b"MTrk\0\0\0\x7b"
            b"\x00\xff\x51\x03\x07\xa1\x20"  # 500000 µs a beat
            b"\x00\xff\x58\x04\x04\x02\x18\x08"  # 4/4
            b"\x00\xff\x01\x35" + NO_TEMPO.encode() + b""
            b"\x00\xff\x7f\x2b\x7dadt-plugins end=0 notes=36:KD,38:SD,42:CHH"
            b"\x00\xff\x2f\x00"
            b"MTrk\0\0\0\x2c"
            b"\x00\xff\x03\x05Drums"
            b"\x00\x99\x24\x64"  # kick on
            b"\x00\x2a\x32"  # closed hi-hat on, the status running on
            b"\x3c\x89\x24\x40"  # 60: kick off, and only then
            b"\x00\x99\x24\x7f"  # kick on
            b"\x3c\x89\x2a\x40"  # 120: hi-hat off
            b"\x3c\x24\x40"  # 180: kick off
            b"\x8d\x4c\x99\x26\x01"  # 1920: snare on
            b"\x78\x89\x26\x40"
            b"\x00\xff\x2f\x00"
        )
    )


def test_an_empty_file_is_whole(tmp_path: Path) -> None:
    data = write_bytes(Transcription(), tmp_path)
    file = mido.MidiFile(file=io.BytesIO(data))
    assert [len(track) for track in file.tracks] == [5, 2]
    assert read_bytes(data, tmp_path) == Transcription()


# Round trips


def unmerged(onsets: list[Onset]) -> Transcription:
    """Leave out hits that fall on the same note and tick as another."""
    kept = {(round(o.time * 1920), o.drum.note): o for o in onsets}
    return Transcription(tuple(kept.values()))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.builds(
            Onset, st.floats(0, 3600), st.sampled_from(EXACT), st.integers(1, 127)
        ),
        max_size=40,
    )
)
@example([Onset(3600.0, Drum.KD), Onset(0.5 / 1920, Drum.KD)])
@example([Onset(0.0, Drum.SST, 1), Onset(1e-35, Drum.OT, 2)])
def test_round_trip(tmp_path_factory: Any, onsets: list[Onset]) -> None:
    folder = tmp_path_factory.mktemp("midi")
    check_round_trip(unmerged(onsets), folder)


def test_round_trip_of_an_hour(tmp_path: Path) -> None:
    dice = random.Random(1)
    check_round_trip(
        unmerged(
            [
                Onset(dice.uniform(0, 3600), dice.choice(EXACT), dice.randint(1, 127))
                for _ in range(5000)
            ]
        ),
        tmp_path,
    )


def check_round_trip(whole: Transcription, folder: Path) -> None:
    data = write_bytes(whole, folder)
    read = read_bytes(data, folder)
    for drum in EXACT:
        # Not read[drum], which has its finer kinds as well: on one tick they are in
        # another order than a moment apart.
        got, want = ([o for o in t if o.drum is drum] for t in (read, whole))
        assert [o.velocity for o in got] == [o.velocity for o in want]
        for a, b in zip(got, want, strict=True):
            assert abs(a.time - b.time) <= HALF_TICK
    check_with_mido(data, len(whole))


def check_with_mido(data: bytes, count: int) -> None:
    """Notes are paired, never overlap, and end before the next begins."""
    file = mido.MidiFile(file=io.BytesIO(data))
    assert (file.type, file.ticks_per_beat) == (1, 960)
    assert [m.type for m in file.tracks[0]] == [
        "set_tempo",
        "time_signature",
        "text",
        "sequencer_specific",
        "end_of_track",
    ]
    sounding: set[int] = set()
    begun = 0
    for message in file.tracks[1][1:-1]:
        assert message.channel == 9
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
            begun += 1
        else:
            assert message.type == "note_off"
            sounding.remove(message.note)
    assert not sounding
    assert begun == count
    assert file.tracks[1][0].name == "Drums"
    assert file.tracks[1][-1].type == "end_of_track"


def test_ticks_never_drift(tmp_path: Path) -> None:
    whole = Transcription(tuple(Onset(i * 0.4001, Drum.CHH) for i in range(9_000)))
    read = read_bytes(write_bytes(whole, tmp_path), tmp_path)
    assert abs(read.times("CHH") - whole.times("CHH")).max() <= HALF_TICK


def test_coinciding_hits_become_the_louder_one(tmp_path: Path) -> None:
    whole = Transcription(
        (Onset(1.0, Drum.HH, 40), Onset(1.0, Drum.CHH, 90), Onset(1.0001, Drum.HH, 50))
    )
    got: list[str] = []
    path = formats.write(whole, tmp_path / "a.mid", warn=got.append)[0]
    assert formats.read(path).onsets == (Onset(1.0, Drum.CHH, 90),)
    assert got == [f"{path}: left out hits on the tick of a louder one: 'HH' (2)"]


def test_a_hit_days_later_is_refused(tmp_path: Path) -> None:
    write_bytes(Transcription((Onset(86_400.0, Drum.KD),)), tmp_path)
    with pytest.raises(FormatError, match=r"a\.mid: a hit at 1e\+300 s is too late"):
        write_bytes(Transcription((Onset(1e300, Drum.KD),)), tmp_path)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read_bytes(write_bytes(Transcription((Onset(1.0, Drum.KD),)), tmp_path), tmp_path)
    assert capfd.readouterr() == ("", "")
