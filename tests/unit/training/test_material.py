"""The list of what training reads, and the command that compares folders with it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from adt_plugins.cli import main
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.training.sources import material
from adt_plugins.training.sources.upstream import UPSTREAM

KIT = "usr/share/hydrogen/data/drumkits"
READ = {
    "data/groove/info.csv": "midi_filename,id,drummer,bpm,time_signature,beat_type,"
    "split,duration\ndrummer1/1.mid,1,drummer1,120,4-4,beat,train,2.0\n"
    "drummer1/gone.mid,2,drummer1,120,4-4,beat,train,2.0\n",
    "data/groove/drummer1/1.mid": "a groove",
    "data/freedoom_midi/musics/d_e1m1.mid": "a song",
    "data/openmsx_midi/src/boogie.mid": "another",
    "data/rooms/Live Room.wav": "a room",
    "data/oneshots/oneshots.csv": "file,kit\nmuldjord/kick.flac,muldjord\n",
    "data/oneshots/muldjord/kick.flac": "a kick",
    f"sounds/{KIT}/GMRockKit/drumkit.xml": "<drumkit><instrument><name>Snare</name>"
    "<layer><filename>snare.flac</filename></layer></instrument></drumkit>",
    f"sounds/{KIT}/GMRockKit/snare.flac": "a snare",
    f"sounds/{KIT}/belofilms_GuitarStrums/E.flac": "a strum",
    "sounds/usr/share/sounds/sf2/FluidR3_GM.sf2": "a soundfont",
}
UNREAD = {
    "data/groove/LICENSE": "CC BY 4.0",
    "data/oneshots/muldjord/spare.flac": "not in the table",
    f"sounds/{KIT}/GMRockKit/spare.flac": "not in the kit",
    f"sounds/{KIT}/Audiophob/drumkit.xml": "<drumkit/>",
}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name, text in (READ | UNREAD).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return tmp_path


def run(folders: Path, *options: str) -> int:
    data, sounds = str(folders / "data"), str(folders / "sounds")
    return main(["train", "check-data", data, "--sounds", sounds, *options])


@pytest.fixture
def listed(folders: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = folders / "list.json"
    assert run(folders, "--write", str(path)) == 0
    assert capsys.readouterr().out == f"{path}\n"
    return path


def test_the_list_has_every_file_that_is_read_and_no_other(listed: Path) -> None:
    actual = {
        f"{upstream.root}/{name}": digest
        for upstream in material.read_list(listed)
        for name, digest in upstream.files.items()
    }
    assert actual == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in READ.items()
    }


def test_complete_folders(
    folders: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folders, "--list", str(listed)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(UPSTREAM)
    assert all(line.startswith("found") for line in lines)
    assert any("2 of    2 files  Groove MIDI Dataset" in line for line in lines)


def test_what_is_missing_or_differs_is_told(
    folders: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "data/groove/drummer1/1.mid").write_text("another take")
    (folders / "data/rooms/Live Room.wav").unlink()
    assert run(folders, "--list", str(listed)) == 1
    text = capsys.readouterr().out
    assert "differs: groove/drummer1/1.mid" in text
    assert "missing: rooms/Live Room.wav" in text
    assert "get four rooms of the University of York" in text
    assert "get the folder src" not in text  # that is complete
    assert run(folders, "--list", str(listed), "--report", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["complete"] is False
    rows = {row["name"]: row for row in report["upstream"]}
    groove = rows["Groove MIDI Dataset 1.0.0"]
    assert (groove["files"], groove["found"], groove["missing"]) == (2, 1, [])
    assert groove["differs"] == ["groove/drummer1/1.mid"]
    room = rows["OpenAIR impulse responses"]
    assert (room["found"], room["missing"]) == (0, ["rooms/Live Room.wav"])
    assert (room["licence"], room["root"]) == ("CC BY 4.0", "data")


def test_an_empty_folder_lacks_everything_of_the_shipped_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "check-data", str(tmp_path), "--report", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in report["upstream"]] == [
        upstream.name for upstream in UPSTREAM
    ]
    for row in report["upstream"]:
        assert row["found"] == 0
        assert len(row["missing"]) == row["files"] > 0


def test_the_shipped_list() -> None:
    shipped = material.read_list()
    # Descriptions stand in the code; only the files come from folders.
    for ours, theirs in zip(shipped, UPSTREAM, strict=True):
        assert (ours.name, ours.licence, ours.get) == (
            theirs.name,
            theirs.licence,
            theirs.get,
        )
    every = [(u.root, n, d) for u in shipped for n, d in u.files.items()]
    assert len({(root, name) for root, name, _ in every}) == len(every)
    for _, name, digest in every:
        assert re.fullmatch("[0-9a-f]{64}", digest), name
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert "\\" not in name


def test_a_file_without_an_upstream_project_is_refused(folders: Path) -> None:
    table = folders / "data/oneshots/oneshots.csv"
    table.write_text("file,kit\nmine/kick.flac,mine\n")
    (folders / "data/oneshots/mine").mkdir()
    (folders / "data/oneshots/mine/kick.flac").write_text("of unknown origin")
    with pytest.raises(AdtError, match=r"oneshots/mine/kick\.flac: training reads it"):
        material.list_material(folders / "data", folders / "sounds")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": "adt-plugins-material", "version": 2, "upstream": []}'],
)
def test_another_file_is_no_list(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text)
    with pytest.raises(FormatError, match="not a list of training material"):
        material.read_list(path)


def test_a_list_is_not_replaced_unasked(
    folders: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folders, "--write", str(listed)) == 0  # as this program wrote it
    listed.write_text(listed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert run(folders, "--write", str(listed)) == 2
    assert "has been changed" in capsys.readouterr().err
    assert run(folders, "--write", str(listed), "--overwrite") == 0
