"""Reads the label tracks of a project of Audacity 2 or earlier (``.aup``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from adt_plugins.base.files import read_bytes
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.binary_xml import End, Event, Start
from adt_plugins.formats.audacity_project.label_elements import label_tracks
from adt_plugins.labels.tracks import LabelTrack

_ROOTS = ("project", "audacityproject")
_BLOCK_BYTES = 1 << 16


def read_aup(path: Path, *, warn: Warn) -> list[LabelTrack]:
    """Read the label tracks of a project; see `aup3.read_aup3`.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If it is not such a project.
    """
    tracks = label_tracks(_elements(read_bytes(path)))
    tracks.early.tell(warn)
    return tracks.tracks


def _elements(data: bytes) -> Iterator[Event]:
    """Yield the tags of an XML text in the form of `binary_xml`."""
    events: list[Event] = []
    parser = expat.ParserCreate()
    # Entities can grow without end, and no project has any.
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = lambda name, attributes: events.append(
        Start(name, attributes)
    )
    parser.EndElementHandler = lambda name: events.append(End(name))
    first = True
    try:
        for start in range(0, len(data) + 1, _BLOCK_BYTES):
            block = data[start : start + _BLOCK_BYTES]
            parser.Parse(block, start + _BLOCK_BYTES > len(data))
            if first and events:
                first = False
                if events[0].name not in _ROOTS:
                    raise FormatError("not a project of Audacity")
            yield from events
            events.clear()
    except expat.ExpatError as error:
        raise FormatError(f"not a project of Audacity: {error}") from error


def _refuse(*_: object) -> None:
    raise FormatError("not a project of Audacity: it declares entities")
