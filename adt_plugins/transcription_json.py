"""The JSON form of a transcription.

It is strict both ways: numbers are finite, a time is a number rather than text, a
velocity is an integer. Unknown keys are skipped, so that a later release may add some
without a new version of the format; `time` and `drum` are required, `velocity` and
`confidence` have defaults.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.base.checks import json_text, records
from adt_plugins.errors import FormatError
from adt_plugins.meter import Meter, MeterChange, meters_from_json, meters_to_json
from adt_plugins.model_info import ModelInfo

FORMAT = "adt-plugins"
VERSION = 1


class Stored(NamedTuple):
    """The stored fields of a `Transcription`, under their names."""

    onsets: tuple[Onset, ...]
    beats: tuple[Beat, ...]
    labels: tuple[Label, ...]
    meters: tuple[MeterChange, ...]
    source: Source
    model: ModelInfo


def to_dict(stored: Stored) -> dict[str, Any]:
    """Return the JSON form as Python objects; see `Transcription.to_dict`."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "onsets": [
            {
                "time": o.time,
                "drum": o.drum.value,
                "velocity": o.velocity,
                "confidence": o.confidence,
            }
            for o in stored.onsets
        ],
        "beats": [{"time": b.time, "position": b.position} for b in stored.beats],
        **({"labels": [asdict(x) for x in stored.labels]} if stored.labels else {}),
        **({"meter": meters_to_json(stored.meters)} if stored.meters else {}),
        "source": _source(stored.source),
        "model": stored.model.to_dict(),
    }


def to_json(stored: Stored) -> str:
    """Return the JSON form as text; see `Transcription.to_json`."""
    data = to_dict(stored)
    lists = "".join(
        f' "{name}": ['
        + ",".join("\n  " + json_text(item) for item in data[name])
        + "],\n"
        for name in ("onsets", "beats", "labels")
        if name in data
    )
    meter = ""
    if "meter" in data:
        meter = f' "meter": {json_text(data["meter"])},\n'
    return (
        f'{{"format": "{FORMAT}", "version": {VERSION},\n{lists}{meter}'
        f' "source": {json_text(data["source"])},\n'
        f' "model": {json_text(data["model"])}}}\n'
    )


def from_dict(data: Any) -> Stored:
    """Read what `to_dict` returns.

    Raises
    ------
    FormatError
        If it is something else, or has a newer version.
    TypeError, ValueError
        If a value is not valid; see `refusing`.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FormatError("not a transcription of adt-plugins")
    if data.get("version") != VERSION:
        raise FormatError(
            f"version {reprlib.repr(data.get('version'))} of the format; "
            f"this release reads version {VERSION}"
        )
    if "onsets" not in data:
        raise FormatError("not a whole transcription: no onsets")
    model = data.get("model", {})
    if not isinstance(model, dict):
        raise FormatError("not a whole transcription: model is not an object")
    model = dict(model)
    earlier = _earlier_meter(model)
    return Stored(
        onsets=tuple(records(Onset, data["onsets"])),
        beats=tuple(records(Beat, data.get("beats", []))),
        labels=tuple(records(Label, data.get("labels", []))),
        meters=meters_from_json(data.get("meter", earlier)),
        source=next(records(Source, [data.get("source", {})])),
        model=ModelInfo.from_dict(model),
    )


def _source(source: Source) -> dict[str, Any]:
    names = [name for name in Source.__dataclass_fields__ if name != "moved"]
    # Nearly always 0.
    names += ["moved"] if source.moved else []
    return {name: getattr(source, name) for name in names}


@contextmanager
def refusing() -> Iterator[None]:
    """Turn the errors of invalid values into a `FormatError`."""
    try:
        yield
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"not a whole transcription: {error}") from error


def _earlier_meter(model: dict[str, Any]) -> str | None:
    """Remove and return the meter, which earlier builds stored with the model."""
    text = model.pop("meter", None)
    try:
        return str(Meter.parse(text)) if isinstance(text, str) else None
    except ValueError:
        return None
