"""Reads the label tracks of projects of Audacity 3 or 4 (``.aup3``, ``.aup4``).

Such a project is an SQLite database with the audio, and a document in binary XML
(`binary_xml`) with everything else. The file may come from anywhere, so only stored
values are read from the database, never computed ones, and reading is limited in size
and time.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from adt_plugins.base.files import read_bytes
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.audacity_project.binary_xml import events
from adt_plugins.formats.audacity_project.label_elements import label_tracks
from adt_plugins.labels.tracks import LabelTrack

_SQLITE_HEADER_BYTES = 100
_SQLITE = b"SQLite format 3\0"
_AUDACITY = b"AUDY"
_APPLICATION_ID = slice(68, 72)
_PAGE_SIZE = slice(16, 18)

# An hour of stereo has 0.4 MB, 10,000 labels 2 MB.
_MOST_DOCUMENT_BYTES = 64 << 20
# Reading takes milliseconds; a damaged or malicious database may never end.
_MOST_SECONDS = 10.0
_STEPS_BETWEEN_CHECKS = 10_000

# SQLite locks bytes here, which on Windows keeps others from reading them; it never
# uses the page that contains them.
_LOCKED_BYTE = 1 << 30
_COPY_BYTES = 1 << 20
_TRIES = 4
_PAUSE_SECONDS = 0.25


def read_aup3(path: Path, *, warn: Warn) -> list[LabelTrack]:
    """Read the label tracks of a saved project, open in Audacity or not.

    Parameters
    ----------
    path
        The ``.aup3`` file; it is not changed.
    warn
        Called with a line about each thing that is left out: changes that have not been
        saved, labels before 0 s.

    Returns
    -------
    list of LabelTrack
        The tracks as they were last saved; if they never were, as they were when
        Audacity ended. Times are exact.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If it is not such a project, or damaged.
    """
    with open_database(path) as database:
        saved, unsaved = read_documents(database)
    if saved is None and unsaved is None:
        raise FormatError("a project of Audacity without a document")
    tracks = label_tracks(events(saved if saved is not None else unsaved or b""))
    if saved is not None and unsaved is not None:
        with suppress(FormatError):
            if label_tracks(events(unsaved)).tracks != tracks.tracks:
                warn("has changed labels that were not saved; these are as saved")
    tracks.early.tell(warn)
    return tracks.tracks


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a project, or a copy of it if Audacity may have it open.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If it is not such a project, or damaged; also later, while it is read.
    """
    head = read_bytes(path, _SQLITE_HEADER_BYTES)
    if not head.startswith(_SQLITE) or head[_APPLICATION_ID] != _AUDACITY:
        raise FormatError("not a project of Audacity 3")
    try:
        with _database(path, head) as database:
            yield database
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # SQLite quotes what it could not parse, which may be any bytes.
        reason = "".join(c if c.isprintable() else "?" for c in str(error))
        raise FormatError(f"not a project that can be read: {reason}") from error


@contextmanager
def _database(path: Path, head: bytes) -> Iterator[sqlite3.Connection]:
    log = path.with_name(path.name + "-wal")
    with tempfile.TemporaryDirectory(prefix="adt-") as folder:
        if log.exists() and log.stat().st_size:
            copy = Path(folder, "project")
            _copy_project(path, log, copy, head)
            uri = f"{copy.as_uri()}?mode=rw"
        else:
            # Without a log the file is complete; opened this way, SQLite neither locks
            # it nor writes beside it.
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as database:
            _restrict(database)
            yield database


def _restrict(database: sqlite3.Connection) -> None:
    """Restrict a database to reading stored values."""
    end = time.monotonic() + _MOST_SECONDS
    database.set_progress_handler(
        lambda: int(time.monotonic() > end), _STEPS_BETWEEN_CHECKS
    )
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")


def check_table(
    database: sqlite3.Connection, table: str, expected: Sequence[str]
) -> None:
    """Raise `FormatError` unless this is a plain table with these columns."""
    # A view or a computed column could contain anything, of any size.
    (plain,) = database.execute(
        "SELECT count(*) FROM sqlite_master"
        " WHERE name = ? AND type = 'table' AND rootpage > 1",
        [table],
    ).fetchone()
    columns = {
        name: hidden
        for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})")
    }
    if plain != 1 or any(columns.get(name) != 0 for name in expected):
        raise FormatError(f"not a project of Audacity 3: no table {table!r}")


def read_documents(database: sqlite3.Connection) -> tuple[bytes | None, bytes | None]:
    """Return the document as it was saved, and as it was when Audacity ended."""
    return _document(database, "project"), _document(database, "autosave")


def _document(database: sqlite3.Connection, table: str) -> bytes | None:
    """Return the names and the document in a table, or None."""
    check_table(database, table, ("id", "dict", "doc"))
    row = database.execute(
        f"SELECT typeof(dict), length(dict), typeof(doc), length(doc)"
        f" FROM {table} WHERE id = 1"
    ).fetchone()
    if row is None:
        return None
    if row[0] != "blob" or row[2] != "blob":
        raise FormatError("not a project of Audacity 3: its document is not valid")
    if row[1] + row[3] > _MOST_DOCUMENT_BYTES:
        raise FormatError("its document is too large for a project")
    names, document = database.execute(
        f"SELECT dict, doc FROM {table} WHERE id = 1"
    ).fetchone()
    return bytes(names) + bytes(document)


def _copy_project(path: Path, log: Path, copy: Path, head: bytes) -> None:
    """Copy a project and its log as they are at one moment.

    Audacity moves pages from the log into the project now and then, so a copy made
    meanwhile may be inconsistent.
    """
    size = path.stat().st_size + log.stat().st_size
    if size > shutil.disk_usage(copy.parent).free:
        raise AdtError(
            f"{path}: is open in Audacity, and for a copy {size >> 20} MB are missing"
            f" in {copy.parent.parent}; close it in Audacity and try again"
        )
    page = int.from_bytes(head[_PAGE_SIZE], "big")
    page = 1 << 16 if page == 1 else page
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        before = _state(path), _state(log)
        _copy(path, copy, _LOCKED_BYTE // page * page if page else 0, page)
        _copy(log, copy.with_name(copy.name + "-wal"))
        if (_state(path), _state(log)) == before:
            return
    raise AdtError(f"{path}: Audacity is writing to it; try again in a moment")


def _state(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return 0, 0
    return about.st_size, about.st_mtime_ns


def _copy(source: Path, target: Path, hole: int = 0, hole_bytes: int = 0) -> None:
    """Copy a file, leaving a hole at some of its bytes."""
    with source.open("rb") as reader, target.open("wb") as writer:
        position = 0
        while block := reader.read(_block(position, hole)):
            writer.write(block)
            position += len(block)
            if position == hole:
                position = reader.seek(hole_bytes, 1)
                writer.seek(position)


def _block(position: int, hole: int) -> int:
    return min(_COPY_BYTES, hole - position) if position < hole else _COPY_BYTES
