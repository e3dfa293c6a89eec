"""Drums outside channel 10: parts of GS, XG and General MIDI 2, a track a drum."""

from __future__ import annotations

import warnings
from pathlib import Path

import mido
import pytest

from adt_plugins import formats
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription
from tests.support.foreign_midi import hits, save, tempo_track

GS_RESET = "41 10 42 12 40 00 7F 00 41"
XG_ON = "43 10 4C 00 00 7E 00"
GM2_ON = "7E 7F 09 03"


def sysex(text: str) -> mido.Message:
    return mido.Message("sysex", data=bytes.fromhex(text))


def bank(channel: int, number: int) -> list[mido.Message]:
    return [
        mido.Message("control_change", channel=channel, control=0, value=number),
        mido.Message("control_change", channel=channel, control=32, value=0),
        mido.Message("program_change", channel=channel, program=0),
    ]


def song(path: Path, channel: int, *before: mido.Message) -> Transcription:
    """Read a file with hits on a channel, and a piano on channel 2."""
    save(
        path / "a.mid",
        mido.MidiTrack([*tempo_track(), *before]),
        hits(36, 38, 42, channel=channel),
        hits(60, 64, channel=1),
    )
    return formats.read(path / "a.mid")


@pytest.mark.parametrize(
    ("channel", "before"),
    [
        (11, [sysex(GS_RESET), sysex("41 10 42 12 40 1B 15 02 0E")]),
        (15, [sysex(GS_RESET), sysex("41 10 42 12 40 1F 15 01 0B")]),
        (0, [sysex("41 10 42 12 40 11 15 01 19")]),
        (8, [sysex("41 10 42 12 40 19 15 01 11")]),
        (2, [sysex(XG_ON), sysex("43 10 4C 08 02 07 02")]),
        (2, [sysex(XG_ON), *bank(2, 127)]),
        (5, [sysex(XG_ON), *bank(5, 126)]),
        (10, [sysex(GM2_ON), *bank(10, 120)]),
    ],
)
def test_parts_that_a_file_makes_drums(
    tmp_path: Path, channel: int, before: list[mido.Message]
) -> None:
    assert song(tmp_path, channel, *before).counts() == {"KD": 1, "SD": 1, "CHH": 1}
    with pytest.raises(FormatError, match="no notes on channel 10"):
        song(tmp_path, channel)


@pytest.mark.parametrize(
    "before",
    [
        bank(2, 127),  # of MT-32 sounds on a Sound Canvas
        [sysex(XG_ON), *bank(2, 64)],
        [sysex("41 10 42 12 40 13 15 00 18")],
        [sysex(XG_ON), sysex("43 10 4C 08 02 07 00")],
        [sysex("41 10 42 12 40 13 14 02 17")],  # another parameter
        [sysex("41 10 42"), sysex("43 10 4C 08"), sysex("7E")],
    ],
)
def test_parts_that_are_not(tmp_path: Path, before: list[mido.Message]) -> None:
    with pytest.raises(FormatError, match="no notes on channel 10"):
        song(tmp_path, 2, *before)


def test_a_part_that_is_made_melodic(tmp_path: Path) -> None:
    """Channel 10, too; what is on another one stays a drum part."""
    melodic = [sysex("41 10 42 12 40 10 15 00 1B"), sysex("41 10 42 12 40 1B 15 01 0F")]
    save(
        tmp_path / "a.mid",
        mido.MidiTrack([*tempo_track(), *melodic]),
        hits(36, 38, channel=11),
        hits(60, 64, 67, channel=9),
    )
    assert formats.read(tmp_path / "a.mid").counts() == {"KD": 1, "SD": 1}


def test_two_parts(tmp_path: Path) -> None:
    read = song(tmp_path, 9, sysex("41 10 42 12 40 11 15 01 19"))
    assert len(read) == 3
    save(
        tmp_path / "b.mid",
        mido.MidiTrack([*tempo_track(), sysex("41 10 42 12 40 11 15 02 18")]),
        hits(36, 38),
        hits(49, channel=0),
    )
    assert formats.read(tmp_path / "b.mid").counts() == {"KD": 1, "SD": 1, "CRC": 1}


@pytest.mark.parametrize(
    ("name", "is_told"), [("Drum 2", True), ("Steel Drums", False)]
)
def test_drums_beside_channel_10_are_told(
    name: str, is_told: bool, tmp_path: Path
) -> None:
    other = hits(49, 57, channel=10)
    other.insert(0, mido.MetaMessage("track_name", name=name))
    save(tmp_path / "a.mid", tempo_track(), hits(36, 38, channel=9), other)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert len(formats.read(tmp_path / "a.mid")) == 2
    texts = [str(one.message).partition("a.mid: ")[2] for one in told]
    line = "left out track 3 'Drum 2' (channel 11, 2 notes): --midi-track reads a track"
    assert texts == [f"{line} alone"] * is_told


def test_a_track_a_drum(tmp_path: Path) -> None:
    """As programs export kits whose drums lie on tracks of their own."""
    save(
        tmp_path / "a.mid",
        tempo_track(),
        hits(36, 36, channel=0, name="01 Kick In"),
        hits(38, channel=0, name="Snare top"),
        hits(42, channel=0, name="Hi-Hat"),
        hits(45, channel=0, name="Tom 2"),
        hits(40, channel=1, name="Bass"),
    )
    counts = formats.read(tmp_path / "a.mid").counts()
    assert counts == {"KD": 2, "SD": 1, "CHH": 1, "MHT": 1}


def test_one_track_alone_may_be_a_person(tmp_path: Path) -> None:
    save(
        tmp_path / "a.mid",
        tempo_track(),
        hits(36, channel=0, name="Tom"),
        hits(38, channel=0, name="Tom 2"),
        hits(60, channel=1, name="Ann"),
    )
    with pytest.raises(FormatError, match="track 2 'Tom'"):
        formats.read(tmp_path / "a.mid")


def test_type_2_with_one_track(tmp_path: Path) -> None:
    """Nothing is there to be played at its own time."""
    song = mido.MidiFile(type=1, ticks_per_beat=96)
    song.tracks.append(mido.MidiTrack([*tempo_track(), *hits(36, 38)]))
    song.save(tmp_path / "a.mid")
    data = bytearray((tmp_path / "a.mid").read_bytes())
    data[9] = 2
    (tmp_path / "b.mid").write_bytes(data)
    assert formats.read(tmp_path / "b.mid").onsets == (
        formats.read(tmp_path / "a.mid").onsets
    )
    song.tracks.append(hits(42))
    song.save(tmp_path / "a.mid")
    data = bytearray((tmp_path / "a.mid").read_bytes())
    data[9] = 2
    (tmp_path / "b.mid").write_bytes(data)
    with pytest.raises(FormatError, match="type 2; types 0 and 1 can be read"):
        formats.read(tmp_path / "b.mid")
