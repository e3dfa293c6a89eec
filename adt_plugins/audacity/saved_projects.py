"""Finds the project that a user has saved of a song, under whatever name.

Audacity proposes a name and folder of its own, so the project may be beside the song,
among the user's documents, or wherever Audacity saved last, according to its settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from adt_plugins.audacity.flatpak import flatpak_folder
from adt_plugins.audacity.install import portable_folders
from adt_plugins.audacity.request_folder import other_homes
from adt_plugins.base.folders import (
    application_support,
    roaming_app_data,
    xdg_config_home,
)
from adt_plugins.errors import AdtError
from adt_plugins.formats import song_stem
from adt_plugins.formats.audacity_project import read_project
from adt_plugins.labels.corrections import LEAST_SHARE, explained
from adt_plugins.labels.originals import Original
from adt_plugins.labels.tracks import read_tracks

SUFFIXES = (".aup3", ".aup4")
"""Suffixes of projects that Audacity 3 and 4 save."""

_MOST_LOOKED_AT = 40
_SAVE_FOLDERS = ("Directories/Save", "Directories/Open")


def find_saved(
    stem: str,
    folder: Path,
    originals: Sequence[Original] = (),
    *,
    env: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    home: Path | None = None,
) -> Iterator[Path]:
    """Find saved projects of a song.

    Parameters
    ----------
    stem, folder
        Stem and folder of the song's files.
    originals
        Transcriptions that the labels may have been made from: a project with such
        labels belongs to the song, whatever its name. Without them, its name decides.
    env, platform, home
        Environment, platform and home folder of the system to look at.

    Yields
    ------
    Path
        Paths of projects, the most recently saved first.
    """
    home = home or Path.home()
    settings = [_settings(path) for path in _settings_files(env, platform, home)]
    recent = chain.from_iterable(
        one.get("RecentFiles", {}).values() for one in settings
    )
    projects = {Path(text) for text in recent if text.lower().endswith(SUFFIXES)}
    folders = [folder, home, home / "Documents", home / "Documents" / "Audacity"]
    for one in settings:
        for section in _SAVE_FOLDERS:
            folders += [Path(text) for text in one.get(section, {}).values() if text]
    for place in folders:
        with suppress(OSError):
            projects |= {p for p in place.iterdir() if p.suffix.lower() in SUFFIXES}
    by_age: dict[Path, float] = {}
    for path in projects:
        with suppress(OSError):
            by_age[path.resolve()] = _saved_at(path)
    newest = sorted(by_age, key=lambda path: by_age[path], reverse=True)
    for path in newest[:_MOST_LOOKED_AT]:
        if _is_of(path, stem, originals):
            yield path


def _is_of(path: Path, stem: str, originals: Sequence[Original]) -> bool:
    named = song_stem(path).casefold() == stem.casefold()
    if not originals:
        return named
    try:
        reading = read_tracks(read_project(path, warn=lambda _: None))
    except AdtError:
        return False
    for original in originals:
        least = LEAST_SHARE * min(len(reading), len(original.transcription))
        if len(explained(reading, original.transcription)) >= max(least, 1):
            return True
    return named and not len(reading)


def _saved_at(path: Path) -> float:
    """Return when a project was last changed, also in the log of an open one."""
    times = [path.stat().st_mtime]
    with suppress(OSError):
        times.append(path.with_name(f"{path.name}-wal").stat().st_mtime)
    return max(times)


def _settings_files(
    env: Mapping[str, str], platform: str, home: Path
) -> Iterable[Path]:
    """Return where Audacity 3 keeps its settings."""
    if platform == "win32":
        roaming = roaming_app_data(env, home)
        folders = [roaming / "audacity"]
    elif platform == "darwin":
        folders = [application_support(home) / "audacity"]
    else:
        config = xdg_config_home(env, home)
        flatpak = flatpak_folder(home, "audacity") / "config" / "audacity"
        folders = [config / "audacity", home / ".audacity-data", flatpak]
        folders += [other / ".config" / "audacity" for other in other_homes(home)]
    folders += portable_folders(platform, env, home)
    return [folder / "audacity.cfg" for folder in folders]


def _settings(path: Path) -> dict[str, dict[str, str]]:
    """Read a settings file into sections of names and values."""
    sections: dict[str, dict[str, str]] = {}
    section = sections.setdefault("", {})
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            section = sections.setdefault(line[1:-1], {})
        elif "=" in line:
            name, _, value = line.partition("=")
            section[name] = value.strip('"').replace("\\\\", "\\")
    return sections
