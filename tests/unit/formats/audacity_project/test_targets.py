"""Files in the way of a project: nothing of the user's is touched."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.audacity_project import writer
from tests.support.audacity.projects import SONG, audio_of, labels_of, parse
from tests.support.audio import music


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b""
        for p in folder.rglob("*")
    }


def test_nothing_is_replaced_unasked(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    path.write_bytes(path.read_bytes() + b"\n")
    before = listing(tmp_path)
    with pytest.raises(
        formats.OutputExistsError, match=r"\.drums\.aup: has been changed"
    ):
        formats.write(SONG["KD"], path, audio=wav)
    assert listing(tmp_path) == before
    path.unlink()
    with pytest.raises(formats.OutputExistsError, match=r"\.drums_data: exists; use"):
        formats.write(SONG["KD"], path, audio=wav)
    formats.write(SONG, path, audio=wav, overwrite=True)
    assert audio_of(path).samefile(wav)


def test_our_own_project_is_replaced(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    flac = tmp_path / "in" / "song.flac"
    soundfile.write(flac, music(1.0), 22050)
    saved = tmp_path / "song.drums.aup3"
    saved.write_bytes(b"the user's")
    formats.write(SONG["KD"], path, audio=flac, overwrite=True)
    assert soundfile.info(audio_of(path)).samplerate == 22050
    assert list(labels_of(parse(path))) == ["Kick", "Beats", "Bars", "Form"]
    assert saved.read_bytes() == b"the user's"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in",
        "song.drums.aup",
        "song.drums.aup3",
        "song.drums_data",
    ]
    assert soundfile.info(wav).samplerate == 44100  # it was linked, and is there


def saved_by_audacity_2(path: Path) -> None:
    path.write_text('<?xml version="1.0"?><project projname="song.drums_data"/>')


def with_blocks(path: Path) -> None:
    (path.with_name("song.drums_data") / "e00").mkdir()


def with_a_file(path: Path) -> None:
    (path.with_name("song.drums_data") / "notes.txt").write_text("mine")


def with_a_folder_called_audio(path: Path) -> None:
    audio = audio_of(path)
    audio.unlink()
    audio.mkdir()


def with_another_recording(path: Path) -> None:
    (path.with_name("song.drums_data") / "audio.wav").write_bytes(b"mine")


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_a_link(path: Path) -> None:
    folder = path.with_name("song.drums_data")
    shutil.move(folder, path.with_name("elsewhere"))
    folder.symlink_to(path.with_name("elsewhere"), target_is_directory=True)


def as_a_file(path: Path) -> None:
    folder = path.with_name("song.drums_data")
    shutil.rmtree(folder)
    folder.write_text("mine")


@pytest.mark.parametrize(
    "change",
    [
        saved_by_audacity_2,
        with_blocks,
        with_a_file,
        with_a_folder_called_audio,
        with_another_recording,
        as_a_folder,
        as_a_link,
        as_a_file,
    ],
)
def test_what_is_not_ours_stays(
    tmp_path: Path, wav: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    change(path)
    before = listing(tmp_path)
    with pytest.raises(AdtError, match=r"is left alone|is a folder"):
        formats.write(SONG["KD"], path, audio=wav, overwrite=True)
    with pytest.raises(AdtError):
        formats.check_outputs(path, "aup", overwrite=True)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("step", ["audio", "text", "folder", "file"])
def test_all_or_nothing(
    tmp_path: Path,
    wav: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    overwrite: bool,
) -> None:
    path = tmp_path / "song.drums.aup"
    if overwrite:
        formats.write(SONG, path, audio=wav)
    before = listing(tmp_path)

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name.startswith(".adt") and self.name.endswith("_data"):
            fail()
        return rename(self, target)

    if step == "audio":
        monkeypatch.setattr(
            "adt_plugins.formats.audacity_project.media.place_recording", fail
        )
    elif step == "text":
        monkeypatch.setattr(writer, "_wave_track", fail)
    elif step == "folder":
        monkeypatch.setattr(Path, "rename", fail_for_the_new)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(AdtError) as error:
        formats.write(SONG["KD"], path, audio=wav, overwrite=overwrite)
    assert str(error.value) == f"{path}: No space left on device"
    assert listing(tmp_path) == before


def test_ctrl_c_leaves_nothing(
    tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_wave_track", interrupt)
    before = listing(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        formats.write(SONG, tmp_path / "song.drums.aup", audio=wav)
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("song.drums", "the name of a project ends in .aup"),
        (".aup", "the name of a project ends in .aup"),
        ("nowhere/song.aup", "no such folder"),
    ],
)
def test_places_that_are_refused(
    tmp_path: Path, wav: Path, name: str, reason: str
) -> None:
    with pytest.raises(AdtError) as error:
        formats.write(SONG, tmp_path / name, "aup", audio=wav)
    assert str(error.value) == f"{tmp_path / name}: {reason}"


def test_a_name_that_is_no_text(tmp_path: Path, wav: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("not on this system: names are text")
    path = tmp_path / os.fsdecode(b"\xff.aup")
    with pytest.raises(FormatError, match="whose names are not UTF-8"):
        formats.write(SONG, path, audio=wav)
