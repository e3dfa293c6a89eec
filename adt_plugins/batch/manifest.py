"""The record of a batch: a file with one JSON object a line.

During a run lines are added: one when a recording is started, one when it is finished;
the last line of a recording counts. When the run ends, unless it is killed, the file is
replaced by one with a single line for each recording, sorted. So the same recordings
give the same manifest, in whatever order they were transcribed.

Lines that cannot be read are skipped, reported in one warning, and kept in another
file.
"""

from __future__ import annotations

import errno
import json
import os
import reprlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypedDict

from adt_plugins.base.files import replacing
from adt_plugins.base.strict_json import build, parse_json
from adt_plugins.batch.messages import Found, Output
from adt_plugins.errors import AdtError, FormatError, reason_of

NAME = "manifest.jsonl"
REJECTED_SUFFIX = ".rejected"
"""Suffix of the file with lines that could not be read, after the manifest's name."""

STARTED, DONE, FAILED, SKIPPED = "started", "done", "failed", "skipped"
_STATUSES = (STARTED, DONE, FAILED, SKIPPED)


class _Whole(TypedDict):
    input: str
    status: str
    outputs: list[Output]


class Line(_Whole, Found, total=False):
    """The result of a recording.

    `settings` identifies the options that affect the outputs; `bytes` and `modified`
    (ns) are the state of the recording at that time.
    """

    error: str | None
    warnings: list[str]
    sha256: str | None
    settings: str
    bytes: int | None
    modified: int | None


@dataclass(frozen=True)
class _Output:
    format: str
    path: str
    sha256: str | None = None


@dataclass(frozen=True)
class _Line:
    """The part of a line that is validated, since it may have been edited by hand."""

    input: str
    status: str
    outputs: tuple[_Output, ...] = ()
    error: str | None = None
    warnings: tuple[str, ...] = ()
    onsets: Mapping[str, int] | None = None
    duration: float | None = None
    tempo: float | None = None
    steady: Any = None
    meter: str | None = None
    beats: int | None = None
    sha256: str | None = None
    settings: str | None = None
    bytes: int | None = None
    modified: int | None = None


_LIMITS = {"modified": (-(2.0**63), 2.0**63), "bytes": (0.0, 2.0**63)}


class _Place(NamedTuple):
    """Position of a recording's last line in the file; lines stay on the disk."""

    start: int
    size: int


class Manifest:
    """The manifest of an output folder; use it in a ``with`` block.

    Memory grows by about 300 bytes for each recording, however long its lines are.

    Parameters
    ----------
    path
        The file; created if missing.
    warn
        Called once if there are lines that cannot be read.

    Raises
    ------
    AdtError
        If it cannot be read or written, or is another kind of file.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self.path = path
        self._places: dict[str, _Place] = {}
        self._rejected: list[_Place] = []
        try:
            # Unbuffered, so that a full disk is noticed at once.
            self._file = path.open("a+b", buffering=0)
            self._load(warn)
        except OSError as error:
            raise self._refusal(error) from error

    def _load(self, warn: Callable[[str], None]) -> None:
        position, data, first = 0, b"\n", ""
        with self.path.open("rb") as file:
            for number, data in enumerate(file, 1):
                place = _Place(position, len(data))
                position += len(data)
                if not data.strip():
                    continue
                try:
                    self._places[_checked(data)["input"]] = place
                except (FormatError, ValueError, TypeError) as error:
                    self._rejected.append(place)
                    first = first or f"line {number} is not of a manifest: {error}"
        has_end = data.endswith(b"\n")
        if first:
            # A kill may have cut the only line that there was.
            is_ours = bool(self._places) or (not has_end and data.startswith(b"{"))
            self._tell(first, is_ours, warn)
        if not has_end:
            self._file.write(b"\n")

    def _tell(self, first: str, is_ours: bool, warn: Callable[[str], None]) -> None:
        """Warn about unreadable lines; refuse a file that is not a manifest."""
        if not is_ours:
            raise AdtError(f"{self.path}: {first}")
        more = f" ({len(self._rejected) - 1} more)" if len(self._rejected) > 1 else ""
        kept = self._rejected_path.name
        warn(f"{self.path}: {first}{more}; passed over, and kept in {kept}")

    @property
    def _rejected_path(self) -> Path:
        return self.path.with_name(self.path.name + REJECTED_SUFFIX)

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None or not isinstance(error, AdtError):
                self._compact()
        finally:
            self._file.close()

    def __getitem__(self, name: str) -> Line | None:
        """Return the last line of a recording; None if there is none."""
        place = self._places.get(name)
        return None if place is None else self._read(place)

    def lines(self) -> Iterator[Line]:
        """Iterate over the last line of every recording, by name."""
        for name in sorted(self._places):
            yield self._read(self._places[name])

    def add(self, line: Line) -> None:
        """Add a line; it has been handed to the system when this returns."""
        # ASCII: a name that is not Unicode is kept as escapes.
        data = json.dumps(line, sort_keys=True).encode("ascii") + b"\n"
        start = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(data) < len(data):  # the disk is full
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(start)
            raise self._refusal(error) from error
        self._places[line["input"]] = _Place(start, len(data))

    def _read(self, place: _Place) -> Line:
        return _checked(self._bytes(place))

    def _bytes(self, place: _Place) -> bytes:
        """Return a line with its end, which an editor may have omitted."""
        self._file.seek(place.start)
        return self._file.read(place.size).rstrip(b"\r\n") + b"\n"

    def _keep_rejected(self) -> None:
        if self._rejected:
            try:
                with self._rejected_path.open("ab") as file:
                    file.writelines(map(self._bytes, self._rejected))
            except OSError as error:
                raise self._refusal(error) from error

    def _compact(self) -> None:
        """Leave one line for each recording, sorted."""
        with replacing(self.path, overwrite=True) as drafts:
            with drafts[0].open("wb") as file:
                for name in sorted(self._places):
                    file.write(self._bytes(self._places[name]))
            self._keep_rejected()
            self._file.close()  # Windows does not replace an open file

    def _refusal(self, error: OSError) -> AdtError:
        return AdtError(f"{self.path}: {reason_of(error)}")


def _checked(data: bytes) -> Line:
    """Parse a line; raises ValueError, TypeError or `FormatError`."""
    line: Line = parse_json(data)
    checked = build(_Line, line, _LIMITS, "it")
    if checked.status not in _STATUSES:
        raise ValueError(f"no status {reprlib.repr(checked.status)}")
    for name in (checked.input, *(item.path for item in checked.outputs)):
        _check_name(name)
    line.setdefault("outputs", [])
    line.setdefault("error", None)
    return line


def _check_name(name: str) -> None:
    """Raise ValueError for a name that no file can have."""
    if not name or "\0" in name:
        raise ValueError(f"{reprlib.repr(name)} is not the name of a file")
    os.fsencode(name)  # a UnicodeEncodeError is one, too
