"""Marker lists of iZotope RX: names with a start and, for regions, an end.

Two lines precede them, ``Marker file version: 1`` and ``Time format: Time``; decimals
have a comma in some languages.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.files import lines
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.one_track import read_one_track
from adt_plugins.labels.times import parse_time
from adt_plugins.transcription import Transcription

_FIRST = "Marker file version:"
_FORM = re.compile(r"Time format:\s*(.*)", re.IGNORECASE)
_IN_SECONDS = ("time", "source time")


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read markers and regions with times in seconds, or hours, minutes and seconds.

    Lists in samples or frames are refused, since they do not give the rate.
    """
    return read_one_track(path, _labels, warn=warn, names=names)


def _labels(text: str, early: EarlyLabels) -> Iterator[Label]:
    for number, line in lines(text):
        # A marker may have such a name, too, but has a time behind it.
        form = _FORM.fullmatch(line.strip()) if "\t" not in line.strip() else None
        if form is not None and form[1].casefold() not in _IN_SECONDS:
            raise FormatError(
                f"line {number}: times are in seconds, not in {reprlib.repr(form[1])}"
            )
        name, *times = line.split("\t")
        times = [time for time in times if time.strip()]
        if not times:
            if form is None and not line.startswith(_FIRST):
                shown = reprlib.repr(line)
                raise FormatError(f"line {number} is not a marker: {shown}")
            continue
        try:
            start, end = early.place(*(parse_time(time) for time in times[:2]))
        except ValueError as error:
            raise FormatError(f"line {number}: {error}") from error
        if start >= 0:
            yield Label(start, end, name.strip())


def looks_like(head: str) -> bool:
    """Whether a text begins like a marker list."""
    return head.lstrip("\ufeff").startswith(_FIRST)
