"""Reaper's table of markers and regions, for its Region/Marker Manager.

Hits and beats are markers, bars are regions; see `adt_plugins.labels.tracks` for their
names. Reaper numbers markers and regions separately: M1, M2, R1 …
"""

from __future__ import annotations

import csv
import io
import re
import reprlib
from collections.abc import Iterator
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.one_track import read_one_track
from adt_plugins.labels.times import parse_time
from adt_plugins.labels.tracks import tracks_of
from adt_plugins.transcription import Transcription

COLUMNS = ("#", "Name", "Start", "End", "Length")
_DELIMITERS = (",", ";", "\t")
_ID = re.compile(r"[MR][0-9]{1,9}")


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "name",
    names: LabelNames | None = None,
) -> list[Path]:
    """Write a marker for each hit and beat, and a region for each bar, in seconds.

    For `text` and `names` see `adt_plugins.labels.tracks.tracks_of`.
    """
    tracks = tracks_of(transcription, text, names)
    labels = sorted(label for track in tracks for label in track.labels)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    counts = {"M": 0, "R": 0}
    for label in labels:
        kind = "R" if label.end > label.start else "M"
        counts[kind] += 1
        times = [f"{label.start:.9f}", "", ""]
        if kind == "R":
            times[1:] = f"{label.end:.9f}", f"{label.end - label.start:.9f}"
        rows.writerow([f"{kind}{counts[kind]}", label.text, *times])
    return write_files({path: out.getvalue().encode()}, overwrite=overwrite)


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read markers and regions with times in seconds, or minutes and seconds.

    Spreadsheets may have saved the table with semicolons or tabs, and decimal commas.
    Tables in beats or samples are refused, since they do not give the tempo or rate.
    """
    return read_one_track(path, _labels, warn=warn, names=names)


def _labels(text: str, early: EarlyLabels) -> Iterator[Label]:
    delimiter = _header(text)[1]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        missing = [name for name in COLUMNS[:3] if name.casefold() not in header]
        if missing:
            raise FormatError(f"no column {', '.join(missing)}")
        for row in rows:
            if any(cell.strip() for cell in row):
                label = _label(dict(zip(header, row, strict=False)), early)
                if label is not None:
                    yield label
    except (csv.Error, ValueError) as error:
        raise FormatError(f"line {rows.line_num}: {error}") from error


def _label(cells: dict[str, str], early: EarlyLabels) -> Label | None:
    """Build a label; raises a ValueError that says what is wrong."""
    if not _ID.fullmatch(cells.get("#", "").strip()):
        raise ValueError(
            f"{reprlib.repr(cells.get('#', ''))} is not a marker or region"
        )
    start = parse_time(cells.get("start", ""))
    end = cells.get("end", "")
    start, stop = early.place(start, parse_time(end) if end.strip() else start)
    return None if start < 0 else Label(start, stop, cells.get("name", ""))


def looks_like(head: str) -> bool:
    """Whether a text begins like a list of markers."""
    return _header(head)[0][:3] == [name.casefold() for name in COLUMNS[:3]]


def _header(text: str) -> tuple[list[str], str]:
    """Return the names of the columns, and the delimiter."""
    first = text.lstrip("\ufeff").split("\n", 1)[0].strip().casefold()
    delimiter = max(_DELIMITERS, key=first.count)
    return [name.strip(' "') for name in first.split(delimiter)], delimiter
