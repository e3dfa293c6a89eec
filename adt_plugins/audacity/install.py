"""Putting the Nyquist plug-ins where Audacity finds them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adt_plugins.audacity.request_folder import snap_home
from adt_plugins.base.files import write_files
from adt_plugins.base.folders import asset
from adt_plugins.errors import AdtError

PLUGINS = ("drum-labels.ny", "drum-label-tracks.ny")
_MARK = b'$author "adt-plugins"'
_FLATPAK = Path(".var", "app", "org.audacityteam.Audacity")


def plugin_folders(
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> list[Path]:
    """Return the user's Plug-Ins folders, one for each Audacity there may be.

    Parameters
    ----------
    platform
        As in ``sys.platform``.
    env
        Environment: standard folders, and the path of programs.
    home
        The user's home folder; None: of this user.

    Returns
    -------
    list of Path
        At least one; they need not exist. On Linux the Flatpak and
        the Snap have their own, and the usual one is left out if they are all.
    """
    home = home or Path.home()
    if platform == "win32":
        roaming = env.get("APPDATA")
        base = Path(roaming) if roaming else home / "AppData" / "Roaming"
        return [base / "audacity" / "Plug-Ins"]
    if platform == "darwin":
        return [
            home / "Library" / "Application Support" / "audacity" / "Plug-Ins",
        ]
    data = env.get("XDG_DATA_HOME", "")
    base = Path(data) if Path(data).is_absolute() else home / ".local" / "share"
    usual = base / "audacity" / "Plug-Ins"
    sandboxed = []
    if (home / _FLATPAK).is_dir():
        sandboxed.append(home / _FLATPAK / "data" / "audacity" / "Plug-Ins")
    snap = snap_home({"HOME": str(home)})
    if snap is not None:
        share = snap / ".local" / "share"
        sandboxed.append(share / "audacity" / "Plug-Ins")
    # A Snap lies in the path as well, among its own kind.
    places = [p for p in env.get("PATH", "").split(os.pathsep) if "snap" not in p]
    is_usual = any((Path(place) / "audacity").is_file() for place in places)
    if not sandboxed or usual.parent.is_dir() or is_usual:
        return [usual, *sandboxed]
    return sandboxed


def install(folders: Sequence[Path]) -> list[Path]:
    """Copy the plug-ins into these folders.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AdtError
        If a file of the same name is not ours, or cannot be written.
    """
    contents = {}
    for folder in folders:
        for name in PLUGINS:
            _check_own(folder / name)
            contents[folder / name] = asset("audacity", name).read_bytes()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AdtError(f"{folder}: {error.strerror or error}") from error
    return write_files(contents, overwrite=True)


def uninstall(folders: Sequence[Path]) -> list[Path]:
    """Remove the plug-ins from these folders.

    Returns
    -------
    list of Path
        The files removed.

    Raises
    ------
    AdtError
        If a file of the same name is not ours, or cannot be removed.
    """
    removed = []
    for folder in folders:
        for name in PLUGINS:
            path = folder / name
            if not os.path.lexists(path):
                continue
            _check_own(path)
            try:
                path.unlink()
            except OSError as error:
                raise AdtError(f"{path}: {error.strerror or error}") from error
            removed.append(path)
    return removed


def _check_own(path: Path) -> None:
    if not os.path.lexists(path):
        return
    try:
        ours = _MARK in path.read_bytes()[:4096]
    except OSError:
        ours = False
    if not ours:
        raise AdtError(f"{path}: is not of adt-plugins, so it is left as it is")
