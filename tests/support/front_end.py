"""The sources of what a browser loads, with what their build needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SOURCES = ROOT / "notebook_ext"


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a command there, and return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def copy_front_end(folder: Path) -> Path:
    """Copy the sources, with the packages that their lock file names; may skip."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    target = folder / "notebook_ext"
    shutil.copytree(SOURCES, target, ignore=shutil.ignore_patterns("node_modules"))
    installed = SOURCES / "node_modules"
    if installed.exists() and sys.platform != "win32":
        (target / "node_modules").symlink_to(installed)
        return target
    try:
        run(["npm", "ci", "--no-audit", "--no-fund"], target)
    except AssertionError as error:
        pytest.skip(f"npm cannot fetch the packages: {error}")
    return target
