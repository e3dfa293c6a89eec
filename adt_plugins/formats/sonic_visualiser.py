"""Sonic Visualiser's annotation layers as text: a time and a label per line.

This is its format for layers of time instants; layers with values or durations between
the two are read as well. A header with the column names keeps it from mistaking labels
that are all numbers, such as MIDI notes, for a curve.
"""

from __future__ import annotations

import csv
import io
import re
import reprlib
from collections.abc import Iterator
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.files import lines, write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.one_track import read_one_track
from adt_plugins.labels.tracks import BARS, tracks_of
from adt_plugins.transcription import Transcription

_COLUMNS = ("TIME", "LABEL")
_TIME = r" *[+-]?[0-9]{1,9}(\.[0-9]*)?([eE][+-]?[0-9]{1,2})? *"
_NUMBER = re.compile(_TIME)
_LINE = re.compile(rf"{_TIME},[^\t]*")
# As a spreadsheet saves it in languages with decimal commas.
_WITH_COMMAS = re.compile(r" *[+-]?[0-9]{1,9}(,[0-9]*)? *;[^\t]*")


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "code",
    names: LabelNames | None = None,
) -> list[Path]:
    """Write a layer of time instants: hits, beats (``3.2``) and other labels.

    For `text` and `names` see `adt_plugins.labels.tracks.tracks_of`. Instants have no
    length, so bars are not written; they follow from the beats.
    """
    tracks = tracks_of(transcription, text, names)
    if transcription.beats:
        tracks = [track for track in tracks if track.name != BARS]
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for label in sorted(label for track in tracks for label in track.labels):
        # Sonic Visualiser reads line by line: a line break would end the instant.
        line = " ".join(re.split(r"[\r\n]+", label.text))
        rows.writerow([f"{label.start:.9f}", line])
    return write_files({path: out.getvalue().encode()}, overwrite=overwrite)


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read a layer whose first column is the time in seconds, and the last the label.

    A header is skipped. Semicolons may stand between the columns, with decimal commas.
    """
    return read_one_track(path, _labels, warn=warn, names=names)


def _labels(text: str, early: EarlyLabels) -> Iterator[Label]:
    for count, (number, line) in enumerate(lines(text)):
        commas = _WITH_COMMAS.fullmatch(line) is not None
        try:
            cells = next(csv.reader([line], delimiter=";" if commas else ","))
        except csv.Error as error:
            raise FormatError(f"line {number}: {error}") from error
        if commas:
            cells[0] = cells[0].replace(",", ".")
        if len(cells) < 2 or not _NUMBER.fullmatch(cells[0]):
            if count == 0 and [c.strip().casefold() for c in cells[:1]] == ["time"]:
                continue
            shown = reprlib.repr(line)
            raise FormatError(f"line {number} is not a time and a label: {shown}")
        time, _ = early.place(float(cells[0]))
        if time >= 0:
            yield Label(time, time, cells[-1].strip())


def looks_like(head: str) -> bool:
    """Whether a text begins like a layer."""
    first = next(lines(head), (0, ""))[1]
    names = [name.strip() for name in first.upper().split(",")]
    is_line = _LINE.fullmatch(first) or _WITH_COMMAS.fullmatch(first)
    return tuple(names) == _COLUMNS or is_line is not None
