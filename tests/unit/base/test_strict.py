"""Foreign files: each is read, or refused in one line, at a bounded cost."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import tracemalloc
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from adt_plugins import formats
from adt_plugins.activations import Activations, load_activations, save_activations
from adt_plugins.annotations import Beat, Onset
from adt_plugins.base.arrays import read_arrays
from adt_plugins.base.folders import asset
from adt_plugins.base.late import LateFunction
from adt_plugins.base.strict_json import parse_json
from adt_plugins.base.visible import visible
from adt_plugins.batch.manifest import Line, Manifest
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.editor.sound import Sound
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.midi.tempo_map import tempo_map
from adt_plugins.network.catalogue import list_models
from adt_plugins.network.inference import Network
from adt_plugins.transcription import Transcription
from tests.support.work import lines_run


def refusal(action: Callable[[], object]) -> str | None:
    """Return the line with which an action is refused, or None if it succeeds."""
    try:
        action()
    except AdtError as error:
        text = str(error)
    else:
        return None
    assert text
    assert "\n" not in text
    return text


CARD = json.loads((asset("models") / "drums.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1e999]",
        "[NaN]",
        "[-Infinity]",
        "[" * 100_000,
        '{"a":1,"a":2}',
        b"\xff",
    ],
)
def test_what_is_no_json_is_one_line(text: str | bytes) -> None:
    with pytest.raises(FormatError) as error:
        parse_json(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


# Cards

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1e300,
    2**31,
    2**70,
    "",
    "x",
    [],
    [1],
    {},
    {"x": 1},
]


def places(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else []
    return [at, *(p for key, value in inside for p in places(value, (*at, key)))]


def with_value(data: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    return {**data, at[0]: with_value(data[at[0]], at[1:], value)}


@pytest.mark.slow
def test_every_value_of_a_card_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    outcomes: Counter[str] = Counter()
    skipped = ("training", "measured")
    spots = [p for p in places(CARD) if not p or p[0] not in skipped]
    for at in spots:
        for value in ODD:
            path.write_text(json.dumps(with_value(CARD, at, value)), encoding="utf-8")
            if refusal(lambda: ModelCard.read(path)):
                outcomes["refused"] += 1
                continue
            card = ModelCard.read(path)
            assert card.front_end.frame_size <= 1 << 16
            assert card.geometry.frames * card.geometry.batch <= 1 << 18
            outcomes["read"] += 1
    assert outcomes["refused"] > 500
    for missing in CARD:
        short = {key: value for key, value in CARD.items() if key != missing}
        path.write_text(json.dumps(short), encoding="utf-8")
        refusal(lambda: ModelCard.read(path))


def test_one_bad_card_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(tmp_path))
    folder = tmp_path / "models"
    folder.mkdir()
    bad = {"a": [1], "b": {**CARD, "outputs": 3}, "c": {**CARD, "front_end": []}}
    for name, data in bad.items():
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "d.json").mkdir()
    if hasattr(os, "mkfifo"):  # reading it would wait for a writer
        os.mkfifo(folder / "e.json")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [card.name for card in list_models()] == ["drums", "drums-live"]
    assert len(caught) == 4


# Manifests

LINE = {
    "input": "/a.wav", "status": "done", "error": None, "warnings": [],
    "outputs": [{"format": "labels", "path": "a.labels.txt", "sha256": "0" * 64}],
    "onsets": {"KD": 2}, "sha256": "0" * 64, "settings": "0", "bytes": 3,
    "modified": 1700000000000000000,
}  # fmt: skip


def read_manifest(path: Path) -> None:
    with Manifest(path, pytest.fail) as manifest:
        [line] = manifest.lines()
    assert all(isinstance(item["path"], str) for item in line["outputs"])


def test_every_value_of_a_manifest_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    refused = 0
    for at in [*places(LINE), ("outputs",)]:
        for value in [*ODD, "a\0b", "\ud800", [None], [{}], [{"path": 1}]]:
            path.write_text(json.dumps(with_value(LINE, at, value)) + "\n")
            reason = refusal(lambda: read_manifest(path))
            assert reason is None or "line 1 is not of a manifest" in reason
            refused += reason is not None
    assert refused > 80


@pytest.mark.parametrize("bad", ["x", "[]", "{}", '{"input": "/b"}', '{"input": "/b'])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("end", ["", "\n"])
def test_one_bad_line_leaves_the_others(
    tmp_path: Path, bad: str, at: int, end: str
) -> None:
    path = tmp_path / "manifest.jsonl"
    lines = [json.dumps({**LINE, "input": name}) for name in ("/a", "/c")]
    lines.insert(at, bad)
    path.write_text("\n".join(lines) + end)
    messages: list[str] = []
    with Manifest(path, messages.append) as manifest:
        manifest.add(cast(Line, {**LINE, "input": "/d"}))
        assert [line["input"] for line in manifest.lines()] == ["/a", "/c", "/d"]
    [text] = messages
    assert f"line {at + 1} is not of a manifest: " in text
    assert "\n" not in text
    assert len(path.read_text().splitlines()) == 3
    assert path.with_name("manifest.jsonl.rejected").read_text() == f"{bad}\n"
    with Manifest(path, messages.append):
        assert len(messages) == 1


def test_many_bad_lines_are_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text("x\n" * 5 + json.dumps(LINE))
    messages: list[str] = []
    Manifest(path, messages.append)
    assert len(messages) == 1
    assert "(4 more)" in messages[0]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_last_line_of_an_edited_manifest_counts(tmp_path: Path, end: str) -> None:
    path = tmp_path / "manifest.jsonl"
    lines = [json.dumps({**LINE, "input": name}) for name in ("/a", "/b")]
    path.write_text("\n\n".join(lines) + end)
    with Manifest(path, pytest.fail) as manifest:
        manifest.add(cast(Line, {**LINE, "input": "/c"}))
        assert [line["input"] for line in manifest.lines()] == ["/a", "/b", "/c"]
    assert len(path.read_text().splitlines()) == 3


# Archives


def archive(**changed: Any) -> bytes:
    arrays: dict[str, Any] = {
        "values": np.zeros((5, 2), np.float32),
        "outputs": np.array(["KD", "SD"]),
        "frame_rate": 100.0,
        "offset": 0.0,
    }
    file = io.BytesIO()
    np.savez_compressed(file, **{**arrays, **changed})
    return file.getvalue()


@pytest.mark.parametrize(
    "changed",
    [
        {"values": np.zeros(5, np.float32)},
        {"values": np.zeros((5, 3), np.float32)},
        {"values": np.array([["a", "b"]])},
        {"outputs": np.array([1, 2])},
        {"frame_rate": np.nan},
        {"frame_rate": 0.0},
        {"frame_rate": np.array([1.0, 2.0])},
        {"offset": np.inf},
        {"offset": "soon"},
    ],
)
def test_activations_are_what_they_should_be(tmp_path: Path, changed: Any) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(archive(**changed))
    with pytest.raises(FormatError, match="no activations"):
        load_activations(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("values.npy", b"x" * 1000)
    with pytest.raises(FormatError, match="compressed in an unusual way"):
        read_arrays(file.getvalue(), ("values",))


def test_memory_follows_the_size_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(archive(values=np.zeros((20_000_000, 2), np.float32)))
    assert path.stat().st_size < 500_000
    tracemalloc.start()
    with pytest.raises(FormatError, match="too large"):
        load_activations(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_arrays_of_all_orders_come_back(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    kept = Activations(np.asfortranarray(values), ("KD", "SD", "HH"), 100.0, 0.5)
    save_activations(kept, tmp_path / "a.npz")
    loaded = load_activations(tmp_path / "a.npz")
    assert np.array_equal(loaded.values, values)
    assert loaded.outputs == kept.outputs
    assert (loaded.frame_rate, loaded.offset) == (100.0, 0.5)
    loaded.values[0, 0] = 9.0  # it is the caller's


# Work follows the data, not a number in it


@pytest.mark.parametrize("time_of_beat", [1e5, 1e9, 1e300])
@pytest.mark.parametrize("form", ["midi", "tab", "musicxml"])
def test_a_beat_of_years_ahead_costs_little(
    tmp_path: Path, time_of_beat: float, form: str
) -> None:
    song = Transcription(
        (Onset(1.0, Drum.KD),),
        (Beat(0.5, 1), Beat(1.0, 2), Beat(time_of_beat, 1)),
    )
    writer = formats.find_format(form).write
    assert isinstance(writer, LateFunction)
    writer.load()  # imported before memory is traced
    tracemalloc.start()
    refusal(lambda: formats.write(song, tmp_path / "song", form))
    assert tracemalloc.get_traced_memory()[1] < 200_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("form", ["midi", "tab", "musicxml"])
def test_a_position_without_end_costs_little(tmp_path: Path, form: str) -> None:
    song = Transcription(
        (Onset(1.0, Drum.KD),), (Beat(0.5, 10**12), Beat(1.0, 10**12 + 1))
    )
    write = partial(formats.write, song, tmp_path / "song", form)
    assert lines_run(lambda: refusal(write)) < 200_000


def test_bars_are_counted_once() -> None:
    """Counting each length for each bar took minutes that no signal ended."""
    beats = [Beat(0.5 * n, 1) for n in range(4000)]
    assert len(tempo_map(beats).bars) == len(beats)
    assert lines_run(lambda: tempo_map(beats)) < 200 * len(beats)


# Control characters for a terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 鼓\t", "plain ä 鼓\t"),
        ("a\nadt: warning: b", "a\\x0aadt: warning: b"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("a\u2028b", "a\\u2028b"),
        ("\udc9b\udcff", "\\x9b\udcff"),
    ],
)
def test_what_steers_a_terminal_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="not on this system: fork")
def test_a_child_forked_while_sound_is_made_can_make_it() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 600_000).astype(np.float32)
    sound = Sound((samples, 44100))
    expected = [sound.chunk(0), sound.chunk(1)]
    with sound._lock:  # as while another thread makes a piece
        child = os.fork()
        if not child:
            signal.alarm(60)
            os._exit([sound.chunk(0), sound.chunk(1)] != expected)
    assert os.waitpid(child, 0)[1] == 0
    assert [sound.chunk(0), sound.chunk(1)] == expected
    sound.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="not on this system: fork")
def test_a_child_forked_during_a_run_can_run(tiny_model: Path) -> None:
    network = Network(ModelCard.read(tiny_model))
    frames = np.zeros((50, network.bands), np.float32)
    expected = network.activations(frames)
    with network._lock:  # as while another thread runs it
        child = os.fork()
        if not child:
            try:
                same = np.array_equal(network.activations(frames), expected)
                os._exit(0 if same else 1)
            finally:  # it must not go on with the tests
                os._exit(2)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert np.array_equal(network.activations(frames), expected)
