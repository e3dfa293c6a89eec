"""The Flatpaks of Audacity and Tenacity, each with data folders of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FLATPAKS = {
    "audacity": "org.audacityteam.Audacity",
    "tenacity": "org.tenacityaudio.Tenacity",
}
"""Program and identifier on Flathub."""


def flatpak_folder(home: Path, program: str) -> Path:
    """Return the folder of a program's Flatpak in a user's home folder."""
    return home / ".var" / "app" / FLATPAKS[program]


def plugin_folders_of_flatpaks(home: Path, name: str) -> Iterator[Path]:
    """Yield the folder of this name in the data of each Flatpak that was started."""
    for program in FLATPAKS:
        folder = flatpak_folder(home, program)
        if folder.is_dir():
            yield folder / "data" / program / name
