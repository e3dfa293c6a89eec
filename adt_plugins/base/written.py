"""Remembers the files that we wrote: those nobody has changed may be replaced.

A small database in the user's folder keeps the hashes of each file's path and content,
but no name and no content. Without it no file counts as ours, and `--overwrite` is
needed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from hashlib import sha256 as _hash
from pathlib import Path

from adt_plugins.base.folders import user_state_folder
from adt_plugins.base.hashing import sha256
from adt_plugins.base.process_lock import Lock, LockedError

NAME = "written.sqlite"

_LOCK = "written.lock"
_PATIENCE_S = 5.0
_TICK_S = 0.005
_TABLE = (
    "CREATE TABLE IF NOT EXISTS written (place BLOB, content BLOB, at REAL, run BLOB,"
    " PRIMARY KEY (place, content)) WITHOUT ROWID"
)

_run = os.urandom(8)
_begun = float("inf")
_trusted: dict[bytes, str] = {}
_recent: dict[bytes, str] = {}


def is_ours(path: Path) -> bool:
    """Return whether a file is exactly what an earlier run wrote there."""
    try:
        target = os.path.realpath(path)
        if not os.path.isfile(target):  # noqa: PTH113 - pathlib's raises for odd names
            return False
        digests = _digests(_place(target))
        return bool(digests) and sha256(target) in digests
    except (OSError, ValueError):
        return False


def was_ours(path: Path) -> bool:
    """Return whether an earlier run wrote a file there, whatever it is now."""
    try:
        target = os.path.realpath(path)
        return os.path.isfile(target) and bool(_digests(_place(target)))  # noqa: PTH113
    except (OSError, ValueError):
        return False


def begin_run(folder: Path | None = None, since: float | None = None) -> float:
    """Begin a run: files that other processes write from now on are not ours.

    If two runs write the same file at the same time, one of them reports it.

    Parameters
    ----------
    folder
        A folder that one run at a time may write to: files that processes of such runs
        write belong to this one, even if an earlier run has left the processes behind.
    since
        When the run began, for a process of it; None: now.

    Returns
    -------
    float
        When it began, in seconds.
    """
    global _begun, _run  # noqa: PLW0603
    _begun = time.time() if since is None else since
    if folder is not None:
        _run = _place(folder)[:8]
    return _begun


def trust(contents: Mapping[Path, str]) -> None:
    """Count files as ours that another record lists, such as a manifest.

    Parameters
    ----------
    contents
        SHA-256 of the files. Those of an earlier call are forgotten, and so are the
        digests for `digest_of`.
    """
    _trusted.clear()
    _recent.clear()
    _trusted.update({_place(path): digest for path, digest in contents.items()})


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of what this process wrote to a file; None if nothing."""
    return _recent.get(_place(path))


@contextmanager
def alone() -> Iterator[None]:
    """Keep other runs from checking and moving their files meanwhile, if possible."""
    lock = None
    until = time.monotonic() + _PATIENCE_S
    with suppress(OSError):
        user_state_folder().mkdir(parents=True, exist_ok=True)
        while lock is None and time.monotonic() < until:
            try:
                lock = Lock(user_state_folder() / _LOCK)
            except LockedError:
                time.sleep(_TICK_S)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


@contextmanager
def noting(drafts: Sequence[Path], targets: Sequence[Path]) -> Iterator[None]:
    """Record the files that a ``with`` block moves from drafts to their targets.

    The new digests are added before the move and the old ones deleted after it, so
    that whichever file is there after a kill counts as ours.
    """
    digests = [sha256(draft) for draft in drafts]
    places = [_place(target) for target in targets]
    rows = [(p, bytes.fromhex(d)) for p, d in zip(places, digests, strict=True)]
    now = time.time()
    base = _open()
    with nullcontext() if base is None else closing(base):
        _execute(
            base,
            "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)",
            [(*row, now, _run) for row in rows],
        )
        yield
        _execute(base, "DELETE FROM written WHERE place = ? AND content <> ?", rows)
    _recent.update(zip(places, digests, strict=True))
    for place in places:
        _trusted.pop(place, None)


def _place(path: str | Path) -> bytes:
    name = os.path.normcase(os.path.realpath(path))
    return _hash(os.fsencode(name)).digest()[:16]


def _digests(place: bytes) -> set[str]:
    digests = {_trusted[place]} if place in _trusted else set()
    file = user_state_folder() / NAME
    if not file.exists():
        return digests
    with suppress(sqlite3.Error), closing(_connect(file)) as base:
        query = "SELECT content FROM written WHERE place = ? AND (at < ? OR run = ?)"
        rows = base.execute(query, (place, _begun, _run))
        digests |= {bytes(row[0]).hex() for row in rows}
    return digests


def _open() -> sqlite3.Connection | None:
    """Open the database to change it; None if that is not possible."""
    with suppress(sqlite3.Error, OSError):
        folder = user_state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return _connect(folder / NAME)
    return None


def _execute(
    base: sqlite3.Connection | None,
    statement: str,
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Change the database if possible; it is only a convenience."""
    if base is not None:
        with suppress(sqlite3.Error), base:
            base.execute(_TABLE)
            base.executemany(statement, rows)


def _connect(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=_PATIENCE_S)
    # After a power failure a lost entry only means that --overwrite is needed.
    base.execute("PRAGMA synchronous = OFF")
    return base
