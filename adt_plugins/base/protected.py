"""Files that an output must never replace: those of this run, and recordings.

``--overwrite`` does not change that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adt_plugins.errors import AdtError

RECORDINGS = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf"),
    *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".au", ".snd"),
    *(".m4a", ".m4b", ".aac", ".mp4", ".m4v", ".mov", ".mkv", ".mka", ".webm"),
    *(".avi", ".wma", ".wv", ".ape", ".ts", ".mpg", ".mpeg", ".flv"),
)
"""Suffixes of recordings, in lower case."""

_EBML, _ASF = b"\x1a\x45\xdf\xa3", b"\x30\x26\xb2\x75"

# How recordings begin, whatever their name: position and bytes.
_MAGIC = (
    *((8, form) for form in (b"WAVE", b"AIFF", b"AIFC", b"AVI ")),
    *((0, mark) for mark in (b"fLaC", b"OggS", b"caff", b"ID3", b"\xff\xfb", b"wvpk")),
    *((0, mark) for mark in (b".snd", b"MAC ", _EBML, _ASF)),
    (4, b"ftyp"),
)
_HEAD_BYTES = 16

READ = "is read by this run, and stays as it is; -o writes elsewhere"
WRITTEN = "was written by this run, and stays as it is"

_Identity = str | tuple[int, int]
_protected: dict[_Identity, str] = {}


def protect(*paths: str | bytes | os.PathLike[Any] | None, because: str = READ) -> None:
    """Protect files, and the targets of links, from being replaced by this run.

    There may be many, and `os.path.realpath` is slow: for files that exist, device and
    inode suffice.

    Parameters
    ----------
    *paths
        Files to protect; None is ignored.
    because
        Reason, for the message.
    """
    for path in paths:
        if path is not None:
            for identity in _identities(os.fsdecode(path), os.path.abspath):
                _protected.setdefault(identity, because)


@contextmanager
def protecting(*paths: Any) -> Iterator[None]:
    """Protect files until the end of a ``with`` block, like `protect`.

    Parameters
    ----------
    *paths
        Files; other values, such as None or an array of samples, are ignored.
    """
    before = dict(_protected)
    protect(*(p for p in paths if isinstance(p, (str, bytes, os.PathLike))))
    try:
        yield
    finally:
        _protected.clear()
        _protected.update(before)


def check_unprotected(path: Path, draft: Path | None = None) -> None:
    """Raise `AdtError` if a file must not be replaced.

    Parameters
    ----------
    path
        File to be written.
    draft
        The new content; None: not written yet.
    """
    if _protected:
        for name_of in (os.path.realpath, os.path.abspath):
            for identity in _identities(path, name_of) & _protected.keys():
                raise AdtError(f"{path}: {_protected[identity]}")
    if not is_recording(path):
        return
    is_sound = path.name.lower().endswith(RECORDINGS)
    if not is_sound or (draft is not None and not is_recording(draft)):
        raise AdtError(f"{path}: is a recording, and stays as it is")


def is_recording(path: Path) -> bool:
    """Return whether a file is a recording, by its name or its first bytes."""
    try:
        with open(os.path.realpath(path), "rb", opener=_open) as file:
            head = file.read(_HEAD_BYTES) or b""  # None from an empty pipe
    except (OSError, ValueError):
        return False
    if head and path.suffix.lower() in RECORDINGS:
        return True
    return any(head[at:].startswith(mark) for at, mark in _MAGIC)


def _open(name: str, flags: int) -> int:
    """Open without waiting: the file may be a pipe without a writer."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _identities(
    path: str | Path, name_of: Callable[[str | Path], str]
) -> set[_Identity]:
    """Return a file's name and, since it may have several, its device and inode."""
    identities: set[_Identity] = set()
    with suppress(OSError, ValueError):  # ValueError: a null byte in the name
        identities.add(os.path.normcase(name_of(path)))
        state = os.stat(path)  # noqa: PTH116 - a string
        if state.st_ino:
            identities.add((state.st_dev, state.st_ino))
    return identities
