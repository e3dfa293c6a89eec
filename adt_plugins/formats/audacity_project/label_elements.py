"""Label tracks in a project of Audacity, whichever way it is stored."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from adt_plugins.annotations import Label
from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.binary_xml import Event, Start
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.tracks import LabelTrack


class Tracks(NamedTuple):
    """Label tracks, and the labels that lie before 0 s."""

    tracks: list[LabelTrack]
    early: EarlyLabels


def label_tracks(elements: Iterable[Event]) -> Tracks:
    """Find the label tracks among the tags of a project.

    Raises
    ------
    FormatError
        If there are none, or a label has no time.
    """
    tracks: list[LabelTrack] = []
    name = ""
    labels: list[Label] | None = None  # of the track that is open
    early = EarlyLabels()
    for event in elements:
        if event.name == "labeltrack":
            if isinstance(event, Start):
                name, labels = _text(event.attributes.get("name", "")), []
            elif labels is not None:
                tracks.append(LabelTrack(name, tuple(labels)))
                labels = None
        elif event.name == "label" and isinstance(event, Start) and labels is not None:
            start, end = early.place(*_times(event.attributes))
            if start >= 0:
                text = _text(event.attributes.get("title", ""))
                labels.append(Label(start, end, text))
    if not tracks:
        raise FormatError("a project without label tracks")
    return Tracks(tracks, early)


def _text(value: Any) -> str:
    # Audacity writes what looks like a number as text too; nobody else writes.
    return value if isinstance(value, str) else str(value)


def _times(attributes: dict[str, Any]) -> tuple[float, float]:
    """Start and end of a label; a point has no end in files of Audacity 1."""
    try:
        start = float(attributes["t"])
        end = float(attributes.get("t1", start))
    except (KeyError, ValueError, OverflowError):
        raise FormatError("a label without a time") from None
    if not (math.isfinite(start) and math.isfinite(end)):
        raise FormatError("a label at no time")
    return start, end
