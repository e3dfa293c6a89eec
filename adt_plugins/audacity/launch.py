"""Finds Audacity on a computer, and starts it with a project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from adt_plugins.audacity.flatpak import FLATPAKS
from adt_plugins.base.folders import xdg_data_home
from adt_plugins.errors import AdtError, reason_of
from adt_plugins.formats.audacity_project.writer import SUFFIX, opening_list

# Audacity 3 comes first, as it can do more. Audacity 4 is known from its source only:
# its program and folders on Windows and macOS have not been seen.
_PROGRAMS = ("audacity", "audacity4", "tenacity")
_APPLICATIONS = ("Audacity.app", "Audacity 4.app", "Tenacity.app")
_WINDOWS_FOLDERS = ("Audacity", "Audacity 4", "Audacity4", "Tenacity")
_WINDOWS_PROGRAMS = ("Audacity.exe", "bin/Audacity4.exe", "Tenacity.exe")

# A program that cannot start ends within this time. One that can is then running, or
# has passed the file on to an Audacity that was running already.
_WATCHED_SECONDS = 1.0

# Its exit code after that on Linux, and also without a screen.
_HANDED_OVER = 255

# Audacity replaces its settings in three steps, several times while it starts. Two that
# start at once may find none, and show a dialog (1 of 36 pairs of starts).
_STARTING_SECONDS = 5.0

_WINDOWS_KEYS = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\audacity.exe",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Audacity_is1",
)
_WINDOWS_VALUES = ("", "InstallLocation")


def find_audacity(
    env: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    root: Path = Path("/"),
) -> list[str] | None:
    """Find the program.

    Parameters
    ----------
    env, platform
        Environment and platform of the system to look at.
    root
        Root of the file system; another one in tests.

    Returns
    -------
    list of str or None
        The command that takes the path of a file; None if Audacity is in none of the
        usual places.
    """
    if platform == "win32":
        return next(_on_windows(env), None)
    home = Path(env.get("HOME") or Path.home())
    if platform == "darwin":
        folders = (root / "Applications", home / "Applications")
        for name in _APPLICATIONS:
            for folder in folders:
                if (folder / name).is_dir():
                    return command_of(folder / name)
        return None
    return _on_linux(env, home, root)


def command_of(program: Path) -> list[str]:
    """Return the command for a program, or for an application folder of macOS."""
    if program.suffix == ".app":
        return ["open", "-a", str(program)]
    return [str(program)]


def start_audacity(command: Sequence[str], path: Path) -> None:
    """Start Audacity with a file; it keeps running when this process ends.

    Parameters
    ----------
    command
        The command that `find_audacity` returns.
    path
        The file to open, in an Audacity that is running already if there is one.

    Raises
    ------
    AdtError
        If it cannot be started, or ends at once.
    """
    target = path.absolute()
    if sys.platform.startswith("linux"):
        age = _age_of_running()
        if age is not None:
            time.sleep(max(0.0, _STARTING_SECONDS - age))
        elif target.suffix.lower() == SUFFIX and _opens_too_early(command):
            target = opening_list(target) or target
    code = _launch([*command, str(target)])
    if code in (None, 0):
        return
    if code == _HANDED_OVER and sys.platform.startswith("linux"):
        if _age_of_running() is not None:
            return
        raise AdtError(f"{command[0]}: ended at once; is there a screen (DISPLAY)?")
    raise AdtError(f"{command[0]}: ended at once with code {code}")


def _launch(command: Sequence[str]) -> int | None:
    """Start a program; return its exit code if it ends soon, otherwise None."""
    detached: dict[str, Any] = {}
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        detached["creationflags"] = flags
    else:
        detached["start_new_session"] = True
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **detached,
        )
    except OSError as error:
        raise AdtError(f"{command[0]}: {reason_of(error)}") from error
    end = time.monotonic() + _WATCHED_SECONDS
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    code = process.returncode
    process.returncode = code or 0  # it runs on: avoid a ResourceWarning
    return code


def _age_of_running() -> float | None:
    """Return the age of this user's youngest Audacity in seconds, or None (Linux)."""
    ages = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            name, _, rest = (folder / "stat").read_bytes().rpartition(b")")
            if b"(audacity" not in name.lower() or folder.stat().st_uid != os.getuid():
                continue
            state, since_boot = rest.split()[0], int(rest.split()[19])
            if state != b"Z":
                uptime = float(Path("/proc/uptime").read_text().split()[0])
                ages.append(uptime - since_boot / os.sysconf("SC_CLK_TCK"))
    return min(ages, default=None)


def _opens_too_early(command: Sequence[str]) -> bool:
    """Whether this is Audacity 3 with GTK.

    It opens the files of its command line before its window has a size, and zooms
    projects, unlike audio, to fit: the view ends up at days per pixel, scrolled away
    from the first track (3.2; seen in 13 of 15 starts).
    """
    if len(command) > 1:
        return False
    try:
        return b"libwx_" in Path(command[0]).read_bytes()
    except OSError:
        return False


def _on_linux(env: Mapping[str, str], home: Path, root: Path) -> list[str] | None:
    for name in _PROGRAMS:
        program = shutil.which(name, path=env.get("PATH"))
        if program is not None:
            return [program]
    data = xdg_data_home(env, home)
    for name in FLATPAKS.values():
        for folder in (data / "flatpak", root / "var" / "lib" / "flatpak"):
            if (folder / "app" / name).is_dir():
                return ["flatpak", "run", name]
    if (root / "snap" / "bin" / "audacity").exists():
        return [str(root / "snap" / "bin" / "audacity")]
    images = sorted((home / "Applications").glob("[Aa]udacity*.AppImage"))
    return [str(images[-1])] if images else None


def _on_windows(env: Mapping[str, str]) -> Iterator[list[str]]:
    for place in (*_registered(), *_program_folders(env)):
        if place.suffix.lower() == ".exe":
            programs = [place]
        else:
            programs = [place / name for name in _WINDOWS_PROGRAMS]
        for program in programs:
            if program.is_file():
                yield [str(program)]


def _registered() -> Iterator[Path]:
    """Yield where the installer registered Audacity."""
    if sys.platform != "win32":
        return
    import winreg

    for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
            for name, value in zip(_WINDOWS_KEYS, _WINDOWS_VALUES, strict=True):
                try:
                    with winreg.OpenKey(hive, name, 0, winreg.KEY_READ | view) as key:
                        place, _ = winreg.QueryValueEx(key, value)
                except OSError:
                    continue
                if place:
                    yield Path(str(place).strip('"'))


def _program_folders(env: Mapping[str, str]) -> Iterator[Path]:
    places = [
        Path(env[variable])
        for variable in ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)")
        if env.get(variable)
    ]
    if env.get("LOCALAPPDATA"):
        places.append(Path(env["LOCALAPPDATA"], "Programs"))
    for name in _WINDOWS_FOLDERS:
        for place in places:
            yield place / name
