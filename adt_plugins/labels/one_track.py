"""Reads files that hold one list of labels, without the name of a track."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.files import read_text
from adt_plugins.base.reporting import Warn, about
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.tracks import LabelTrack, transcription_of
from adt_plugins.transcription import Transcription


def read_one_track(
    path: Path,
    parse: Callable[[str, EarlyLabels], Iterable[Label]],
    *,
    warn: Warn,
    names: LabelNames | None,
) -> Transcription:
    """Read such a file as a transcription.

    Parameters
    ----------
    path, warn, names
        See `adt_plugins.formats.read`.
    parse
        Returns the labels in a text, and counts those before 0 s.
    """
    warn_of = about(path, warn)
    early = EarlyLabels()
    labels = tuple(parse(read_text(path), early))
    early.tell(warn_of)
    return transcription_of([LabelTrack("", labels)], warn=warn_of, names=names)
