"""The commands of the README that need Audacity, in their order."""

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
from tests.support.paths import ROOT
from tests.support.readme import BLOCKS

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity


def test_commands(audacity: Audacity, tmp_path: Path) -> None:
    examples, programs = tmp_path / "examples", tmp_path / "bin"
    examples.mkdir()
    programs.mkdir()
    shutil.copy(ROOT / "examples" / "groove.flac", examples)
    adt = programs / "adt"
    adt.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adt_plugins "$@"\n')
    adt.chmod(0o755)
    pids = write_program(programs / "audacity")
    env = {**audacity.environment, "PYTHONPATH": str(ROOT)}
    env["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    opening, installing, converting = (
        block.content for block in BLOCKS if block.word == "needs-audacity"
    )
    audacity.clear()
    with stopping_at_the_end(pids):
        assert "opened it in Audacity" in run(opening)
        audacity.connect()
        names = [track["name"] for track in audacity.tracks(4)]
        assert names == ["groove", "Kick", "Snare", "Hi-hat", "Tom", "Cymbal"]
        audacity.command('SetLabel: Label=0 Text="Snare 33" Start=0.2 End=0.2')
        audacity.save(examples / "groove.drums.aup3")
        # The README says that the project may stay open.
        run(converting)
    hits = formats.read(examples / "groove.drums.mid")
    moved = [o for o in hits if o.velocity == 33]
    assert [(o.drum.value, round(o.time, 2)) for o in moved] == [("SD", 0.2)]
    assert len(hits) == len(formats.read(examples / "groove.drums.aup3")) > 50

    told = run(installing)
    assert told.count("wrote ") == 3
    assert "restart Audacity" in told
    assert len(list(audacity.plugin_folder.glob("*.ny"))) == 2
    assert run("adt audacity install --uninstall").count("removed ") == 3
    assert not list(audacity.plugin_folder.glob("*.ny"))
