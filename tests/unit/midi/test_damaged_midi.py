"""MIDI files that are damaged, cut off, or in another wrapping."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from tests.support.foreign_midi import hits, read, save, tempo_track


def lengths(data: bytes | bytearray) -> list[int]:
    """Return where the lengths of tracks are."""
    actual, at = [], data.find(b"MTrk")
    while at >= 0:
        actual.append(at + 4)
        at = data.find(b"MTrk", at + 4)
    return actual


@pytest.mark.parametrize("length", [0, 1, 5, 100_000, 0xFFFFFFFF])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_wrong_length_of_a_track(tmp_path: Path, length: int, number: int) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(36, 38), hits(42, 46))
    want = read(path)[0]
    at = lengths(data)[number]
    data[at : at + 4] = length.to_bytes(4, "big")
    song, warnings = read(path, bytes(data))
    assert song == want
    assert warnings == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_wrong_number_of_tracks(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(36), hits(42))
    data[10:12] = count.to_bytes(2, "big")
    song, warnings = read(path, bytes(data))
    assert song.counts() == {"KD": 1, "CHH": 1}
    assert warnings == []


def test_a_controller_out_of_range_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    piano = mido.MidiTrack([mido.Message("control_change", control=64, value=99)])
    data = save(path, tempo_track(), piano, hits(36, 38))
    data[data.index(b"\xb0\x40\x63") + 2] = 255
    song, warnings = read(path, bytes(data))
    assert song.counts() == {"KD": 1, "SD": 1}
    assert warnings == []


def test_velocities_out_of_range_are_loud(tmp_path: Path) -> None:
    """mido can clip them, too; the notes behind them are not lost."""
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(36, 38, 42))
    for note, velocity in ((36, 128), (38, 255)):
        data[data.index(bytes([note, 90])) + 1] = velocity
    song, warnings = read(path, bytes(data))
    actual = [(onset.drum.name, onset.velocity) for onset in song]
    assert actual == [("KD", 127), ("SD", 127), ("CHH", 90)]
    assert warnings == [f"{path}: track 2 has velocities above 127, which count as 127"]


def test_notes_out_of_range_lose_their_highest_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(36, 38, 42))
    data[data.index(bytes([38, 90]))] |= 0x80
    song, warnings = read(path, bytes(data))
    assert [onset.drum.name for onset in song] == ["KD", "SD", "CHH"]
    assert warnings == [
        f"{path}: track 2 has notes above 127, which are read without their highest bit"
    ]


def test_a_tempo_of_0_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(36, 38))
    at = data.index(b"\xff\x51\x03") + 3
    data[at : at + 3] = bytes(3)
    song, warnings = read(path, bytes(data))
    assert song.counts() == {"KD": 1, "SD": 1}
    assert song.beats
    assert warnings == [
        f"{path}: track 1 has a tempo of 0 at tick 0, which does not count",
    ]


def test_a_damaged_piano_track_keeps_no_drums_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(60, 62, channel=0), hits(36, 38))
    at = data.index(b"\x90\x3e") - 1
    data[at : at + 4] = b"\xff" * 4
    song, warnings = read(path, bytes(data))
    assert song.counts() == {"KD": 1, "SD": 1}
    assert warnings == [
        f"{path}: is damaged, and was read up to the damage:"
        f" track 2 is wrong at byte {at - data.index(b'MTrk', 30) - 8}: a length of"
        " more than four bytes"
    ]


def test_a_file_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    data = save(path, tempo_track(), hits(*[36, 38] * 20))
    song, warnings = read(path, bytes(data[:-60]))
    assert 20 < len(song) < 40
    assert warnings == [
        f"{path}: is damaged, and was read up to the damage: track 2 is cut off"
    ]
    assert read(path, bytes(data[:60]))[1] != []
    data[10:12] = (3).to_bytes(2, "big")
    song, warnings = read(path, bytes(data))
    assert len(song) == 40
    assert warnings == [
        f"{path}: is damaged, and was read up to the damage: cut off in track 3 of 3"
    ]


def test_midi_in_the_riff_form_of_windows(tmp_path: Path) -> None:
    plain = bytes(save(tmp_path / "a.mid", tempo_track(), hits(36)))
    size = len(plain).to_bytes(4, "little")
    whole = (
        b"RIFF" + (len(plain) + 12).to_bytes(4, "little") + b"RMIDdata" + size + plain
    )
    actual, warnings = read(tmp_path / "a.rmi", whole)
    assert not warnings
    assert actual.onsets == read(tmp_path / "a.mid")[0].onsets
    listed = b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    other = whole[:4] + (len(plain) + 24).to_bytes(4, "little") + b"RMID" + listed
    again, _ = read(tmp_path / "a.rmi", other + whole[12:])
    assert again.onsets == actual.onsets


def test_midi_behind_the_header_of_an_old_macintosh(tmp_path: Path) -> None:
    plain = bytes(save(tmp_path / "a.mid", tempo_track(), hits(36, 38)))
    actual, warnings = read(tmp_path / "b.mid", bytes(128) + plain)
    assert actual.onsets == read(tmp_path / "a.mid")[0].onsets
    assert warnings == []
