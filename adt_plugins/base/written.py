"""Which files we wrote, by their content: those nobody has changed may be replaced.

A small database in the user's folder keeps, for each file, the hash of its path and
of what was written there; no name and no content. Where it cannot be kept, nothing
is known to be ours, and a user is asked.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
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
    """Whether a file holds what an earlier run wrote there, and nothing else."""
    try:
        target = os.path.realpath(path)
        if not os.path.isfile(target):  # noqa: PTH113 - pathlib's raises for odd names
            return False
        known = _known(_place(target))
        return bool(known) and sha256(target) in known
    except (OSError, ValueError):
        return False


def begin_run(*, alone: bool = False) -> None:
    """Say that what other processes write from now on is not of an earlier run.

    So of two runs that write one file at the same time, one says that it did.

    Parameters
    ----------
    alone
        There is no other run, but there may be processes that one has left behind:
        what they write is of an earlier run.
    """
    global _begun  # noqa: PLW0603
    _begun = float("inf") if alone else time.time()


def trust(contents: Mapping[Path, str]) -> None:
    """Say what was written by another account, such as a manifest's.

    Parameters
    ----------
    contents
        SHA-256 of files; those of an earlier call are forgotten, and what
        `digest_of` knows.
    """
    _trusted.clear()
    _recent.clear()
    _trusted.update({_place(path): digest for path, digest in contents.items()})


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of what this process wrote to a file; None: nothing."""
    return _recent.get(_place(path))


@contextmanager
def alone() -> Iterator[None]:
    """Let no other run check and move its files meanwhile, if that can be."""
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
    """Note what is moved from drafts to their targets in a ``with`` block.

    It is noted before and settled behind: whenever a kill comes, what is there is
    known, the old file as well as the new one.
    """
    digests = [sha256(draft) for draft in drafts]
    places = [_place(target) for target in targets]
    rows = [(p, bytes.fromhex(d)) for p, d in zip(places, digests, strict=True)]
    now = time.time()
    _execute(
        "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)",
        [(*row, now, _run) for row in rows],
    )
    yield
    _execute("DELETE FROM written WHERE place = ? AND content <> ?", rows)
    _recent.update(zip(places, digests, strict=True))
    for place in places:
        _trusted.pop(place, None)


def _place(path: str | Path) -> bytes:
    name = os.path.normcase(os.path.realpath(path))
    return _hash(os.fsencode(name)).digest()[:16]


def _known(place: bytes) -> set[str]:
    found = {_trusted[place]} if place in _trusted else set()
    file = user_state_folder() / NAME
    if not file.exists():
        return found
    with suppress(sqlite3.Error), closing(_connect(file)) as base:
        query = "SELECT content FROM written WHERE place = ? AND (at < ? OR run = ?)"
        rows = base.execute(query, (place, _begun, _run))
        found |= {bytes(row[0]).hex() for row in rows}
    return found


def _execute(statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Change the database, if that can be; it is a convenience."""
    with suppress(sqlite3.Error, OSError):
        folder = user_state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with closing(_connect(folder / NAME)) as base, base:
            base.execute(_TABLE)
            base.executemany(statement, rows)


def _connect(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=_PATIENCE_S)
    # What a power failure takes is asked for again.
    base.execute("PRAGMA synchronous = OFF")
    return base
