"""The extension for Audacity 4, and the labels that it puts into a project.

Audacity 4 does not run the commands of plug-ins, so a plug-in can no longer make named
label tracks. An extension in JavaScript can, but it can neither write files nor reach
other programs. It can read scripts in its own folder, though, so the latest labels are
written there as a script.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from adt_plugins.base.files import left_alone, write_files
from adt_plugins.base.folders import (
    application_support,
    asset,
    local_app_data,
    xdg_data_home,
)
from adt_plugins.base.own_files import write_own
from adt_plugins.errors import AdtError, reason_of
from adt_plugins.labels.tracks import LabelTrack

FOLDER = "adt-plugins"
FILES = ("manifest.json", "drum-labels.js")
LABELS = "labels.js"
"""The script with the latest labels."""

COMMAND = "Tools > Drum Labels on Separate Tracks"

_MARK = '"uri": "extension://adt-plugins/'
_VERSION = 1


def extensions_folder(
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Path:
    """Return the folder of the user's extensions of Audacity 4; it need not exist.

    The parameters are those of `adt_plugins.audacity.install.plugin_folders`.
    """
    home = home or Path.home()
    if platform == "win32":
        base = local_app_data(env, home)
    elif platform == "darwin":
        base = application_support(home)
    else:
        base = xdg_data_home(env, home)
    return base / "Audacity" / "Audacity4" / "extensions"


def install_extension(folder: Path) -> list[Path]:
    """Copy the extension into a folder of extensions.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AdtError
        If there is one of the same name that is not ours, or it cannot be written.
    """
    target = folder / FOLDER
    _check_own(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdtError(f"{target}: {reason_of(error)}") from error
    contents = {
        target / name: asset("audacity", f"extension/{name}").read_bytes()
        for name in FILES
    }
    return write_own(contents)


def uninstall_extension(folder: Path) -> list[Path]:
    """Remove the extension from a folder of extensions.

    Returns
    -------
    list of Path
        The folder that was removed, if it was there.

    Raises
    ------
    AdtError
        If it is not ours, or cannot be removed.
    """
    target = folder / FOLDER
    if not os.path.lexists(target):
        return []
    _check_own(target)
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise AdtError(f"{target}: {reason_of(error)}") from error
    return [target]


def is_installed(folder: Path | None = None) -> bool:
    """Whether our extension is in a folder of extensions; None: this user's."""
    return _is_ours((folder or extensions_folder()) / FOLDER)


def hand_over(
    tracks: Iterable[LabelTrack], made: str, folder: Path | None = None
) -> bool:
    """Write label tracks where the extension finds them.

    Parameters
    ----------
    tracks
        Label tracks; their times are those of the project.
    made
        Name of their origin, for a message.
    folder
        The folder of extensions; None: this user's.

    Returns
    -------
    bool
        Whether the extension is installed and the labels have been written.
    """
    if not is_installed(folder):
        return False
    target = (folder or extensions_folder()) / FOLDER
    latest = {
        "version": _VERSION,
        "made": f"{made}, {datetime.now():%H:%M}",
        "tracks": [
            {
                "name": track.name,
                "labels": [[x.start, x.end, x.text] for x in track.labels],
            }
            for track in tracks
        ],
    }
    # As ASCII, since Unicode's line separators would end a line of the script.
    text = f"exports.latest = {json.dumps(latest, allow_nan=False)};\n"
    with suppress(AdtError, OSError):
        write_files({target / LABELS: text.encode("ascii")}, overwrite=True)
        return True
    return False


def _is_ours(folder: Path) -> bool:
    try:
        return _MARK in (folder / FILES[0]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _check_own(folder: Path) -> None:
    is_link = folder.is_symlink()
    if is_link or (folder.exists() and any(folder.iterdir()) and not _is_ours(folder)):
        raise left_alone(folder)
