"""JAMS, the annotation format of music research: JSON by its published schema.

Hits are an annotation of the namespace ``tag_open`` with codes as values. Their
velocities are an annotation ``vector`` with the same times, which stays in step when
the file is trimmed or sliced. Beats are ``beat``, other labels ``segment_open``. The
tests validate this with the `jams` library, which needs pandas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.checks import json_text, seconds
from adt_plugins.base.files import read_text, write_files
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.base.strict_json import parse_json
from adt_plugins.drums import drum_of_name
from adt_plugins.errors import FormatError
from adt_plugins.formats.format import Format
from adt_plugins.meter import MeterChange, meters_from_json, meters_to_json
from adt_plugins.transcription import Transcription

VERSION = "0.3.5"
HITS, BEATS, LABELS = "tag_open", "beat", "segment_open"
VELOCITIES = "vector"
TOOL = "adt-plugins"
_READ = (HITS, BEATS, LABELS)
_METER = "meter"  # in the sandbox of beats
_BROKEN = "does not follow the JAMS schema"
_Row = tuple[float, float, Any, float]


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write hits, beats and labels; numbers are read back exactly."""
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
    velocities = [(o.time, 0.0, [o.velocity], 1.0) for o in transcription.onsets]
    duration = max(ends)
    annotations = [
        _annotation(namespace, rows, duration)
        for namespace, rows in (
            (HITS, hits),
            (VELOCITIES, velocities),
            (BEATS, beats),
            (LABELS, labels),
        )
        if rows or namespace == HITS
    ]
    if transcription.meters:
        for annotation in annotations:
            if annotation["namespace"] == BEATS:
                meters = meters_to_json(transcription.meters)
                annotation["sandbox"] = {_METER: meters}
    data = {
        "annotations": annotations,
        "file_metadata": {
            "title": Path(source.path).stem if source.path else "",
            "artist": "",
            "release": "",
            "duration": duration,
            "identifiers": {},
            "jams_version": VERSION,
        },
        "sandbox": {},
    }
    text = json_text(data) + "\n"
    return write_files({path: text.encode()}, overwrite=overwrite)


def _annotation(
    namespace: str, rows: Sequence[_Row], duration: float
) -> dict[str, Any]:
    names = ("time", "duration", "value", "confidence")
    return {
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": "",
            "corpus": "",
            "annotation_tools": TOOL,
            "annotation_rules": "",
            "validation": "",
            "data_source": "program",
        },
        "namespace": namespace,
        "data": [dict(zip(names, row, strict=True)) for row in rows],
        "sandbox": {},
        "time": 0,
        "duration": duration,
    }


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read annotations of the four namespaces; drums may have any known name.

    Tags that do not name a drum become labels; other namespaces cause a warning. Beats
    without a position in the bar, which JAMS allows, are counted on from earlier ones.
    """
    data = parse_json(read_text(path), unique=False)
    annotations = data.get("annotations") if isinstance(data, dict) else None
    if not isinstance(annotations, list) or "file_metadata" not in data:
        raise FormatError("not a JAMS file")
    onsets: list[Onset] = []
    beats: list[Beat] = []
    labels: list[Label] = []
    meters: tuple[MeterChange, ...] = ()
    others: list[str] = []
    velocities = _velocities(annotations)
    for annotation in annotations:
        namespace = _namespace(annotation)
        rows = [] if namespace not in _READ else list(_rows(annotation))
        try:
            if namespace == BEATS:
                beats += _beats(rows, lambda text: warn(f"{path}: {text}"))
                sandbox = annotation.get("sandbox")
                if isinstance(sandbox, dict) and _is_written_here(annotation):
                    meters = meters_from_json(sandbox.get(_METER))
            elif namespace in (HITS, LABELS):
                _take(annotation, rows, velocities, onsets, labels)
            elif not _is_ours(annotation):
                others.append(namespace)
        except (TypeError, ValueError) as error:
            raise FormatError(f"{_BROKEN}: {error}") from error
    if others:
        warn(f"{path}: annotations other than hits and beats: {name_some(others)}")
    unknown = [label.text for label in labels]
    if unknown:
        warn(f"{path}: tags that name no drum are labels: {name_some(unknown)}")
    return Transcription(
        tuple(onsets), tuple(beats), labels=tuple(labels), meters=meters
    )


def _namespace(annotation: Any) -> str:
    if not isinstance(annotation, dict) or not isinstance(
        annotation.get("namespace"), str
    ):
        raise FormatError(f"{_BROKEN}: no namespace")
    return str(annotation["namespace"])


def _is_written_here(annotation: dict[str, Any]) -> bool:
    about = annotation.get("annotation_metadata")
    return isinstance(about, dict) and about.get("annotation_tools") == TOOL


def _is_ours(annotation: dict[str, Any]) -> bool:
    return _is_written_here(annotation) and annotation.get("namespace") == VELOCITIES


def _velocities(annotations: list[Any]) -> dict[float, list[int]]:
    """Return the velocities of our own hits by time, in order."""
    velocities: dict[float, list[int]] = {}
    for annotation in annotations:
        if isinstance(annotation, dict) and _is_ours(annotation):
            for time, _, value, _ in _rows(annotation):
                if isinstance(value, list) and len(value) == 1:
                    velocities.setdefault(time, []).append(value[0])
    return velocities


def _beats(rows: Sequence[_Row], warn: Warn) -> list[Beat]:
    """Return the beats; missing positions are counted on, or in fours."""
    counted = [
        (n, int(value))
        for n, (_, _, value, _) in enumerate(rows)
        if isinstance(value, int | float) and float(value).is_integer() and value >= 1
    ]
    if len(counted) < len(rows):
        warn(
            f"{len(rows) - len(counted)} beats without a position in the bar are"
            f" counted {'on from the others' if counted else 'in fours'}"
        )
    bar = max((position for _, position in counted), default=4)
    first, position = counted[0] if counted else (0, 1)
    position = (position - 1 - first) % bar + 1
    given = dict(counted)
    beats = []
    for n, (time, *_) in enumerate(rows):
        position = given.get(n, position)
        beats.append(Beat(time, position))
        position = position % bar + 1
    return beats


def _take(
    annotation: dict[str, Any],
    rows: Sequence[_Row],
    velocities: dict[float, list[int]],
    onsets: list[Onset],
    labels: list[Label],
) -> None:
    """Sort tags into hits and labels."""
    # Earlier builds stored velocities here.
    sandbox = annotation.get("sandbox")
    listed = sandbox.get("velocity") if isinstance(sandbox, dict) else None
    if not isinstance(listed, list) or len(listed) != len(rows):
        listed = [100] * len(rows)
    for (time, length, value, sure), default in zip(rows, listed, strict=True):
        is_hit = annotation["namespace"] == HITS
        drum = drum_of_name(str(value)) if is_hit else None
        if drum is None:
            labels.append(Label(time, time + length, str(value)))
        else:
            waiting = velocities.get(time)
            velocity = waiting.pop(0) if waiting else default
            onsets.append(Onset(time, drum, velocity, sure))


def _rows(annotation: Any) -> Iterator[_Row]:
    """Yield the observations, whether listed one by one or as columns (dense)."""
    data = annotation.get("data")
    if isinstance(data, dict):
        names = ("time", "duration", "value", "confidence")
        columns = [data.get(name) for name in names]
        lists = [column for column in columns if isinstance(column, list)]
        if len(lists) == len(names):
            rows = zip(*lists, strict=False)
            data = [dict(zip(names, row, strict=True)) for row in rows]
    if not isinstance(data, list):
        raise FormatError(f"{_BROKEN}: the data are not a list")
    for number, row in enumerate(data, 1):
        if not isinstance(row, dict) or "value" not in row:
            raise FormatError(f"{_BROKEN}: observation {number} is not valid")
        try:
            time = seconds(row.get("time"))
            length = seconds(row.get("duration") or 0.0, "duration")
            sure = row.get("confidence")
            sure = 1.0 if sure is None else min(max(float(sure), 0.0), 1.0)
        except (TypeError, ValueError) as error:
            raise FormatError(f"{_BROKEN}: observation {number}: {error}") from error
        yield time, length, row["value"], sure


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
