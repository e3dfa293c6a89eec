"""Installs the Nyquist plug-ins where Audacity finds them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adt_plugins.audacity.extension import extensions_folder
from adt_plugins.audacity.flatpak import plugin_folders_of_flatpaks
from adt_plugins.audacity.launch import find_audacity
from adt_plugins.audacity.request_folder import other_homes
from adt_plugins.base.files import left_alone
from adt_plugins.base.folders import (
    application_support,
    asset,
    roaming_app_data,
    xdg_data_home,
)
from adt_plugins.base.own_files import write_own
from adt_plugins.errors import AdtError, reason_of

PLUGINS = ("drum-labels.ny", "drum-label-tracks.ny")
_RUN_BY_AUDACITY_4 = ("drum-labels.ny",)
"""Audacity 4 has no ``aud-do``, so a plug-in can make only the one label track that it
returns; `adt_plugins.audacity.extension` makes separate ones."""
_MARK = b'$author "adt-plugins"'
_FOLDER, _NEW, _TENACITY = "Plug-Ins", "Audacity4", "tenacity"


def plugin_folders(
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> list[Path]:
    """Return the user's Plug-Ins folders, one for each Audacity that may exist.

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
        At least one; they need not exist. On Linux Flatpaks, the Snap and portable
        AppImages have their own; the usual folder is left out if only they are
        installed. The folders of Audacity 4 and Tenacity are included if they were ever
        started, and an Audacity whose settings lie beside its program.
    """
    home = home or Path.home()
    data, *others = _data_folders(platform, env, home)
    default = data / _FOLDER
    started = [other / _FOLDER for other in others if other.is_dir()]
    started += [folder / _FOLDER for folder in portable_folders(platform, env, home)]
    if platform in ("win32", "darwin"):
        return [default, *started]
    sandboxed = list(plugin_folders_of_flatpaks(home, _FOLDER))
    for other in other_homes(home):
        share = other / ".local" / "share"
        sandboxed.append(share / "audacity" / _FOLDER)
    # A Snap's program is in the path too, in a folder of its own.
    places = [p for p in env.get("PATH", "").split(os.pathsep) if "snap" not in p]
    is_usual = any((Path(place) / "audacity").is_file() for place in places)
    if not sandboxed or data.is_dir() or is_usual:
        return [default, *sandboxed, *started]
    return sandboxed + started


def portable_folders(platform: str, env: Mapping[str, str], home: Path) -> list[Path]:
    """Return the folder of an Audacity that keeps all settings beside its program.

    It does so if there is a folder ``Portable Settings``, as on a USB stick.
    """
    if platform == "darwin":
        return []
    command = find_audacity(env={"HOME": str(home), **env}, platform=platform)
    folder = Path(command[0]).parent / "Portable Settings" if command else None
    return [folder] if folder is not None and folder.is_dir() else []


def extension_folders(
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> list[Path]:
    """Return the folder of Audacity 4's extensions, if it was ever started.

    The parameters are those of `plugin_folders`.
    """
    home = home or Path.home()
    folder = extensions_folder(platform=platform, env=env, home=home)
    _, data, _ = _data_folders(platform, env, home)
    return [folder] if folder.parent.is_dir() or data.is_dir() else []


def _data_folders(
    platform: str, env: Mapping[str, str], home: Path
) -> tuple[Path, Path, Path]:
    """Return where Audacity 3, Audacity 4 and Tenacity keep a user's data."""
    if platform == "win32":
        base = roaming_app_data(env, home)
        return base / "audacity", base / "Audacity" / _NEW, base / _TENACITY
    if platform == "darwin":
        base = application_support(home)
        return base / "audacity", base / "Audacity" / _NEW, base / _TENACITY
    base = xdg_data_home(env, home)
    return base / "audacity", base / _NEW.lower(), base / _TENACITY


def _plugins_for(folder: Path) -> Sequence[str]:
    """Return the plug-ins that run in the Audacity of this folder."""
    is_new = folder.parent.name.lower() == _NEW.lower()
    return _RUN_BY_AUDACITY_4 if is_new else PLUGINS


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
        for name in _plugins_for(folder):
            _check_own(folder / name)
            contents[folder / name] = asset("audacity", name).read_bytes()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AdtError(f"{folder}: {reason_of(error)}") from error
    return write_own(contents)


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
                raise AdtError(f"{path}: {reason_of(error)}") from error
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
        raise left_alone(path)
