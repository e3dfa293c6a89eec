"""Fresh environments and clean copies of the sources, for tests that install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from tests.support.paths import ROOT

MINORS = (10, 11, 12, 13, 14)
"""Minor versions of Python 3 that are supported."""

# No compiler: what has no wheel must fail here, as it would for a user.
NO_COMPILER = {"CC": "false", "CXX": "false"}


def run(
    command: Sequence[str | Path], cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is in the error if it fails."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise AssertionError(
            f"{' '.join(map(str, command))} exited with {done.returncode}\n"
            f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
    return done


def sources() -> list[Path]:
    """All files of the repository, without what git ignores."""
    if not (ROOT / ".git").exists():  # unpacked from a source archive
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [path for path in paths if "__pycache__" not in path.parts]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = (os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy_sources(target: Path) -> Path:
    """Copy the repository without leftovers of earlier builds."""
    for path in sources():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target / path)
    return target


def find_python(minor: int) -> Path | None:
    """Find an interpreter of this version, on the path or of pyenv."""
    if sys.version_info[1] == minor:
        return Path(sys.executable)
    on_path = shutil.which(f"python3.{minor}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    paths = [Path(on_path)] if on_path else []
    paths += sorted(pyenv.glob(f"3.{minor}.*/bin/python"))
    for python in paths:  # pyenv puts programs on the path that only complain
        done = subprocess.run([python, "-c", "import venv"], check=False)
        if done.returncode == 0:
            return python
    return None


class Environment:
    """A fresh virtual environment."""

    def __init__(self, folder: Path, python: Path | None = None) -> None:
        if python is None:
            venv.create(folder, with_pip=True)
        else:
            run([python, "-m", "venv", folder], cwd=folder.parent)
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.programs / "python"

    def pip_install(self, *what: str | Path, cwd: Path = ROOT) -> None:
        """Install with pip, where no compiler is."""
        command = [self.python, "-m", "pip", "install", "-q", *what]
        run(command, cwd=cwd, **NO_COMPILER)
