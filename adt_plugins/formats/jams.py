"""JAMS, the annotation format of music research: JSON by its published schema.

Hits are an annotation of the namespace ``tag_open`` with codes as values. Their
velocities are an annotation ``vector`` with the same times, which stays in step when
the file is trimmed or sliced. Beats are ``beat``, other labels ``segment_open``. The
tests validate this with the `jams` library, which needs pandas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.checks import json_text, real, seconds
from adt_plugins.base.files import read_text, write_files
from adt_plugins.base.reporting import NoHitLost, Warn, about, name_some
from adt_plugins.base.strict_json import parse_json
from adt_plugins.drums import drum_of_name
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.meter import MeterChange, meters_from_json, meters_to_json
from adt_plugins.transcription import Transcription

VERSION = "0.3.5"
HITS, BEATS, LABELS = "tag_open", "beat", "segment_open"
VELOCITIES = "vector"
TOOL = "adt-plugins"
_READ = (HITS, BEATS, LABELS)
_METER = "meter"  # in the sandbox of beats
_WITHOUT_HITS = ("chord", "key_", "tempo", "segment_", "lyrics", "mood_", "multi_")
_LAST_POSITION = 9999
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
    Of several annotations of beats, which are those of several people, the first
    counts; those of hits may be one a drum, and are put together.
    """
    data = parse_json(read_text(path), unique=False)
    annotations = data.get("annotations") if isinstance(data, dict) else None
    if not isinstance(annotations, list) or "file_metadata" not in data:
        raise FormatError("not a JAMS file")
    onsets: list[Onset] = []
    beats: list[Beat] = []
    tags: list[Label] = []
    segments: list[Label] = []
    meters: tuple[MeterChange, ...] = ()
    read: list[str] = []
    early = EarlyLabels("observations")
    velocities = _velocities(annotations)
    for annotation in annotations:
        namespace = _namespace(annotation)
        if not _holds_our_velocities(annotation):
            read.append(namespace)
        if namespace == BEATS and read.count(BEATS) > 1:
            continue
        rows = [] if namespace not in _READ else list(_rows(annotation, early))
        try:
            if namespace == BEATS:
                beats += _beats(rows, about(path, warn))
                sandbox = annotation.get("sandbox")
                if isinstance(sandbox, dict) and _is_written_here(annotation):
                    meters = meters_from_json(sandbox.get(_METER))
            elif namespace == HITS:
                _take(annotation, rows, velocities, onsets, tags)
            else:
                segments += [Label(t, t + d, _text(value)) for t, d, value, _ in rows]
        except (TypeError, ValueError, RecursionError) as error:
            raise FormatError(f"{_BROKEN}: {error}") from error
    _warn(read, tags, segments, about(path, warn))
    early.tell(about(path, warn))
    return Transcription(
        tuple(onsets), tuple(beats), labels=(*tags, *segments), meters=meters
    )


def _warn(
    read: Sequence[str], tags: Sequence[Label], segments: Sequence[Label], warn: Warn
) -> None:
    """Warn about annotations and labels that are neither hits nor beats."""
    others = [namespace for namespace in read if namespace not in _READ]
    if others:
        text = f"annotations other than hits and beats: {name_some(others)}"
        has_none = all(name.startswith(_WITHOUT_HITS) for name in others)
        warn(NoHitLost(text) if has_none else text)
    if read.count(HITS) > 1:
        warn(NoHitLost(f"hits of {read.count(HITS)} annotations were put together"))
    if read.count(BEATS) > 1:
        warn(NoHitLost(f"of {read.count(BEATS)} annotations of beats one was read"))
    texts = [label.text for label in (*tags, *segments)]
    if texts:
        text = f"tags that name no drum are labels: {name_some(texts)}"
        warn(text if tags else NoHitLost(text))


def _namespace(annotation: Any) -> str:
    if not isinstance(annotation, dict) or not isinstance(
        annotation.get("namespace"), str
    ):
        raise FormatError(f"{_BROKEN}: no namespace")
    return str(annotation["namespace"])


def _is_written_here(annotation: dict[str, Any]) -> bool:
    metadata = annotation.get("annotation_metadata")
    return isinstance(metadata, dict) and metadata.get("annotation_tools") == TOOL


def _holds_our_velocities(annotation: dict[str, Any]) -> bool:
    return _is_written_here(annotation) and annotation.get("namespace") == VELOCITIES


def _velocities(annotations: list[Any]) -> dict[float, list[int]]:
    """Return the velocities of our own hits by time, in order."""
    velocities: dict[float, list[int]] = {}
    for annotation in annotations:
        if isinstance(annotation, dict) and _holds_our_velocities(annotation):
            for time, _, value, _ in _rows(annotation, EarlyLabels()):
                if isinstance(value, list) and len(value) == 1:
                    velocities.setdefault(time, []).append(_velocity(value[0]))
    return velocities


def _velocity(value: Any) -> int:
    """Return a velocity from 1 to 127; 100 for values that are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 100
    return round(min(max(value, 1), 127))


def _text(value: Any) -> str:
    """Return a tag as text; numbers may be those of notes."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json_text(value)


def _beats(rows: Sequence[_Row], warn: Warn) -> list[Beat]:
    """Return the beats; missing positions are counted on, or in fours.

    Programs that count from 0 write a position 0, which JAMS does not have.
    """
    values = [value for _, _, value, _ in rows if value is not None]
    if 0 in values and all(isinstance(v, int | float) and v >= 0 for v in values):
        rows = [
            (t, length, None if v is None else v + 1, sure)
            for t, length, v, sure in rows
        ]
        warn(NoHitLost("beats are counted from 0 there, and from 1 here"))
    counted = [
        (n, int(value))
        for n, (_, _, value, _) in enumerate(rows)
        if isinstance(value, int | float)
        and 1 <= value <= _LAST_POSITION
        and float(value).is_integer()
    ]
    if len(counted) < len(rows):
        warn(
            NoHitLost(
                f"{len(rows) - len(counted)} beats without a position in the bar are"
                f" counted {'on from the others' if counted else 'in fours'}"
            )
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
    tags: list[Label],
) -> None:
    """Sort observations into hits and other tags."""
    # Earlier builds stored velocities here.
    sandbox = annotation.get("sandbox")
    listed = sandbox.get("velocity") if isinstance(sandbox, dict) else None
    if not isinstance(listed, list) or len(listed) != len(rows):
        listed = [100] * len(rows)
    for (time, length, value, sure), default in zip(rows, listed, strict=True):
        text = _text(value)
        drum = drum_of_name(text)
        if drum is None:
            tags.append(Label(time, time + length, text))
        else:
            waiting = velocities.get(time)
            velocity = waiting.pop(0) if waiting else _velocity(default)
            onsets.append(Onset(time, drum, velocity, sure))


def _rows(annotation: Any, early: EarlyLabels) -> Iterator[_Row]:
    """Yield the observations that do not lie before 0 s."""
    for number, row in enumerate(_observations(annotation.get("data")), 1):
        if not isinstance(row, dict) or "value" not in row:
            raise FormatError(f"{_BROKEN}: observation {number} is not valid")
        try:
            time, _ = early.place(real("time", row.get("time"), -inf, inf))
            length = seconds(row.get("duration") or 0.0, "duration")
            sure = row.get("confidence")
            sure = 1.0 if sure is None else real("confidence", sure, -inf, inf)
        except (TypeError, ValueError) as error:
            raise FormatError(f"{_BROKEN}: observation {number}: {error}") from error
        if time >= 0:
            yield time, length, row["value"], min(max(sure, 0.0), 1.0)


def _observations(data: Any) -> list[Any]:
    """Return the observations, whether listed one by one or as columns (dense)."""
    if isinstance(data, dict):
        times, values = data.get("time"), data.get("value")
        if isinstance(times, list) and isinstance(values, list):
            nothing = [None] * len(times)
            columns = {
                "time": times,
                "duration": data.get("duration") or nothing,
                "value": values,
                "confidence": data.get("confidence") or nothing,
            }
            try:
                rows = list(zip(*columns.values(), strict=True))
            except (TypeError, ValueError) as error:
                raise FormatError(f"{_BROKEN}: the columns do not match") from error
            data = [dict(zip(columns, row, strict=True)) for row in rows]
    if not isinstance(data, list):
        raise FormatError(f"{_BROKEN}: the data are not a list")
    return data


def looks_like(head: str) -> bool:
    """Whether a text begins like a JAMS file."""
    return head.lstrip().startswith("{") and (
        '"annotations"' in head or '"file_metadata"' in head
    )
