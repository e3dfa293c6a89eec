"""Folders: of the files shipped with the package, and of what it keeps for a user.

The platforms' rules are written here rather than taken from platformdirs: they are also
applied to other programs (Audacity, the desktop) and to other processes' environments,
and the state's folder must not follow ``$XDG_STATE_HOME``, which plug-ins do not know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = ("audacity", "models", "notebook_ext")


def asset(folder: str, name: str = "") -> Path:
    """Return the path of a file shipped beside the Python code.

    Parameters
    ----------
    folder
        ``"audacity"``, ``"models"`` or ``"notebook_ext"``.
    name
        File name inside that folder; empty for the folder itself.

    Returns
    -------
    Path
        In an installed wheel below ``adt_plugins/_assets``, in a clone or an
        editable install at the top of the repository.

    Raises
    ------
    FileNotFoundError
        If no such file was shipped.
    """
    if folder not in _FOLDERS:
        raise ValueError(f"no asset folder {folder!r}; there are {', '.join(_FOLDERS)}")
    for root in (_PACKAGE / "_assets", _PACKAGE.parent):
        path = root / folder / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder}/{name} is not part of this installation")


HOME_VARIABLE = "ADT_PLUGINS_HOME"
"""Environment variable that moves everything the package keeps for a user."""


def user_folder() -> Path:
    """Return the folder for what a user has made for the package; it may not exist.

    ``$ADT_PLUGINS_HOME`` if that is set, else below the platform's folder for
    application data.
    """
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home)
    if sys.platform == "win32":
        base = local_app_data()
    elif sys.platform == "darwin":
        base = application_support(Path.home())
    else:
        base = xdg_data_home(os.environ, Path.home())
    return base / "adt-plugins"


def user_model_folder() -> Path:
    """Return the folder of a user's own models; it may not exist."""
    return user_folder() / "models"


def user_state_folder(
    env: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """Return the folder for the package's own state; it may not exist.

    ``$ADT_PLUGINS_HOME`` if that is set. It depends on as little of the environment
    as possible, so that programs of a desktop session find it as well.

    Parameters
    ----------
    env, platform
        Environment and ``sys.platform`` of this process, or of another.
    """
    home = env.get(HOME_VARIABLE)
    if home:
        return Path(home)
    if platform == "win32":
        base = local_app_data(env)
    else:
        base = Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return base / "adt-plugins"


def local_app_data(
    env: Mapping[str, str] = os.environ, home: Path | None = None
) -> Path:
    """Return Windows' folder for data that stay on this computer."""
    local = env.get("LOCALAPPDATA")
    return Path(local) if local else (home or Path.home()) / "AppData" / "Local"


def roaming_app_data(env: Mapping[str, str], home: Path) -> Path:
    """Return Windows' folder for data that follow a user to other computers."""
    roaming = env.get("APPDATA")
    return Path(roaming) if roaming else home / "AppData" / "Roaming"


def application_support(home: Path) -> Path:
    """Return macOS' folder for data of programs."""
    return home / "Library" / "Application Support"


def xdg_data_home(env: Mapping[str, str], home: Path) -> Path:
    """Return Linux' folder for a user's data (XDG Base Directory)."""
    return _xdg_folder(env, "XDG_DATA_HOME", home / ".local" / "share")


def xdg_config_home(env: Mapping[str, str], home: Path) -> Path:
    """Return Linux' folder for a user's settings (XDG Base Directory)."""
    return _xdg_folder(env, "XDG_CONFIG_HOME", home / ".config")


def _xdg_folder(env: Mapping[str, str], variable: str, default: Path) -> Path:
    # As the specification demands, a relative path is ignored.
    folder = Path(env.get(variable, ""))
    return folder if folder.is_absolute() else default


def windows_menu(env: Mapping[str, str], home: Path) -> Path:
    """Return the folder of a user's programs in Windows' Start menu."""
    windows = roaming_app_data(env, home) / "Microsoft" / "Windows"
    return windows / "Start Menu" / "Programs"
