"""The commands of the documentation that need Audacity, in their order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adt_plugins import formats
from tests.support.audacity.start import stopping_at_the_end, write_program
from tests.support.paths import GROOVE, ROOT
from tests.support.snippets import README, snippets

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

TUTORIAL = ROOT / "docs" / "tutorials" / "audacity.md"


class Shell:
    """Return a user's shell, where `audacity` is the real one."""

    def __init__(self, audacity: Audacity, folder: Path) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        adt = programs / "adt"
        adt.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adt_plugins "$@"\n')
        adt.chmod(0o755)
        self.pids = write_program(programs / "audacity")
        self._env = {**audacity.environment, "PYTHONPATH": str(ROOT)}
        self._env["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(audacity: Audacity, tmp_path: Path) -> Shell:
    (tmp_path / "examples").mkdir()
    for copy in ("song.flac", "examples/groove.flac"):
        shutil.copy(GROOVE, tmp_path / copy)
    return Shell(audacity, tmp_path)


def test_the_readme(audacity: Audacity, shell: Shell) -> None:
    (opening,) = (block.content for block in snippets(README, "audacity"))
    audacity.clear()
    with stopping_at_the_end(shell.pids):
        assert "opened it in Audacity" in shell.run(opening)
        audacity.connect()
        assert audacity.tracks(6)[0]["name"] == "groove"


def test_the_tutorial(audacity: Audacity, shell: Shell) -> None:
    opening, installing, converting = (
        block.content for block in snippets(TUTORIAL, "audacity")
    )
    (pushing,) = (block.content for block in snippets(TUTORIAL, "running-audacity"))
    audacity.clear()
    with stopping_at_the_end(shell.pids):
        assert "opened it in Audacity" in shell.run(opening)
        audacity.connect()
        names = [track["name"] for track in audacity.tracks(6)][:6]
        assert names == ["song", "Kick", "Snare", "Hi-hat", "Tom", "Cymbal"]
        audacity.command('SetLabel: Label=0 Text="Snare 33" Start=0.2 End=0.2')
        audacity.save(shell.folder / "song.drums.aup3")
        # The page says that the project may stay open.
        shell.run(converting)
        audacity.disconnect()
        shell.run(pushing)
        audacity.connect()
        tracks = [track["name"] for track in audacity.info("Tracks")]
        assert {"Kick (adt)", "Snare (adt)", "Hi-hat (adt)"} <= set(tracks)
    hits = formats.read(shell.folder / "song.drums.mid")
    moved = [o for o in hits if o.velocity == 33]
    assert [(o.drum.value, round(o.time, 2)) for o in moved] == [("SD", 0.2)]
    project = formats.read(shell.folder / "song.drums.aup3")
    assert len(hits) == len(project) > 50
    assert len(formats.read(shell.folder / "corrected.drums.json")) > len(project)

    printed = shell.run(installing)
    assert printed.count("wrote ") == 3
    assert "restart Audacity" in printed
    assert len(list(audacity.plugin_folder.glob("*.ny"))) == 2
    assert shell.run("adt audacity install --uninstall").count("removed ") == 3
    assert not list(audacity.plugin_folder.glob("*.ny"))
