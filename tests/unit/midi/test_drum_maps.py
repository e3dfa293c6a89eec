"""Drum-note maps: what ships, what a user may write, MIDI through a map, adt maps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import mido
import pytest

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.cli import main
from adt_plugins.drums import Drum, drum_of_note
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.midi.drum_maps import GRADES, DrumMap, find_map, list_maps, read_map
from adt_plugins.transcription import Transcription

MAPS = list_maps()
ALL = pytest.mark.parametrize("drum_map", MAPS, ids=[m.name for m in MAPS])
HEAD = {"format": "adt-plugins-drum-map", "version": 1}
CORE = (Drum.KD, Drum.SD, Drum.HH, Drum.TT, Drum.CY)


def test_what_ships() -> None:
    grades = {m.name: m.grade for m in MAPS}
    assert next(iter(grades)) == "gm"
    assert (
        grades.items()
        >= {
            "gm": "B",
            "roland-td": "B",
            "addictive-drums-2": "B",
            "musescore": "A",
            "hydrogen-gmrockkit": "A",
            "superior-drummer-3": "C",
            "yamaha-dtx502": "B-",
        }.items()
    )
    assert "D" not in grades.values()
    assert {m.name for m in MAPS if m.is_community} == {
        name for name, grade in grades.items() if grade == "C"
    }


@ALL
def test_a_shipped_map_is_whole(drum_map: DrumMap) -> None:
    assert drum_map.grade in set(GRADES) - {"user"}
    assert drum_map.sources
    assert drum_map.title
    assert find_map(drum_map.name) == drum_map
    for drum in CORE:
        assert drum_map.note(drum) is not None
    for note, known in drum_map.notes.items():
        assert 0 <= note <= 127
        assert known.name
    # What is written is read back as that drum, or as another of its family
    # where two share a note.
    for drum in Drum:
        written = drum_map.note(drum)
        if written is not None:
            read = drum_map.drum(written)
            assert read is not None
            assert read.coarse is drum.coarse


# Notes by the table of the makers' numbers; octaves are easily wrong.
@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("gm", (36, 38, 37, 42, 46, 49, 51)),
        ("roland-td", (36, 38, 37, 42, 46, 49, 51)),
        ("superior-drummer-3", (36, 38, 37, 42, 46, 49, 51)),
        ("addictive-drums-2", (36, 38, 42, 49, 56, 77, 60)),
        ("bfd3", (24, 26, 25, 30, 34, 72, 60)),
        ("ssd5", (36, 38, 37, 42, 71, 55, 51)),
        ("ni-studio-drummer", (36, 38, 37, 42, 80, 49, 51)),
        ("yamaha-dtx502", (36, 38, 37, 42, 46, 59, 51)),
    ],
)
def test_core_notes(name: str, notes: tuple[int, ...]) -> None:
    codes = ("KD", "SD", "SST", "CHH", "OHH", "CRC", "RDC")
    assert tuple(find_map(name).note(Drum(code)) for code in codes) == notes


def test_general_midi_is_what_is_written_without_a_map() -> None:
    gm = find_map("gm")
    assert {drum: gm.note(drum) for drum in Drum} == {d: d.note for d in Drum}
    for note in range(35, 82):
        assert gm.drum(note) == drum_of_note(note)


@ALL
def test_toms_are_never_written_as_muted_cymbals(drum_map: DrumMap) -> None:
    toms = {drum_map.note(d) for d in Drum if d.coarse is Drum.TT}
    if drum_map.name in ("gm", "superior-drummer-3", "ezdrummer"):
        assert 50 not in toms


def test_notes_that_a_kit_lacks() -> None:
    bfd3 = find_map("bfd3")
    assert bfd3.note(Drum.SPC) == bfd3.note(Drum.CRC) == 72
    assert bfd3.note(Drum.OT) is None
    assert find_map("alesis-nitro-max").note(Drum.SST) is None


# A user's own


def write_map(path: Path, **data: Any) -> Path:
    path.write_text(json.dumps({**HEAD, **data}), encoding="utf-8")
    return path


def test_a_users_map(tmp_path: Path) -> None:
    notes = {"60": {"name": "Große Trommel", "drum": "KD"}, "61": {"name": "Bell"}}
    drums = {"KD": 60, "CHH": 70, "HH": 70}
    own = find_map(str(write_map(tmp_path / "my kit.json", drums=drums, notes=notes)))
    assert (own.name, own.title, own.grade) == ("my kit", "my kit", "user")
    assert [own.note(d) for d in (Drum.KD, Drum.HH, Drum.OHH)] == [60, 70, 70]
    assert own.note(Drum.SD) is None
    assert [own.drum(n) for n in (60, 61, 70, 36)] == [Drum.KD, None, Drum.CHH, None]
    assert own.reaper_note_names().splitlines()[1:] == [
        "60 Große Trommel",
        "61 Bell",
        "70 Closed hi-hat",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[1]", "not a drum-note map"),
        ('{"format": "adt-plugins", "version": 1}', "not a drum-note map"),
        ({"version": 2}, "version 2 of drum-note maps"),
        ({}, "no drums"),
        ({"drums": []}, "drums is not an object"),
        ({"drums": {"XX": 36}}, "unknown drum 'XX'"),
        ({"drums": {"KD": 128}}, "note of KD is 0 to 127, not 128"),
        ({"drums": {"KD": -1}}, "note of KD is 0 to 127, not -1"),
        ({"drums": {"KD": "C1"}}, "note of KD is a whole number, not 'C1'"),
        ({"drums": {"KD": True}}, "note of KD is a whole number, not True"),
        (
            {"drums": {"KD": 36}, "notes": {"128": {}}},
            "'128' is not a note from 0 to 127",
        ),
        ({"drums": {"KD": 36}, "notes": {"36": "Kick"}}, "note 36 is not an object"),
        ({"drums": {"KD": 36}, "notes": {"36": {"drum": "X"}}}, "unknown drum 'X'"),
        ({"drums": {"KD": 36}, "notes": {"36": {"name": "a\nb"}}}, "name is a line"),
        ({"drums": {"KD": 36}, "grade": "Z"}, "no grade 'Z'"),
        ({"drums": {"KD": 36}, "sources": "me"}, "sources are a list of text"),
        ('{"format": "adt-plugins-drum-map", "version": 1,', "not JSON"),
        ('{"drums": {"KD": 36, "KD": 37}}', "'KD' occurs twice"),
        ("[" * 100_000, "not JSON"),
        ('{"drums": {"KD": 1e999}}', "not JSON: a number is finite"),
    ],
)
def test_a_wrong_map_is_one_line(tmp_path: Path, text: Any, reason: str) -> None:
    path = tmp_path / "map.json"
    if isinstance(text, str):
        path.write_text(text)
    else:
        write_map(path, **text)
    with pytest.raises(FormatError) as error:
        read_map(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert "\n" not in message


def test_unknown_names_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(AdtError, match="no drum-note map 'wax'; there are addictive"):
        find_map("wax")
    with pytest.raises(AdtError, match=r"no\.json: no such file"):
        find_map(str(tmp_path / "no.json"))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("EZDrummer", "ezdrummer"),
        ("EZdrummer 3", "ezdrummer"),
        ("superior", "superior-drummer-3"),
        ("SD3", "superior-drummer-3"),
        ("ad2", "addictive-drums-2"),
        ("General MIDI", "gm"),
        ("td-17", "roland-td"),
        ("Roland-TD", "roland-td"),
        ("slate", "ssd5"),
        ("Studio Drummer", "ni-studio-drummer"),
        ("logic", "logic-drum-kit-designer"),
    ],
)
def test_a_map_is_found_as_people_call_it(words: str, name: str) -> None:
    assert find_map(words).name == name


def test_every_title_of_the_list_is_a_name() -> None:
    for drum_map in list_maps():
        assert find_map(drum_map.title) == drum_map


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("drummer", "did you mean ni-studio-drummer or superior-drummer-3?"),
        ("Superior Drummer 2", "did you mean superior-drummer-3"),
        ("ezdrumer", "did you mean ezdrummer?"),
    ],
)
def test_what_is_close_to_a_map_is_told(words: str, hint: str) -> None:
    with pytest.raises(AdtError, match=re.escape(hint)):
        find_map(words)


# MIDI through a map


@ALL
def test_midi_comes_back_through_its_map(tmp_path: Path, drum_map: DrumMap) -> None:
    drums = [drum for drum in Drum if drum in drum_map.drums]
    whole = Transcription(tuple(Onset(i / 4, d, 1 + i) for i, d in enumerate(drums)))
    [path, *_] = formats.write(whole, tmp_path / "a.mid", drum_map=drum_map.name)
    notes = _notes(path)
    assert notes == [drum_map.drums[drum] for drum in drums]
    back = formats.read(path, drum_map=drum_map)
    assert [o.drum for o in back] == [drum_map.drum(note) for note in notes]
    assert [o.drum.coarse for o in back] == [d.coarse for d in drums]
    assert [(o.time, o.velocity) for o in back] == [(o.time, o.velocity) for o in whole]


def test_hits_without_a_note_are_told(tmp_path: Path) -> None:
    whole = Transcription((Onset(0.0, Drum.KD), Onset(1.0, Drum.OT)))
    path, got = tmp_path / "a.mid", list[str]()
    formats.write(whole, path, drum_map="bfd3", warn=got.append)
    assert got == [f"{path}: the drum map has no note for these hits: 'OT' (1)"]
    read = formats.read(path, drum_map="bfd3")
    assert read.onsets == (Onset(0.0, Drum.KD),)


def test_a_note_means_what_its_map_says(tmp_path: Path) -> None:
    path = formats.write(
        Transcription((Onset(0.0, Drum.SST), Onset(1.0, Drum.CHH))),
        tmp_path / "a.mid",
        drum_map="addictive-drums-2",
    )[0]
    # The file says what its notes were written for; one that does not is General MIDI.
    assert [o.drum for o in formats.read(path)] == [Drum.SST, Drum.CHH]
    foreign = mido.MidiFile(path)
    foreign.tracks[0] = mido.MidiTrack(
        message for message in foreign.tracks[0] if message.type[:9] != "sequencer"
    )
    foreign.save(path)
    assert [o.drum for o in formats.read(path)] == [Drum.CHH, Drum.CRC]
    read = formats.read(path, drum_map="addictive-drums-2")
    assert [o.drum for o in read] == [Drum.SST, Drum.CHH]


# The command


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", "list"]) == 0
    out = capsys.readouterr().out
    for m in MAPS:
        assert f"{m.name}: {m.title}" in out
        assert all(source in out for source in m.sources)
    assert "Superior Drummer 3 (grade C, community)" in out
    assert main(["maps", "list", "--report", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in report] == [m.name for m in MAPS]
    assert report[0]["drums"]["KD"] == 36


def test_showing_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", "show", "bfd3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "   KD  24  Kick" in lines
    assert "   OT   —  Other" in lines
    assert "   29  SD  Snare rimshot" in lines
    assert main(["maps", "show", "nonsense"]) == 2
    assert "no drum-note map 'nonsense'" in capsys.readouterr().err


def test_a_note_name_file_for_reaper(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["maps", "export", "bfd3"]) == 0
    lines = Path("bfd3.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# BFD3")
    numbers = [int(line.split(" ", 1)[0]) for line in lines[1:]]
    assert numbers == sorted(find_map("bfd3").notes)
    assert "24 Kick" in lines
    assert main(["maps", "export", "bfd3", "-o", "b.txt"]) == 0
    assert Path("b.txt").read_bytes() == Path("bfd3.txt").read_bytes()
    Path("b.txt").write_text("mine", encoding="utf-8")
    assert main(["maps", "export", "bfd3", "-o", "b.txt"]) == 2
    assert "has been changed" in capsys.readouterr().err


def test_convert_from_one_map_to_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = tmp_path / "song.txt"
    codes.write_text("0.5 \t KD \n1.0 \t SD \n1.5 \t CHH \n")
    convert = ["convert", "-o", str(tmp_path), "--overwrite", "--format"]
    assert main([*convert, "midi", str(codes), "--drum-map", "bfd3"]) == 0
    midi = tmp_path / "song.drums.mid"
    assert _notes(midi) == [24, 26, 30]
    assert main([*convert, "csv", str(midi), "--drum-map", "bfd3"]) == 0
    read = formats.read(tmp_path / "song.drums.csv")
    assert [o.drum for o in read] == [Drum.KD, Drum.SD, Drum.CHH]
    other = tmp_path / "other.mid"
    midi.rename(other)
    maps = ["--from-drum-map", "bfd3", "--drum-map", "addictive-drums-2"]
    assert main([*convert, "midi", str(other), *maps]) == 0
    assert _notes(tmp_path / "other.drums.mid") == [36, 38, 49]
    assert main([*convert, "midi", str(codes), "--drum-map", "wax"]) == 2
    assert "no drum-note map 'wax'; there are" in capsys.readouterr().err


def _notes(path: Path) -> list[int]:
    return [m.note for m in mido.MidiFile(path) if m.type == "note_on"]
