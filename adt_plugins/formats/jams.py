"""JAMS, the annotation format of music research: JSON by its published schema.

Hits are one annotation of the namespace ``tag_open`` with codes as values, and
their velocities in its sandbox; beats are ``beat``, other labels
``segment_open``. The `jams` library, which needs pandas, checks this in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.checks import finite, json_text
from adt_plugins.base.files import read_text, write_files
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.drums import drum_of_name
from adt_plugins.errors import FormatError
from adt_plugins.formats.format import Format
from adt_plugins.transcription import Transcription

VERSION = "0.3.5"
HITS, BEATS, LABELS = "tag_open", "beat", "segment_open"
_Row = tuple[float, float, Any, float]


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write hits, beats and labels; numbers read back exactly."""
    source = transcription.source
    ends = [
        source.offset + (source.duration or 0.0),
        *(o.time for o in transcription.onsets[-1:]),
        *(b.time for b in transcription.beats[-1:]),
        *(x.end for x in transcription.labels),
    ]
    hits = [(o.time, 0.0, o.drum.value, o.confidence) for o in transcription.onsets]
    beats = [(b.time, 0.0, b.position, 1.0) for b in transcription.beats]
    labels = [
        (min(x.start, x.end), abs(x.end - x.start), x.text, 1.0)
        for x in transcription.labels
    ]
    velocities = [o.velocity for o in transcription.onsets]
    annotations = [_annotation(HITS, hits, {"velocity": velocities})]
    if beats:
        annotations.append(_annotation(BEATS, beats, {}))
    if labels:
        annotations.append(_annotation(LABELS, labels, {}))
    data = {
        "annotations": annotations,
        "file_metadata": {
            "title": Path(source.path).stem if source.path else "",
            "artist": "",
            "release": "",
            "duration": max(ends),
            "identifiers": {},
            "jams_version": VERSION,
        },
        "sandbox": {},
    }
    text = json_text(data) + "\n"
    return write_files({path: text.encode()}, overwrite=overwrite)


def _annotation(
    namespace: str, rows: Sequence[_Row], sandbox: dict[str, Any]
) -> dict[str, Any]:
    names = ("time", "duration", "value", "confidence")
    return {
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": "",
            "corpus": "",
            "annotation_tools": "adt-plugins",
            "annotation_rules": "",
            "validation": "",
            "data_source": "program",
        },
        "namespace": namespace,
        "data": [dict(zip(names, row, strict=True)) for row in rows],
        "sandbox": sandbox,
        "time": 0,
        "duration": None,
    }


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read annotations of the three namespaces; values of hits may be any name.

    Tags that name no drum become labels; other namespaces are warned of.
    """
    try:
        data = json.loads(read_text(path), parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error
    found = data.get("annotations") if isinstance(data, dict) else None
    if not isinstance(found, list) or "file_metadata" not in data:
        raise FormatError("not a JAMS file")
    onsets: list[Onset] = []
    beats: list[Beat] = []
    labels: list[Label] = []
    others: list[str] = []
    try:
        for annotation in found:
            namespace = annotation["namespace"]
            if namespace == BEATS:
                beats += (
                    Beat(time, int(value)) for time, _, value, _ in _rows(annotation)
                )
            elif namespace in (HITS, LABELS):
                _take(annotation, onsets, labels)
            else:
                others.append(str(namespace))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"not a JAMS file as its schema says: {error}") from error
    if others:
        warn(f"{path}: annotations that are no hits or beats: {name_some(others)}")
    unknown = [label.text for label in labels]
    if unknown:
        warn(f"{path}: tags that name no drum are labels: {name_some(unknown)}")
    return Transcription(tuple(onsets), tuple(beats), labels=tuple(labels))


def _take(annotation: Any, onsets: list[Onset], labels: list[Label]) -> None:
    """Sort tags into hits and labels."""
    rows = list(_rows(annotation))
    velocities = (annotation.get("sandbox") or {}).get("velocity")
    if not isinstance(velocities, list) or len(velocities) != len(rows):
        velocities = [100] * len(rows)
    for (time, length, value, sure), velocity in zip(rows, velocities, strict=True):
        is_hit = annotation["namespace"] == HITS
        drum = drum_of_name(str(value)) if is_hit else None
        if drum is None:
            labels.append(Label(time, time + length, str(value)))
        else:
            onsets.append(Onset(time, drum, velocity, sure))


def _rows(annotation: Any) -> Iterator[_Row]:
    for row in annotation["data"]:
        sure = row.get("confidence")
        yield (
            row["time"],
            row.get("duration") or 0.0,
            row["value"],
            1.0 if sure is None else min(max(float(sure), 0.0), 1.0),
        )


def _looks_like_jams(head: str) -> bool:
    return head.lstrip().startswith("{") and (
        '"annotations"' in head or '"file_metadata"' in head
    )


JAMS = Format(
    id="jams",
    description="annotations for music research (JAMS)",
    suffix=".jams",
    write=write,
    read=read,
    looks_like=_looks_like_jams,
)
