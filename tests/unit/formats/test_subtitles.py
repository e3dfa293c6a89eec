"""Labels as SubRip and WebVTT, which newer versions of Audacity export."""

from __future__ import annotations

from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Label, Onset
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription

SRT = (
    "1\n00:00:00,500 --> 00:00:00,500\nKick 93\n\n"
    "2\n00:00:01,250 --> 00:00:01,250\nsnare\n\n"
    "3\n01:00:02,001 --> 01:00:04,000\nverse\n2\n\n"
)
# Each of two tracks starts anew.
VTT = (
    "WEBVTT FILE\n\n1\n00:00:00.500 --> 00:00:00.500\nKick 93\n\n"
    "WEBVTT FILE\n\n1\n00:01.250 --> 00:01.250 align:start\n<i>snare</i>\n\n"
    "NOTE nobody\n\n2\n01:00:02.001 --> 01:00:04.000\nverse\n2\n"
)


@pytest.mark.parametrize("text", [SRT, VTT, SRT.replace("\n", "\r\n"), "\ufeff" + SRT])
@pytest.mark.parametrize("name", ["labels", "labels.txt"])
def test_labels_come_in(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    form = "vtt" if "WEBVTT" in text else "srt"
    assert formats.format_of_file(path) == form
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert read.onsets == (Onset(0.5, Drum.KD, 93), Onset(1.25, Drum.SD))
    assert read.labels == (Label(3602.001, 3604.0, "verse 2"),)
    assert warnings == [
        f"{path}: labels that name no drum are kept as labels: 'verse 2' (1)"
    ]


@pytest.mark.parametrize("name", ["song.srt", "song.vtt"])
def test_on_the_command_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(SRT if name.endswith("srt") else VTT)
    assert main(["convert", str(path), "--format", "csv"]) == 0
    assert len(formats.read(tmp_path / "song.drums.csv")) == 2


def test_early_and_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        "1\n-00:00:01,500 --> 00:00:01,000\nSD\n\n"
        "2\n00:00:00,000 --> 00:00:00,000\n\n\n"
        "3\n00:00:02,000 --> 00:00:02,000\nSD\n"
    )
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert read.onsets == (Onset(2.0, Drum.SD),)
    assert read.labels == (Label(0.0, 0.0, ""),)
    assert warnings[0] == f"{path}: 1 label lies before 0 s and is left out"
    path.write_text("")
    assert formats.read(path, "srt") == formats.read(path, "vtt")


@pytest.mark.parametrize(
    "text",
    ["hello", "1\n00:00 --> 00:01\nx\n", SRT + "\n\nwords\n", "NOTE x\n\n" + SRT],
)
def test_what_is_none_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.srt"
    path.write_text(text)
    with pytest.raises(FormatError, match="not a cue: "):
        formats.read(path, "srt", warn=lambda _: None)


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_they_are_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=f"{name} files can only be read"):
        formats.write(Transcription(), tmp_path / f"a.{name}")


@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_cues_without_blank_lines_between_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(
        "1\n00:00:00,500 --> 00:00:00,500\n{\\an8}KD\n"
        "2\n00:00:01,000 --> 00:00:01,000\n38\n"
        "3\n00:00:02,000 --> 00:00:02,000\n42\n"
    )
    drums = [(0.5, Drum.KD), (1.0, Drum.SD), (2.0, Drum.HH)]
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert [(o.time, o.drum.coarse) for o in read] == drums
    assert warnings == []
    path.write_text(
        "00:00.500 --> 00:00.500\n36\n00:01.000 --> 00:01.000\n38\n"
        "00:02.000 --> 00:02.000\n42\n"
    )
    assert [(o.time, o.drum.coarse) for o in formats.read(path)] == drums
