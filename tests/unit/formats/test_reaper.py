"""Reaper's table of markers and regions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription

WHOLE = Transcription(
    onsets=(Onset(0.25, Drum.KD), Onset(1.0, Drum.SST), Onset(3700.123456789, Drum.SD)),
    beats=(Beat(0.5, 4), Beat(1.0, 1), Beat(1.5, 2), Beat(2.0, 1)),
    labels=(Label(4.0, 6.5, 'a "verse", loud\nand long'),),
)


def test_the_bytes(tmp_path: Path) -> None:
    path = formats.output_path("song", tmp_path, "reaper")
    assert path.name == "song.reaper.csv"
    assert formats.write(WHOLE, path, "reaper") == [path]
    assert path.read_bytes().decode() == (
        "#,Name,Start,End,Length\n"
        "M1,Kick,0.250000000,,\n"
        "M2,0.4,0.500000000,,\n"
        "M3,1.1,1.000000000,,\n"
        "M4,Side stick,1.000000000,,\n"
        "R1,Bar 1,1.000000000,2.000000000,1.000000000\n"
        "M5,1.2,1.500000000,,\n"
        "M6,2.1,2.000000000,,\n"
        "M7,Bar 2,2.000000000,,\n"
        'R2,"a ""verse"", loud\nand long",4.000000000,6.500000000,2.500000000\n'
        "M8,Snare,3700.123456789,,\n"
    )


def test_it_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "song.reaper.csv"
    formats.write(WHOLE, path)
    got: list[str] = []
    read = formats.read(path, warn=got.append)
    assert read == WHOLE
    assert len(got) == 1
    assert "name no drum are kept as labels" in got[0]


def test_numbers_of_markers_are_unique(tmp_path: Path) -> None:
    path = formats.write(WHOLE, tmp_path / "song.reaper.csv")[0]
    with path.open(newline="") as file:
        ids = [row["#"] for row in csv.DictReader(file)]
    assert len(set(ids)) == len(ids) == 10


def test_reapers_own_export(tmp_path: Path) -> None:
    path = tmp_path / "regions.csv"
    text = (
        "\ufeff#,Name,Start,End,Length,Color\r\n"
        "M1,snare 90,0:05.250,,,\r\n"
        "\r\n"
        "R7,Kick,1:02:05.5,1:02:06,0:00.500,FF0000\r\n"
        "M3,38,12.5,,\r\n"
    )
    path.write_bytes(text.encode())
    assert formats.format_of_file(path) == "reaper"
    read = formats.read(path, warn=pytest.fail)
    assert read.onsets == (
        Onset(5.25, Drum.SD, 90),
        Onset(12.5, Drum.SD),
        Onset(3725.5, Drum.KD),
    )


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_tables_that_a_spreadsheet_has_saved(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "regions.txt"
    rows = "#|Name|Start|End|Length\nM1|snare 90|5,25||\nR2|Kick|1:02,5|0:01:03|0,5\n"
    path.write_text(rows.replace("|", delimiter))
    read = formats.read(path, warn=pytest.fail)
    assert read.onsets == (Onset(5.25, Drum.SD, 90), Onset(62.5, Drum.KD))


def test_names_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "a.reaper.csv"
    formats.write(WHOLE["KD"], path, text="code+velocity")
    assert "M1,KD 100,0.25" in path.read_text()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("", "is empty"),
        ("#,Name\nM1,Kick\n", "no column Start"),
        ("#,Name,Start\nM1,Kick,1.1.00\n", "line 2: a time is seconds or m:ss.sss"),
        ("#,Name,Start\n\nM1,Kick,nan\n", "line 3: a time is seconds"),
        ("#,Name,Start\nX1,Kick,1\n", "line 2: 'X1' is not a marker or region"),
        ("#,Name,Start\nM1,Kick\n", "line 2: a time is seconds"),
        ("#,Name,Start\nM1,verse,1\n", "no label names a drum"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, rows: str, reason: str) -> None:
    path = tmp_path / "a.reaper.csv"
    path.write_text(rows)
    with pytest.raises(FormatError) as error:
        formats.read(path, "reaper")
    assert str(error.value).startswith(f"{path}: {reason}")
