"""A table for spreadsheets and scripts: time, drum, velocity, confidence."""

from __future__ import annotations

import csv
import io
import re
import reprlib
from pathlib import Path

from adt_plugins.annotations import Label, Onset
from adt_plugins.base.files import read_text, write_files
from adt_plugins.base.reporting import Warn, about, name_some
from adt_plugins.drums import drum_of_name
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.transcription import Transcription

COLUMNS = ("time", "drum", "velocity", "confidence")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_OTHER_NAMES = {
    "time": ("onset", "start"),
    "marker": ("label", "name", "instrument", "note"),
}
# Spreadsheets name the delimiter first; scripts write comments.
_ABOVE = re.compile(r"(?:(?:sep=.|#(?!,)[^\r\n]*|[ \t]*)(?:\r\n?|\n))*", re.IGNORECASE)
# Spreadsheets in languages with decimal commas save with semicolons.
_DELIMITERS = (",", ";", "\t")


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write a header and a line for each hit, with times in microsecond precision."""
    rows = [",".join(COLUMNS)]
    rows += [
        f"{o.time:.6f},{o.drum},{o.velocity},{o.confidence!r}"
        for o in transcription.onsets
    ]
    return write_files({path: ("\n".join(rows) + "\n").encode()}, overwrite=overwrite)


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read a table with a header that has at least `time` and `drum`.

    Columns may be in any order, and others are skipped. The delimiter is a comma, a
    semicolon (in which case numbers may have decimal commas) or a tab. Tables of
    markers from other programs are read if their columns have the usual names; markers
    that name no drum stay labels.
    """
    text = read_text(path)
    above, header, delimiter = _header(text)
    if missing := _missing(header):
        raise FormatError(f"no column {' and no column '.join(sorted(missing))}")
    below = io.StringIO(text[above:], newline="")
    rows = csv.reader(below, delimiter=delimiter)
    onsets: list[Onset] = []
    markers: list[Label] = []
    early = EarlyLabels("hits")
    try:
        next(rows)
        for row in rows:
            if any(cell.strip() for cell in row):
                cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
                read = _onset(cells, early, commas=delimiter != ",")
                if isinstance(read, Onset):
                    onsets.append(read)
                elif read is not None:
                    markers.append(read)
    except (csv.Error, ValueError) as error:
        line = text.count("\n", 0, above) + rows.line_num
        raise FormatError(f"line {line}: {error}") from error
    early.tell(about(path, warn))
    if markers:
        text = name_some(marker.text for marker in markers)
        if not onsets:
            raise FormatError(f"no marker names a drum: {text}")
        about(path, warn)(f"markers that name no drum are kept as labels: {text}")
    return Transcription(onsets=tuple(onsets), labels=tuple(markers))


def _header(text: str) -> tuple[int, list[str], str]:
    """Return where the header begins, our names of its columns, and the delimiter.

    A table without `drum` has its drums in `marker`, if there is such a column.
    """
    match = _ABOVE.match(text)
    above = 0 if match is None else match.end()
    first = re.split(r"[\r\n]", text[above:], maxsplit=1)[0].strip().lower()
    delimiter = max(_DELIMITERS, key=first.count)
    header = [name.strip(' "') for name in first.split(delimiter)]
    for column, others in _OTHER_NAMES.items():
        alias = next((name for name in others if name in header), None)
        # A column "#" is that of Reaper, which `reaper` reads.
        if column not in header and alias is not None and "#" not in header:
            header[header.index(alias)] = column
    return above, header, delimiter


def _missing(header: list[str]) -> set[str]:
    """Return the columns that are needed and not there."""
    return {"time", "drum"} - {"drum" if name == "marker" else name for name in header}


def _onset(
    cells: dict[str, str], early: EarlyLabels, *, commas: bool
) -> Onset | Label | None:
    """Build an onset or, of a marker that names no drum, a label.

    None if it lies before 0 s. Raises a ValueError that says what is wrong.
    """
    text = cells.get("drum", cells.get("marker", ""))
    drum = drum_of_name(text)
    if drum is None and "marker" not in cells:
        raise ValueError(f"{reprlib.repr(text)} is not a drum")

    def number(column: str, default: str = "") -> float:
        value = cells.get(column) or default
        value = value.replace(",", ".") if commas else value
        if not _NUMBER.fullmatch(value):
            raise ValueError(f"{column} is a number, not {reprlib.repr(value)}")
        return float(value)

    velocity = number("velocity", "100")
    if not velocity.is_integer():
        raise ValueError(f"velocity is a whole number, not {velocity!r}")
    form = cells.get("time format", "decimal")
    if form.casefold() != "decimal":  # of Audition
        raise ValueError(f"times are in seconds, not in {reprlib.repr(form)}")
    *larger, cells["time"] = cells.get("time", "").split(":")
    whole = 0.0
    for part in larger:
        if not part.isdecimal():
            raise ValueError("a time is seconds or m:ss.sss")
        whole = 60 * (whole + float(part))
    time, _ = early.place(whole + number("time"))
    if time < 0:
        return None
    if drum is None:
        return Label(time, time, text)
    return Onset(time, drum, int(velocity), number("confidence", "1"))


def looks_like(head: str) -> bool:
    """Whether a text begins like a table of hits."""
    # The two columns "time" and "label" are those of Sonic Visualiser.
    is_layer = head.casefold().startswith(("time,label\r", "time,label\n"))
    return not is_layer and not _missing(_header(head)[1])
