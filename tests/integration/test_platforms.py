"""Every module can be imported where a system lacks what others have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "adt_plugins"
POSIX_ONLY = ("fcntl", "grp", "pty", "pwd", "resource", "termios")
# Those that Windows does not have, of what anybody might take for granted.
ATTRIBUTES = (
    *("fork", "getuid", "geteuid", "mkfifo", "sched_getaffinity", "killpg"),
    *("O_NOFOLLOW", "O_NONBLOCK", "umask", "chown", "statvfs", "uname"),
)
SIGNALS = ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGPIPE", "SIGALRM")

# On each of these systems alone; the other half of a pair is there for the rest.
OWN_SYSTEM = {
    "adt_plugins.audacity.script_pipe_posix": "posix",
    "adt_plugins.audacity.script_pipe_windows": "win32",
}

_WINDOWS = """
import os, signal, sys
from importlib import import_module
import asyncio, numpy, scipy.fft, soundfile  # which look at the system themselves
modules, attributes, signals, names = (text.split() for text in sys.argv[1:])
for name in modules:
    sys.modules[name] = None  # an import of it fails now
for name in attributes:
    if hasattr(os, name):
        delattr(os, name)
for name in signals:
    if hasattr(signal, name):
        delattr(signal, name)
import types
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.locking = 2, lambda *_: None
sys.modules["msvcrt"] = msvcrt
sys.platform = "win32"
failed = []
for name in names:
    try:
        import_module(name)
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
print("\\n".join(failed))
"""


def modules() -> list[str]:
    """Return the names of all modules that a user may import."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        if "training" not in parts and name not in OWN_SYSTEM:
            names.append(name)
    return [name for name in names if not name.endswith("__main__")]


def imported_as_on_windows(names: Iterable[str], cwd: Path = ROOT) -> list[str]:
    """Import modules where nothing of POSIX is there; return what failed."""
    lists = [POSIX_ONLY, ATTRIBUTES, SIGNALS, names]
    command = [sys.executable, "-c", _WINDOWS, *(" ".join(item) for item in lists)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.slow
def test_every_module_can_be_imported_on_windows() -> None:
    names = modules()
    assert {"adt_plugins.base.process_lock", "adt_plugins.audacity.watcher"} <= set(
        names
    )
    optional = ("matplotlib", "anywidget", "distributed", "fpdf", "mir_eval")
    failed = [
        text
        for text in imported_as_on_windows(names)
        if not any(name in text for name in optional)
    ]
    assert failed == []


@pytest.mark.parametrize(
    "line",
    ["import fcntl", "from os import getuid", "import signal; signal.SIGKILL"],
)
def test_what_windows_lacks_is_seen(line: str, tmp_path: Path) -> None:
    (tmp_path / "posix_only.py").write_text(line)
    (failed,) = imported_as_on_windows(["posix_only"], tmp_path)
    assert failed.startswith("posix_only: ")
