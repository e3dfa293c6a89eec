"""`adt audacity pull` of a project that is open, with a stand-in for Audacity."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.audacity import script_pipe_posix
from adt_plugins.cli import main
from adt_plugins.labels.tracks import LabelTrack, tracks_of
from tests.support.audacity.fake_audacity import OK, FakeAudacity, echo
from tests.support.paths import GROOVE

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="named pipes are of POSIX"),
    pytest.mark.usefixtures("user_home"),
]


class Project:
    """The project that is open: a recording, and label tracks."""

    def __init__(self) -> None:
        self.tracks: Sequence[LabelTrack] = ()

    def answer(self, command: str) -> str | None:
        """Answer like Audacity, with six digits."""
        if command.startswith("GetInfo: Type=Tracks"):
            names = [{"name": track.name, "kind": "label"} for track in self.tracks]
            return json.dumps([{"name": "sound", "kind": "wave"}, *names]) + OK
        if command.startswith("GetInfo: Type=Labels"):
            labels = [
                [n, [[float(f"{x.start:.6g}")] * 2 + [x.text] for x in track.labels]]
                for n, track in enumerate(self.tracks, 1)
            ]
            return json.dumps(labels) + OK
        return echo(command)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    pipes = tmp_path / "pipes"
    pipes.mkdir()
    monkeypatch.setattr(script_pipe_posix, "fifo", lambda way: pipes / way)
    project = Project()
    audacity = FakeAudacity(pipes, project.answer)
    try:
        yield project
    finally:
        audacity.close()


@pytest.fixture
def songs(tmp_path: Path) -> tuple[Path, Path]:
    """Return two recordings that were transcribed before."""
    samples, rate = soundfile.read(GROOVE)
    paths = (tmp_path / "one.wav", tmp_path / "two.wav")
    for path, start in zip(paths, (0, 9), strict=True):
        soundfile.write(path, samples[start * rate :][: 5 * rate], rate)
        assert main([str(path), "--format", "json,labels", "-q"]) == 0
    return paths


def test_a_project_without_hits_is_not_the_songs(
    project: Project, songs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one = songs[0].with_name("one.drums.json")
    before = one.read_bytes()
    assert main(["audacity", "pull", str(songs[0])]) == 1
    assert "has no labels of drums: is it that of one?" in capsys.readouterr().err
    assert one.read_bytes() == before


def test_labels_of_another_song_are_refused(
    project: Project, songs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one = songs[0].with_name("one.drums.json")
    before = one.read_bytes()
    two = formats.read(songs[1].with_name("two.drums.json"))
    project.tracks = tracks_of(two, "short")
    assert main(["audacity", "pull", str(songs[0])]) == 1
    error = capsys.readouterr().err
    assert "are those of two, not of" in error
    assert error.endswith(f"write: adt audacity pull {songs[1]}\n")
    assert one.read_bytes() == before
    assert main(["audacity", "pull", str(songs[1])]) == 0
    assert formats.read(songs[1].with_name("two.drums.json")).onsets == two.onsets


def test_a_copy_of_the_song_and_another_name_are_not(
    project: Project, songs: tuple[Path, Path], tmp_path: Path
) -> None:
    one = formats.read(songs[0].with_name("one.drums.json"))
    project.tracks = tracks_of(one, "short")
    copy = tmp_path / "copy.wav"
    copy.write_bytes(songs[0].read_bytes())
    flac = tmp_path / "one.flac"
    soundfile.write(flac, *soundfile.read(songs[0]))
    for name in (copy, tmp_path / "free name", flac):
        assert main(["audacity", "pull", str(name), "--format", "csv"]) == 0
