"""The extension for Audacity 4, in a host that behaves as Audacity's source says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.audacity import script_pipe
from adt_plugins.audacity.extension import (
    FILES,
    FOLDER,
    LABELS,
    extensions_folder,
    hand_over,
    install_extension,
    is_installed,
    uninstall_extension,
)
from adt_plugins.audacity.install import extension_folders
from adt_plugins.audacity.script_pipe_channel import NoAudacityError
from adt_plugins.base.folders import HOME_VARIABLE, asset
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.labels.tracks import LabelTrack, moved, tracks_of
from adt_plugins.transcription import Transcription
from tests.support.audacity.fake_plugin import FakePlugin
from tests.support.paths import EXAMPLES, ROOT
from tests.support.recordings import HITS, SECONDS
from tests.support.tiny_model import play

HOST = ROOT / "tests" / "support" / "audacity" / "extension_host.js"
SONG = Transcription(
    onsets=tuple(
        Onset(time, drum, 100, 0.9)
        for time, drum in ((0.5, Drum.KD), (0.5, Drum.HH), (1.0, Drum.SD))
    ),
    beats=(Beat(0.5, 1), Beat(1.0, 2)),
)


@pytest.fixture
def extensions(tmp_path: Path) -> Path:
    folder = tmp_path / "a house" / "extensions"
    install_extension(folder)
    return folder


@pytest.fixture
def of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The extension where a user's Audacity 4 looks for it."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE", HOME_VARIABLE):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    folder = extensions_folder()
    install_extension(folder)
    return folder


def run(extensions: Path, length: float = 60.0) -> Any:
    """Return what the command does in a project of a given length."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, str(HOST), str(extensions / FOLDER), str(length)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_tracks_are_added_with_their_names(extensions: Path) -> None:
    tracks = tracks_of(SONG, "short")
    assert hand_over(tracks, "song.flac", extensions)
    made = run(extensions)["tracks"]
    assert [track["name"] for track in made] == [
        "Kick",
        "Snare",
        "Hi-hat",
        "Beats",
        "Bars",
    ]
    for own, track in zip(made, tracks, strict=True):
        assert own["labels"] == [[x.start, x.end, x.text] for x in track.labels]


def test_any_text_arrives(extensions: Path) -> None:
    texts = [
        'say "ah"',
        "back\\slash",
        "a\u2028b",
        "Jürgen 🥁",
        "'; throw 1; '",
        "</b>",
    ]
    labels = tuple(Label(k, k + 0.1, text) for k, text in enumerate(texts))
    assert hand_over([LabelTrack('my "own"', labels)], "x", extensions)
    (track,) = run(extensions)["tracks"]
    assert track["name"] == 'my "own"'
    assert [text for _, _, text in track["labels"]] == texts


def test_what_lies_before_the_start_is_left_out(extensions: Path) -> None:
    assert hand_over(moved(tracks_of(SONG), -0.75), "x", extensions)
    made = {t["name"]: t["labels"] for t in run(extensions)["tracks"]}
    assert made["Kick"] == []
    assert [start for start, _, _ in made["Snare"]] == [0.25]


def test_labels_of_another_song_are_refused(extensions: Path) -> None:
    hand_over(tracks_of(SONG.shifted(100)), "long.flac", extensions)
    message = run(extensions, 60.0)["told"]
    assert "made last (long.flac, " in message
    assert "another song" in message
    assert "tracks" in run(extensions, 100.5)


def test_without_labels_it_says_how_to_make_some(extensions: Path) -> None:
    assert "Analyze > Drum Labels on One Track" in run(extensions)["told"]
    hand_over([], "silence.wav", extensions)
    assert "adt audacity push" in run(extensions)["told"]
    (extensions / FOLDER / LABELS).write_text("exports.latest = {")  # as if damaged
    assert "There are no drum labels yet" in run(extensions)["told"]


def test_the_watcher_leaves_what_it_found(of_the_user: Path, served: Path) -> None:
    FakePlugin(served).ask(play(HITS, SECONDS), start=2.0)
    made = {track["name"]: track["labels"] for track in run(of_the_user)["tracks"]}
    kicks = [time + 2.0 for time, drum in HITS if drum == "KD"]
    assert [start for start, _, _ in made["Kick"]] == pytest.approx(kicks, abs=0.02)


def test_push_without_a_pipe(
    of_the_user: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def no_audacity() -> None:
        raise NoAudacityError("pipe")

    monkeypatch.setattr(script_pipe, "_open_soon", no_audacity)
    song = str(EXAMPLES / "groove.txt")
    assert main(["audacity", "push", song, "--drums", "snare", "--offset", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "for Audacity 4: Snare",
        "choose Tools > Drum Labels on Separate Tracks there; nothing was sent to"
        " Audacity 3",
    ]
    (snare,) = run(of_the_user)["tracks"]
    (first, *_) = formats.read(EXAMPLES / "groove.txt").times("SD")
    assert snare["labels"][0][0] == pytest.approx(3 + first)
    uninstall_extension(of_the_user)
    assert main(["audacity", "push", song]) == 2
    assert "no running Audacity can be reached" in capsys.readouterr().err


def test_nothing_is_written_where_it_is_not_installed(tmp_path: Path) -> None:
    assert not is_installed(tmp_path)
    assert not hand_over(tracks_of(SONG), "x", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "env", "wanted"),
    [
        ("linux", {}, ".local/share/Audacity/Audacity4"),
        ("linux", {"XDG_DATA_HOME": "{home}/d"}, "d/Audacity/Audacity4"),
        ("win32", {"LOCALAPPDATA": "{home}/l"}, "l/Audacity/Audacity4"),
        ("win32", {}, "AppData/Local/Audacity/Audacity4"),
        ("darwin", {}, "Library/Application Support/Audacity/Audacity4"),
    ],
)
def test_where_it_goes(
    tmp_path: Path, platform: str, env: dict[str, str], wanted: str
) -> None:
    env = {key: value.format(home=tmp_path) for key, value in env.items()}
    folder = tmp_path / wanted / "extensions"
    assert extensions_folder(platform=platform, env=env, home=tmp_path) == folder
    assert extension_folders(platform=platform, env=env, home=tmp_path) == []
    folder.parent.mkdir(parents=True)
    assert extension_folders(platform=platform, env=env, home=tmp_path) == [folder]


def test_install_again_and_uninstall(extensions: Path) -> None:
    own = extensions / FOLDER
    hand_over(tracks_of(SONG), "x", extensions)
    (own / FILES[1]).write_text("// of an earlier release\n")
    assert install_extension(extensions) == [own / name for name in FILES]
    shipped = asset("audacity", f"extension/{FILES[1]}").read_bytes()
    assert (own / FILES[1]).read_bytes() == shipped
    assert (own / LABELS).exists()
    assert uninstall_extension(extensions) == [own]
    assert not own.exists()
    assert uninstall_extension(extensions) == []


@pytest.mark.parametrize("act", [install_extension, uninstall_extension])
def test_an_extension_that_is_not_ours_stays(tmp_path: Path, act: Any) -> None:
    own = tmp_path / FOLDER
    own.mkdir()
    (own / FILES[0]).write_text('{"uri": "extension://mine"}')
    with pytest.raises(AdtError, match="was not made by adt-plugins"):
        act(tmp_path)
    assert [path.name for path in own.iterdir()] == [FILES[0]]
