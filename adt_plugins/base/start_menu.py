"""An entry in the system's start menu that opens a page in the browser.

Linux: a ``.desktop`` file. macOS: a ``.webloc`` file in the user's Applications.
Windows: a ``.url`` file in the Start menu. None of them needs an administrator.
"""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Mapping
from pathlib import Path

from adt_plugins.base.folders import windows_menu, xdg_data_home

TITLE = "Drum Transcription"


def menu_entry(
    uri: str,
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> tuple[Path, bytes]:
    """Return the path of a menu entry, and its content.

    Parameters
    ----------
    uri
        Address, as `pathlib.Path.as_uri` returns it: ``%`` is the only character
        in it that has a meaning in one of the formats.
    platform
        As in ``sys.platform``.
    env
        Environment that determines the folders.
    home
        The user's home folder; None: that of this process.
    """
    home = home or Path.home()
    if platform == "win32":
        content = f"[InternetShortcut]\r\nURL={uri}\r\n".encode()
        return windows_menu(env, home) / f"{TITLE}.url", content
    if platform == "darwin":
        return home / "Applications" / f"{TITLE}.webloc", plistlib.dumps({"URL": uri})
    command = f'xdg-open "{uri}"'.replace("%", "%%")
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        f"Name={TITLE}",
        "Comment=Find, hear and correct the drum hits of a recording",
        f"Exec={command}",
        "Terminal=false",
        "Categories=AudioVideo;Audio;Music;",
        "",
    )
    entry = xdg_data_home(env, home) / "applications" / "adt-plugins.desktop"
    return entry, "\n".join(lines).encode()
