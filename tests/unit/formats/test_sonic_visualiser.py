"""Time instants of Sonic Visualiser."""

from __future__ import annotations

from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription

WHOLE = Transcription(
    onsets=(Onset(0.25, Drum.KD), Onset(1.0, Drum.SST), Onset(3700.123456789, Drum.SD)),
    beats=(Beat(0.5, 4), Beat(1.0, 1), Beat(1.5, 2)),
    labels=(Label(4.0, 4.0, 'a "verse", loud'),),
)


def test_the_bytes(tmp_path: Path) -> None:
    path = formats.output_path("song", tmp_path, "sv")
    formats.write(WHOLE, path)
    assert path.name == "song.sv.csv"
    assert path.read_bytes() == (
        b"TIME,LABEL\n"  # or labels that are all numbers make a curve
        b"0.250000000,KD\n"
        b"0.500000000,0.4\n"
        b"1.000000000,1.1\n"
        b"1.000000000,SST\n"
        b"1.500000000,1.2\n"
        b'4.000000000,"a ""verse"", loud"\n'
        b"3700.123456789,SD\n"
    )


def test_it_comes_back(tmp_path: Path) -> None:
    path = formats.write(WHOLE, tmp_path / "song.sv.csv")[0]
    got: list[str] = []
    assert formats.read(path, warn=got.append) == WHOLE
    assert len(got) == 1


def test_a_label_stays_on_its_line(tmp_path: Path) -> None:
    whole = Transcription((Onset(0.0, Drum.KD),), labels=(Label(1, 2, "a\r\nb\nc"),))
    path = formats.write(whole, tmp_path / "song.sv.csv")[0]
    assert path.read_text() == ("TIME,LABEL\n0.000000000,KD\n1.000000000,a b c\n")


@pytest.mark.parametrize(
    "text",
    [
        "0.5,KD\n1.0,SD\n",
        "+0.5,KD\n1e0,SD\n",
        "5e-1,36\n1.0,38\n",
        "TIME,LABEL\r\n0.500000000,Kick\r\n1.000000000,Snare\r\n",
        "TIME,VALUE,LABEL\n0.5,0.7,Kick\n1.0,1,Snare\n",
        '\ufeff0.5,"bass drum"\n\n 1 , snare \n',
    ],
)
def test_layers_of_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    read = formats.read(path, "sv", warn=pytest.fail)
    assert read.onsets == (Onset(0.5, Drum.KD), Onset(1.0, Drum.SD))


def test_it_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "layer.csv"
    path.write_text("0.5,KD\n1.0,SD\n")
    assert formats.format_of_file(path) == "sv"
    path.write_text("0,5;KD\n1;0,1;SD\n")  # saved by a spreadsheet, with durations
    assert formats.format_of_file(path) == "sv"
    assert formats.read(path).times("SD") == [1.0]
    path.write_text("Time,Label\n0.5,KD\n1.0,SD\n")
    assert formats.format_of_file(path) == "sv"
    assert formats.read(path).times("SD") == [1.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.5\n", "line 1 is not a time and a label: '0.5'"),
        ("0.5,KD\nTIME,LABEL\n", "line 2 is not a time and a label"),
        ("inf,KD\n", "line 1 is not a time and a label"),
        ("1,verse\n", "no label names a drum: 'verse' (1)"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.sv.csv"
    path.write_text(text)
    with pytest.raises(FormatError) as error:
        formats.read(path, "sv")
    assert str(error.value).startswith(f"{path}: {reason}")
