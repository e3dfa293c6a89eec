"""Finds recordings, each once, in the folders, lists and patterns that a user names."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from adt_plugins.base.pipes import is_named_pipe
from adt_plugins.base.protected import RECORDINGS, protect
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import AdtError, reason_of

LISTS = frozenset({".txt", ".lst", ".m3u", ".m3u8"})
"""Files that list recordings, one a line."""

STDIN = "-"

# Files that we and Audacity write beside recordings, which are not recordings.
_OWN_ENDINGS, _OWN_FOLDER = (".click.wav", ".drumless.flac"), "_data"
# Files with this ending are ours if the rest of the song is there.
_OWN_DRUMS = re.compile(r"\.drums(\.[A-Z]{2,3})?\.flac$", re.IGNORECASE)


def find_recordings(
    inputs: Iterable[str], *, without: Path | None = None, warn: Warn
) -> tuple[str | None, list[str]]:
    """Find all recordings in the inputs.

    Parameters
    ----------
    inputs
        Folders (with all that is in them), lists (one path a line, relative ones to
        the folder of the list; ``-``: standard input), patterns, recordings.
    without
        A folder to leave out: that of the outputs.
    warn
        Called with a line about each folder that cannot be read.

    Returns
    -------
    root
        The folder that contains all inputs; None if they are on two drives. It does not
        depend on the content of folders.
    recordings
        Absolute paths, sorted, each once.

    Raises
    ------
    AdtError
        If a folder or list does not exist, or nothing matches a pattern.
    """
    left_out = None if without is None else _identity(without)
    recordings: set[str] = set()
    roots: set[str] = set()
    for name in inputs:
        for path in _named(name):
            absolute = os.path.abspath(path)  # noqa: PTH100 - links stay
            if path.is_dir():
                roots.add(absolute)
                recordings.update(_of_folder(absolute, left_out, warn))
            else:
                roots.add(os.path.dirname(absolute))  # noqa: PTH120 - many of them
                recordings.add(absolute)
    try:
        root = os.path.commonpath(roots) if roots else None
    except ValueError:
        root = None
    protect(*recordings)
    return root, sorted(recordings)


def _named(name: str) -> Iterator[Path]:
    path = Path(name)
    if name == STDIN:
        yield from _of_list(sys.stdin.read(), Path.cwd(), "standard input")
    elif not os.path.lexists(path):
        if _is_recording(path.name) and not glob.has_magic(name):
            yield path  # it fails like one that a list names, and the others are done
            return
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - any root
        if not matches:
            is_pattern = glob.has_magic(name)
            missing = "nothing matches" if is_pattern else "no such file or folder"
            raise AdtError(f"{name}: {missing}")
        yield from (
            Path(match)
            for match in matches
            if Path(match).is_dir() or _is_recording(Path(match).name)
        )
    elif path.suffix.lower() in LISTS and path.is_file():
        protect(path)
        yield from _of_list(_read(path), path.parent, name)
    else:
        yield path


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AdtError(f"{path}: {reason_of(error)}") from error
    # Names that are not UTF-8 are kept as POSIX stores them.
    return data.decode("utf-8-sig", "surrogateescape")


def _of_list(text: str, base: Path, name: str) -> Iterator[Path]:
    if "\0" in text:
        raise AdtError(f"{name}: is not a list of recordings, but binary")
    for line in text.splitlines():
        name = line.strip()
        if name and not name.startswith("#"):  # M3U's comments
            yield base / name


def _of_folder(top: str, left_out: tuple[int, int] | None, warn: Warn) -> Iterator[str]:
    """Walk through links as well, but into each folder once: links may form a loop."""
    seen = {left_out, _identity(Path(top))}

    def tell(error: OSError) -> None:
        warn(f"{error.filename}: {reason_of(error)}")

    for folder, below, names in os.walk(top, followlinks=True, onerror=tell):
        inside = []
        for name in sorted(below):
            identity = _identity(Path(folder, name))
            if identity in seen or name.startswith(".") or name.endswith(_OWN_FOLDER):
                continue
            seen.add(identity)
            inside.append(name)
        below[:] = inside
        there = {name.lower() for name in names}
        for name in names:
            if not _is_recording(name) or _is_stem(name.lower(), there):
                continue
            # A pipe would wait for its writer.
            if not is_named_pipe(Path(folder, name)):
                yield os.path.join(folder, name)  # noqa: PTH118 - many of them


def _is_recording(name: str) -> bool:
    lower = name.lower()
    return (
        lower.endswith(RECORDINGS)
        and not lower.startswith(".")
        and not lower.endswith(_OWN_ENDINGS)
    )


def _is_stem(name: str, there: Container[str]) -> bool:
    """Return whether a file is one of the stems that a song was split into."""
    rest = _OWN_DRUMS.sub(".drumless.flac", name)
    return rest != name and rest in there


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
