"""Projects as Audacity 3 saves them, made by hand from what was seen of them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

Value = str | int | float | bool | bytes
Tag = tuple[str, Mapping[str, Value], "list[Tag]"]

APPLICATION_ID = 0x41554459  # AUDY
_TABLES = ("project", "autosave")


class Document:
    """Builds the two columns of a document."""

    def __init__(self, char_size: int = 4) -> None:
        self._encoding = {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}[char_size]
        self._numbers: dict[str, int] = {}
        self.names = struct.pack("<BB", 0, char_size)
        self.body = b""

    def raw(self, text: str) -> None:
        """Add text outside of the tags."""
        data = text.encode(self._encoding)
        self.body += struct.pack("<Bi", 12, len(data)) + data

    def tag(self, name: str, attributes: Mapping[str, Value], *inner: Tag) -> None:
        """A tag with all that is in it."""
        self.body += struct.pack("<BH", 1, self._number(name))
        for key, value in attributes.items():
            self._attribute(key, value)
        for child, its_attributes, its_inner in inner:
            self.tag(child, its_attributes, *its_inner)
        self.body += struct.pack("<BH", 2, self._number(name))

    def _attribute(self, key: str, value: Value) -> None:
        number = self._number(key)
        if isinstance(value, bool):
            self.body += struct.pack("<BH?", 5, number, value)
        elif isinstance(value, int):
            self.body += struct.pack("<BHi", 4, number, value)
        elif isinstance(value, float):
            self.body += struct.pack("<BHdi", 10, number, value, -1)
        elif isinstance(value, bytes):
            self.body += struct.pack("<BHi", 16, number, len(value)) + value
        else:
            data = value.encode(self._encoding)
            self.body += struct.pack("<BHi", 3, number, len(data)) + data

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers)
            data = name.encode(self._encoding)
            header = struct.pack("<BHH", 15, self._numbers[name], len(data))
            self.names += header + data
        return self._numbers[name]


def label(start: float, text: str, end: float | None = None) -> Tag:
    """A label."""
    return (
        "label",
        {"t": start, "t1": start if end is None else end, "title": text},
        [],
    )


def track(name: str, *labels: Tag) -> Tag:
    """A label track."""
    about: dict[str, Value] = {
        "name": name,
        "isSelected": False,
        "height": 73,
        "minimized": False,
        "numlabels": len(labels),
    }
    return ("labeltrack", about, list(labels))


def document(
    tracks: Iterable[Tag], char_size: int = 4, picture: bytes | None = None
) -> tuple[bytes, bytes]:
    """Return a project's columns: an audio track, these, and Audacity 4's picture."""
    made = Document(char_size)
    made.raw('<?xml version="1.0" standalone="no" ?>\n')
    about: dict[str, Value] = {"version": "1.3.0", "audacityversion": "3.2.4"}
    block: Tag = ("waveblock", {"start": 0, "blockid": 1}, [])
    wave: Tag = ("wavetrack", {"name": "song", "rate": 44100, "gain": 1.0}, [block])
    extra: list[Tag] = []
    if picture is not None:
        extra.append(("thumbnail", {"data": picture}, []))
    made.tag("project", about, ("tags", {}, []), *extra, wave, *tracks)
    return made.names, made.body


def write_aup3(
    path: Path,
    saved: tuple[bytes, bytes] | None,
    unsaved: tuple[bytes, bytes] | None = None,
) -> sqlite3.Connection:
    """Write a project that is still open, as Audacity leaves it."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA page_size = 65536")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    for table, columns in zip(_TABLES, (saved, unsaved), strict=True):
        database.execute(
            f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, dict BLOB, doc BLOB)"
        )
        if columns is not None:
            database.execute(f"INSERT INTO {table} VALUES (1, ?, ?)", columns)
    database.execute(
        "CREATE TABLE sampleblocks (blockid INTEGER PRIMARY KEY AUTOINCREMENT,"
        " sampleformat INTEGER, summin REAL, summax REAL, sumrms REAL,"
        " summary256 BLOB, summary64k BLOB, samples BLOB)"
    )
    return database


def saved_project(path: Path, *tracks: Tag) -> Path:
    """Write a project and close it."""
    with closing(write_aup3(path, document(tracks))):
        return path


def clip(blocks: Iterable[tuple[int, int]], frames: int, **about: Value) -> Tag:
    """A clip of one channel: first frame and number of each block."""
    rows: list[Tag] = [
        ("waveblock", {"start": start, "blockid": block}, []) for start, block in blocks
    ]
    sequence: Tag = ("sequence", {"numsamples": frames}, rows)
    return ("waveclip", {"offset": 0.0, **about}, [sequence])


def write_sound(
    path: Path,
    tracks: Iterable[Tag],
    blocks: Iterable[tuple[int, bytes]],
    tempo: float = 120.0,
) -> Path:
    """Write a project with these tracks; blocks are format and bytes of samples."""
    made = Document()
    about: dict[str, Value] = {"version": "1.3.0", "time_signature_tempo": tempo}
    made.tag("project", about, *tracks)
    with closing(write_aup3(path, (made.names, made.body))) as database:
        for form, data in blocks:
            database.execute(
                "INSERT INTO sampleblocks (sampleformat, samples) VALUES (?, ?)",
                (form, data),
            )
    return path
