"""What may be replaced: what we wrote and nobody changed, and never a recording."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.base import written
from adt_plugins.base.files import (
    OutputExistsError,
    leaving_no_empty_folder,
    make_folder,
    replacing,
    write_files,
)
from adt_plugins.base.folders import HOME_VARIABLE, user_state_folder
from adt_plugins.base.protected import WRITTEN, protect, protecting
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.transcription import Source, Transcription
from tests.support.races import release

WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt "


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def test_what_nobody_changed_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in (b"first", b"second", b"second", b"third"):
        write_files({path: content}, overwrite=False)
    assert path.read_bytes() == b"third"


@pytest.mark.parametrize("content", [b"third and mine", b"first", b""])
def test_what_somebody_changed_is_not(tmp_path: Path, content: bytes) -> None:
    """An older output of our own counts as a change, too."""
    path = tmp_path / "a"
    for earlier in (b"first", b"second"):
        write_files({path: earlier}, overwrite=False)
    path.write_bytes(content)
    with pytest.raises(
        OutputExistsError, match="a: has been changed since it was writ"
    ):
        write_files({path: b"fourth"}, overwrite=False)
    assert path.read_bytes() == content
    write_files({path: b"fourth"}, overwrite=True)
    write_files({path: b"fifth"}, overwrite=False)


def test_what_we_wrote_elsewhere_is_not(tmp_path: Path) -> None:
    write_files({tmp_path / "a": b"x"}, overwrite=False)
    (tmp_path / "b").write_bytes(b"x")
    with pytest.raises(OutputExistsError):
        write_files({tmp_path / "b": b"y"}, overwrite=False)


def test_a_change_while_we_write_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_files({path: b"old"}, overwrite=False)

    def write() -> None:
        with replacing(path) as [draft]:
            draft.write_bytes(b"new")
            path.write_bytes(b"mine")

    with pytest.raises(OutputExistsError):
        write()
    assert path.read_bytes() == b"mine"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a"]


def test_a_kill_between_note_and_move_leaves_it_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_files({path: b"old"}, overwrite=False)

    def killed(*_: object) -> Path:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(SystemExit):
            write_files({path: b"new"}, overwrite=False)
    assert path.read_bytes() == b"old"
    assert written.is_ours(path)


def test_the_database_names_no_file(tmp_path: Path, own_home: Path) -> None:
    write_files({tmp_path / "secret name": b"secret"}, overwrite=False)
    content = (own_home / written.NAME).read_bytes()
    assert b"secret" not in content


@pytest.mark.parametrize("damage", ["text", "folder", "another table"])
def test_without_a_database_it_is_asked(
    tmp_path: Path, own_home: Path, damage: str
) -> None:
    database = own_home / written.NAME
    own_home.mkdir()
    if damage == "text":
        database.write_text("no database")
    elif damage == "folder":
        database.mkdir()
    else:
        with sqlite3.connect(database) as base:
            base.execute("CREATE TABLE written (a)")
    write_files({tmp_path / "a": b"x"}, overwrite=False)
    with pytest.raises(OutputExistsError):
        write_files({tmp_path / "a": b"y"}, overwrite=False)


_RUN = """
import sys
from pathlib import Path
from adt_plugins.base import written
from adt_plugins.base.files import write_files
written.begin_run()
print("ready", flush=True)
sys.stdin.readline()
write_files({Path(sys.argv[1]): sys.argv[2].encode()}, overwrite=False)
print("written")
"""


@pytest.mark.parametrize("there", [False, True])
def test_of_two_runs_one_says_that_it_wrote(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "a"
    if there:
        write_files({path: b"earlier"}, overwrite=False)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _RUN, str(path), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    release(runs)
    printed = [run.communicate()[0] for run in runs]
    assert printed.count("written\n") == 1
    assert path.read_text() == str(printed.index("written\n"))


def test_a_later_process_is_no_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    written.begin_run()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(written, "_run", b"another process")
            write_files({path: b"theirs"}, overwrite=False)
        with pytest.raises(OutputExistsError):
            write_files({path: b"ours"}, overwrite=False)
        written.begin_run()  # the next one
        write_files({path: b"ours"}, overwrite=False)
    finally:
        monkeypatch.setattr(written, "_begun", float("inf"))


def test_processes_that_a_run_left_behind_belong_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    monkeypatch.setattr(written, "_begun", float("inf"))
    monkeypatch.setattr(written, "_run", b"another process")
    begun = written.begin_run(tmp_path)  # a batch that is killed
    write_files({path: b"theirs"}, overwrite=False)
    monkeypatch.setattr(written, "_run", b"the next one")
    written.begin_run(tmp_path, begun - 60)
    write_files({path: b"ours"}, overwrite=False)
    written.begin_run(tmp_path / "other", begun - 60)
    with pytest.raises(OutputExistsError):
        write_files({path: b"of another folder"}, overwrite=False)


def link(path: Path, to: Path, kind: str) -> None:
    try:
        if kind == "symbolic":
            path.symlink_to(to)
        elif kind == "hard":
            path.hardlink_to(to)
    except OSError:
        pytest.skip("not on this system: links")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["", "symbolic", "hard"])
@pytest.mark.parametrize("way", ["to", "from"])
def test_no_output_is_an_input(
    tmp_path: Path, overwrite: bool, kind: str, way: str
) -> None:
    named, there = tmp_path / "named", tmp_path / "there"
    there.write_bytes(b"precious")
    if kind:
        link(named, there, kind)
    else:
        named = there
    read, output = (named, there) if way == "to" else (there, named)
    with protecting(read), pytest.raises(AdtError):
        write_files({output: b"x"}, overwrite=overwrite)
    assert there.read_bytes() == b"precious"
    assert named.read_bytes() == b"precious"


def test_of_two_outputs_that_are_one_file_the_first_stays(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    link(second, first, "symbolic")
    with protecting():
        write_files({first: b"x"}, overwrite=True)
        protect(first, because=WRITTEN)
        with pytest.raises(AdtError, match="was written by this run"):
            write_files({second: b"y"}, overwrite=True)
    assert first.read_bytes() == b"x"
    write_files({second: b"y"}, overwrite=True)  # by another run


@pytest.mark.parametrize("name", ["a.wav", "a.txt", "a.FLAC"])
def test_a_recording_is_replaced_by_a_recording_alone(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(WAVE)
    with pytest.raises(AdtError, match="is a recording, and stays as it is"):
        write_files({path: b"1.0\t1.0\tKD\n"}, overwrite=True)
    assert path.read_bytes() == WAVE
    if name != "a.txt":
        write_files({path: WAVE + b"click"}, overwrite=True)
        assert path.read_bytes() == WAVE + b"click"


@pytest.mark.parametrize("form", ["json", "midi", "csv", "jams"])
def test_the_recording_of_a_transcription_is_never_replaced(
    tmp_path: Path, form: str
) -> None:
    song = tmp_path / "song.x"
    song.write_bytes(b"no magic")
    source = Source(path=str(song))
    transcription = Transcription((Onset(1.0, Drum.KD),), source=source)
    with pytest.raises(AdtError, match="is read by this run"):
        formats.write(transcription, song, form, overwrite=True)
    assert song.read_bytes() == b"no magic"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("not on this system: pipes with names")
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(OutputExistsError):
        write_files({tmp_path / "a.wav": b"x"}, overwrite=False)


def test_the_folder_is_made_when_it_is_needed(own_home: Path, tmp_path: Path) -> None:
    assert not own_home.exists()
    write_files({tmp_path / "a": b"x"}, overwrite=False)
    assert user_state_folder() == own_home
    assert (own_home / written.NAME).exists()


def test_new_folders_that_stay_empty_are_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    folders = (old, new / "a" / "b", new / "c", Path("null\0"))

    def fail() -> None:
        make_folder(new / "a" / "b")
        make_folder(new / "c")
        (new / "c" / "kept").write_text("")
        raise AdtError("the disk is full")

    with pytest.raises(AdtError), leaving_no_empty_folder(*folders):
        fail()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        *("c", "kept", "new", "old"),
    ]
