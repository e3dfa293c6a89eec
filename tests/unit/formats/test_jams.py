"""JAMS: read back exactly, and as its own library sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription

WHOLE = Transcription(
    onsets=(
        Onset(0.1 + 0.2, Drum.KD, 1, 0.25),
        Onset(1.0, Drum.OHH, 127),
        Onset(1.0, Drum.SST, 64, 0.0),
    ),
    beats=(Beat(0.5, 4), Beat(1.0, 1)),
    labels=(Label(2.0, 3.5, "verse 東"),),
)


def write(folder: Path, whole: Transcription = WHOLE) -> Path:
    path = formats.output_path("song", folder, "jams")
    assert path.name == "song.jams"
    assert formats.write(whole, path) == [path]
    return path


def test_it_comes_back(tmp_path: Path) -> None:
    got: list[str] = []
    path = write(tmp_path)
    assert formats.read(path, warn=got.append) == WHOLE
    assert got == [f"{path}: tags that name no drum are labels: 'verse 東' (1)"]


def test_its_own_library_takes_it(tmp_path: Path) -> None:
    jams = pytest.importorskip("jams", reason="the jams library is missing")
    source = Source("x/Söng.wav", duration=9.5, offset=1.0)
    whole = Transcription(WHOLE.onsets, WHOLE.beats, source, labels=WHOLE.labels)
    read = jams.load(str(write(tmp_path, whole)), validate=True, strict=True)
    assert read.file_metadata.title == "Söng"
    assert read.file_metadata.duration == 10.5
    (hits,) = read.search(namespace="tag_open")
    assert [(o.time, o.value, o.confidence) for o in hits.data] == [
        (o.time, o.drum.value, o.confidence) for o in WHOLE
    ]
    (beats,) = read.search(namespace="beat")
    assert [(o.time, o.value) for o in beats.data] == [(0.5, 4), (1.0, 1)]
    (labels,) = read.search(namespace="segment_open")
    assert [(o.time, o.duration, o.value) for o in labels.data] == [
        (2.0, 1.5, "verse 東")
    ]


def test_tags_of_others(tmp_path: Path) -> None:
    path = tmp_path / "a.jams"
    tags = [
        {"time": 0.5, "duration": 0.1, "value": "snare", "confidence": None},
        {"time": 1, "duration": 0.1, "value": "bass drum", "confidence": 7},
    ]
    data = {
        "annotations": [
            {"namespace": "tag_open", "data": tags},
            {"namespace": "chord", "data": []},
        ],
        "file_metadata": {"duration": 3},
    }
    path.write_text(json.dumps(data))
    assert formats.format_of_file(path) == "jams"
    got: list[str] = []
    read = formats.read(path, warn=got.append)
    assert read.onsets == (Onset(0.5, Drum.SD), Onset(1.0, Drum.KD))
    assert got == [f"{path}: annotations that are no hits or beats: 'chord' (1)"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "not a JAMS file"),
        ('{"annotations": {}, "file_metadata": 1}', "not a JAMS file"),
        ('{"annotations": [1], "file_metadata": 1}', "not a JAMS file as its schema"),
        ('{"annotations": [{}], "file_metadata": 1}', "not a JAMS file as its schema"),
        (
            '{"annotations": [{"namespace": "beat", "data": [{"time": -1,'
            ' "value": 1}]}], "file_metadata": 1}',
            "not a JAMS file as its schema says: time is at least 0",
        ),
        ('{"annotations": [NaN], "file_metadata": 1}', "not JSON"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.jams"
    path.write_text(text)
    with pytest.raises(FormatError) as error:
        formats.read(path, "jams")
    message = str(error.value)
    assert message.startswith(f"{path}: {reason}")
    assert "\n" not in message
