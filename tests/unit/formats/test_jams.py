"""JAMS: read back exactly, and as its own library sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.base.reporting import NoHitLost
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


def test_velocities_stay_with_their_hits_in_its_own_library(tmp_path: Path) -> None:
    jams = pytest.importorskip("jams", reason="the jams library is missing")
    hits = tuple(
        Onset(n / 8, drum, 1 + 3 * n + k)
        for n in range(40)
        for k, drum in enumerate((Drum.KD, Drum.CHH))
    )
    whole = Transcription(hits, source=Source("a.wav", duration=6.0))
    read = jams.load(str(write(tmp_path, whole)), validate=True, strict=True)
    for name in ("trim", "slice"):
        part = getattr(read, name)(1.0, 3.0, strict=True)
        path = tmp_path / f"{name}.jams"
        part.save(str(path))
        shift = 1.0 if name == "slice" else 0.0
        kept = [o for o in whole if 1.0 <= o.time < 3.0]
        assert formats.read(path).onsets == tuple(
            Onset(o.time - shift, o.drum, o.velocity) for o in kept
        )


def test_velocities_of_earlier_builds_are_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    data = json.loads(path.read_text())
    velocities = [row["value"][0] for row in data["annotations"].pop(1)["data"]]
    data["annotations"][0]["sandbox"] = {"velocity": velocities}
    path.write_text(json.dumps(data))
    assert formats.read(path, warn=lambda _: None) == WHOLE


@pytest.mark.parametrize(
    ("values", "positions", "message"),
    [
        ([0, 1, 2, 0], [1, 2, 3, 1], "beats are counted from 0 there"),
        ([2, 0, None, 2], [3, 1, 2, 3], "beats are counted from 0 there"),
        ([None] * 6, [1, 2, 3, 4, 1, 2], "6 beats without a position in the bar are"
         " counted in fours"),
        ([None, 3, None, None, None, 2], [2, 3, 1, 2, 3, 2], "4 beats without"),
        ([1, 2.5, 0, "x", 1.0, 2], [1, 1, 1, 1, 1, 2], None),
        ([3, None, 2, None], [3, 1, 2, 3], "2 beats without"),
    ],
)  # fmt: skip
def test_beats_without_a_position_are_counted_on(
    tmp_path: Path, values: list[object], positions: list[int], message: str | None
) -> None:
    path = tmp_path / "a.jams"
    rows = [
        {"time": n, "duration": 0, "value": v, "confidence": None}
        for n, v in enumerate(values)
    ]
    annotation = {"namespace": "beat", "data": rows}
    path.write_text(json.dumps({"annotations": [annotation], "file_metadata": {}}))
    got: list[str] = []
    beats = formats.read(path, warn=got.append).beats
    if message is not None:
        assert [beat.position for beat in beats] == positions
        assert message in got[0]
    assert [beat.time for beat in beats] == list(range(len(values)))


def test_observations_in_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.jams"
    columns = {"time": [0, 1], "duration": [0, 0], "value": ["SD", "KD"]}
    dense = {"namespace": "tag_open", "data": {**columns, "confidence": [None, 0.5]}}
    path.write_text(json.dumps({"annotations": [dense], "file_metadata": {}}))
    assert formats.read(path).onsets == (
        Onset(0.0, Drum.SD),
        Onset(1.0, Drum.KD, 100, 0.5),
    )


@pytest.mark.parametrize("missing", [{}, {"confidence": None, "duration": None}])
def test_columns_that_are_missing(tmp_path: Path, missing: dict[str, None]) -> None:
    path = tmp_path / "a.jams"
    dense = {"namespace": "tag_open", "data": {"time": [1], "value": ["SD"], **missing}}
    path.write_text(json.dumps({"annotations": [dense], "file_metadata": None}))
    assert formats.read(path).onsets == (Onset(1.0, Drum.SD),)


@pytest.mark.parametrize("velocity", [None, "loud", [], True, 300, -1, 64.0])
def test_velocities_that_are_none(tmp_path: Path, velocity: object) -> None:
    path = tmp_path / "a.jams"
    rows = [{"time": 1, "value": "SD"}, {"time": 2, "value": "SD"}]
    tags = {
        "namespace": "tag_open",
        "data": rows,
        "sandbox": {"velocity": [velocity, 90]},
    }
    path.write_text(json.dumps({"annotations": [tags], "file_metadata": {}}))
    read = {300: 127, -1: 1, 64.0: 64}
    is_number = isinstance(velocity, int | float) and velocity is not True
    want = read[velocity] if is_number else 100  # type: ignore[index]
    assert [o.velocity for o in formats.read(path).onsets] == [want, 90]


def test_values_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jams"
    values = [38, 36.0, None, True, {"a": None}]
    rows = [{"time": n, "value": value} for n, value in enumerate(values)]
    tags = {"namespace": "tag_open", "data": rows}
    path.write_text(json.dumps({"annotations": [tags], "file_metadata": {}}))
    read = formats.read(path, warn=lambda _: None)
    assert read.onsets == (Onset(0.0, Drum.SD), Onset(1.0, Drum.KD))
    assert [label.text for label in read.labels] == ["", "true", '{"a": null}']


def test_annotations_of_several_people(tmp_path: Path) -> None:
    path = tmp_path / "a.jams"

    def made(namespace: str, *rows: tuple[float, object]) -> dict[str, object]:
        data = [{"time": time, "value": value} for time, value in rows]
        return {"namespace": namespace, "data": data}

    annotations = [
        made("beat", (0, 1), (1, 2)),
        made("beat", (0.01, 1), (1.01, 2)),
        made("tag_open", (0, "KD")),
        made("tag_open", (1, "SD")),
        made("segment_open", (0, "Verse")),
        made("chord"),
    ]
    path.write_text(json.dumps({"annotations": annotations, "file_metadata": {}}))
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert [beat.time for beat in read.beats] == [0, 1]
    assert [(o.time, o.drum) for o in read.onsets] == [(0, "KD"), (1, "SD")]
    assert [text.removeprefix(f"{path}: ") for text in warnings] == [
        "annotations other than hits and beats: 'chord' (1)",
        "hits of 2 annotations were put together",
        "of 2 annotations of beats one was read",
        "tags that name no drum are labels: 'Verse' (1)",
    ]
    assert all(isinstance(text, NoHitLost) for text in warnings)


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
    assert got == [f"{path}: annotations other than hits and beats: 'chord' (1)"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("[" * 100_000, "not JSON"),
        ("{}", "not a JAMS file"),
        ('{"annotations": {}, "file_metadata": 1}', "not a JAMS file"),
        ('{"annotations": [1], "file_metadata": 1}', "does not follow the JAMS schema"),
        (
            '{"annotations": [{}], "file_metadata": 1}',
            "does not follow the JAMS schema",
        ),
        (
            '{"annotations": [{"namespace": "beat", "data": [{"time": 1,'
            ' "duration": -1, "value": 1}]}], "file_metadata": 1}',
            "does not follow the JAMS schema: observation 1: duration is at least 0",
        ),
        *(
            (
                '{"annotations": [{"namespace": "tag_open", "data": '
                + data
                + '}], "file_metadata": 1}',
                "does not follow the JAMS schema: ",
            )
            for data in (
                "null",
                "7",
                '"ab"',
                "{}",
                "[null]",
                "[[]]",
                "[{}]",
                '[{"time": null, "value": "SD"}]',
                '[{"time": "1", "value": "SD"}]',
                '[{"time": 1, "duration": "x", "value": "SD"}]',
                '[{"time": 1, "value": "SD", "confidence": "x"}]',
                '[{"time": 1, "value": "SD", "confidence": []}]',
                '{"time": [1, 2], "value": ["SD"]}',
                '{"time": [1], "value": ["SD"], "duration": 7}',
            )
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
