"""``adt audacity open``, and what the real Audacity then shows."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from adt_plugins.base.folders import HOME_VARIABLE
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project.aup3 import read_aup3
from adt_plugins.formats.audacity_project.binary_xml import Start, events
from adt_plugins.labels.tracks import LabelTrack
from tests.support.audacity.start import stopping_at_the_end, write_program
from tests.support.audio import encode
from tests.support.paths import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.tiny_model import play

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity
    from tests.support.screen import Screen

pytestmark = pytest.mark.needs_audacity

# Where its window has no size yet when it reads the list, Audacity zooms out as far
# as it can: with the same program, files and machine in some runs and not in others.
TRACKS = ["Kick", "Snare", "Hi-hat", "Tom", "Cymbal", "Beats", "Bars"]
LEAST_ZOOM = 0.00125


def view_of(path: Path) -> dict[str, Any]:
    """Return the view that a saved project stores."""
    with closing(sqlite3.connect(path)) as database:
        names, body = database.execute("SELECT dict, doc FROM project").fetchone()
    first = next(events(names + body))
    assert isinstance(first, Start)
    return first.attributes


@pytest.mark.parametrize("name", ["so 'n' & ä #1", 'so "n" <&>'])
def test_the_command(
    audacity: Audacity, tmp_path: Path, tiny_model: Path, name: str
) -> None:
    """From a recording to label tracks on the screen, with one command."""
    hits = [(0.5, "KD"), (1.0, "SD"), (1.5, "HH"), (2.0, "KD")]
    recording = tmp_path / f"{name}.wav"
    soundfile.write(recording, play(hits, 10.0), 44100)
    audacity.clear()
    with opened(audacity, tmp_path, tiny_model, recording):
        audacity.connect()
        shown = audacity.tracks(4)
        assert [t["name"] for t in shown] == [name, "Kick", "Snare", "Hi-hat"]
        assert shown[0]["end"] == pytest.approx(10.0, abs=1e-3)
        kick, snare, hat = (labels for _, labels in audacity.info("Labels"))
        assert [text for *_, text in kick + snare + hat] == [
            *("k", "k", "s", "h"),
        ]
        times = [start for start, *_ in kick + snare + hat]
        assert times == pytest.approx([0.5, 2.0, 1.0, 1.5], abs=0.02)
        wait_windows(audacity, f"{name}.drums")
        saved = tmp_path / "saved.aup3"
        audacity.save(saved)
    audacity.stop()
    view = view_of(saved)
    if '"' in name:  # a name that no list can hold
        return
    (listed,) = recording.with_suffix(".drums_data").glob("*.lof")
    assert listed.read_text(encoding="utf-8").splitlines() == [
        "window offset 0 duration 8",
        f'file "../{name}.drums.aup"',
    ]
    if view["zoom"] > LEAST_ZOOM:
        # The window shows its first eight seconds, from its first track on.
        assert view["vpos"] == 0
        assert view["h"] == 0
        assert 50 < view["zoom"] < 200


def test_a_first_start(screen: Screen, tmp_path: Path) -> None:
    """Where there has never been an Audacity: labels on the screen, at once."""
    home, recording = tmp_path / "home", tmp_path / "groove.flac"
    shutil.copy(ROOT / "examples" / "groove.flac", recording)
    from tests.support.audacity.program import Audacity, only_one  # not on every system

    with only_one():
        audacity = Audacity(home, screen)
        audacity.clear()
        # The default is a folder that an earlier one may have left things in.
        audacity.config.parent.mkdir(parents=True)
        audacity.config.write_text(f"[Directories]\nTempDir={audacity.temp}\n")
        pids = write_program(tmp_path / "audacity")
        command = ["audacity", "open", "--program", tmp_path / "audacity", recording]
        with stopping_at_the_end(pids):
            subprocess.run(
                [sys.executable, "-m", "adt_plugins", *map(str, command)],
                env={**audacity.environment, "PYTHONPATH": str(ROOT)},
                check=True,
                timeout=120,
            )
            end = time.monotonic() + PATIENCE_S
            while "groove.drums" not in (titles_now := screen.windows()):
                assert time.monotonic() < end, titles_now
                time.sleep(0.2)
            (unsaved,) = audacity.temp.glob("*.aup3unsaved")
            while len(tracks := tracks_in(unsaved)) < len(TRACKS):
                assert time.monotonic() < end, tracks
                time.sleep(0.2)
    assert [t.name for t in tracks] == TRACKS
    kick, snare, *_ = (track.labels for track in tracks)
    assert (kick[0].text, snare[0].text) == ("k", "s")
    # As examples/groove.txt has it.
    assert kick[0].start == pytest.approx(0.1, abs=0.02)
    assert snare[0].start == pytest.approx(0.675, abs=0.02)


def tracks_in(path: Path) -> list[LabelTrack]:
    """Return the label tracks of an open project; empty before it is stored."""
    try:
        return read_aup3(path, warn=pytest.fail)
    except AdtError:
        return []


def test_the_command_while_audacity_runs(
    audacity: Audacity, tmp_path: Path, tiny_model: Path
) -> None:
    """The project gets a window of its own; what was open stays as it was."""
    recording = tmp_path / "song.mp3"
    samples = play([(0.5, "KD"), (1.5, "SD")], 3.0)
    encode(recording, samples, "libmp3lame")
    audacity.start(recording)
    audacity.tracks(1)
    with opened(audacity, tmp_path, tiny_model, recording):
        wait_windows(audacity, "song", "song.drums")
        # The pipe speaks to the window that is in front.
        assert [t["name"] for t in audacity.tracks(3)] == ["song", "Kick", "Snare"]
        (kick, *_), (snare, *_) = (labels for _, labels in audacity.info("Labels"))
        assert kick[0] == pytest.approx(0.5, abs=0.02)
        assert snare[0] == pytest.approx(1.5, abs=0.02)
        audacity.save(tmp_path / "saved.aup3")  # else it asks
        audacity.command("Close:")
        assert [t["name"] for t in audacity.tracks(1)] == ["song"]


def wait_windows(audacity: Audacity, *titles: str) -> None:
    """Wait until there are these windows and no others."""
    end = time.monotonic() + PATIENCE_S
    while sorted(titles_now := audacity.screen.windows()) != sorted(titles):
        assert time.monotonic() < end, titles_now
        time.sleep(0.1)


@contextmanager
def opened(
    audacity: Audacity, folder: Path, model: Path, recording: Path
) -> Iterator[None]:
    """Run ``adt audacity open``, and end the program that it started."""
    program = folder / "audacity"
    pids = write_program(program)
    command = [sys.executable, "-m", "adt_plugins", "audacity", "open", str(recording)]
    command += ["--model", "tiny", "--program", str(program)]
    env = {**audacity.environment, HOME_VARIABLE: str(model.parent.parent)}
    with stopping_at_the_end(pids):
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stderr == ""
        assert done.returncode == 0
        assert done.stdout.endswith(f"opened it in Audacity ({program})\n")
        yield
