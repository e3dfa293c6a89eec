"""Running models: chunks, batches, streams, and finding them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.base.folders import user_model_folder
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.errors import AdtWarning, ModelError
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.catalogue import find_model, list_models
from adt_plugins.network.inference import Network
from adt_plugins.network.tflite.builder import GraphBuilder
from tests.support.brnn_sa_reference import evaluate_float64
from tests.support.graphs import brnn_sa, frames

pytest.importorskip("ai_edge_litert.interpreter")

GEOMETRY = Geometry(core=12, context=5, batch=3)
WEIGHTS = brnn_sa()


def install(folder: Path, name: str, content: bytes, geometry: Geometry) -> ModelCard:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.tflite").write_bytes(content)
    card = ModelCard(
        name=name,
        file=f"{name}.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        outputs=("KD", "SD", "HH"),
        front_end=FrontEnd(),
        geometry=geometry,
        picker=Picker(),
        thresholds={"KD": 0.3, "SD": 0.3, "HH": 0.3},
    )
    (folder / f"{name}.json").write_text(card.to_json(), encoding="utf-8")
    return ModelCard.read(folder / f"{name}.json")


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    content = build_brnn_sa(WEIGHTS, GEOMETRY, quantise=False)
    return install(tmp_path, "small", content, GEOMETRY)


@pytest.mark.parametrize("count", [0, 1, 11, 12, 13, 36, 37, 100])
def test_any_length_equals_the_reference(card: ModelCard, count: int) -> None:
    x = frames(count)
    result = Network(card).activations(x)
    assert result.shape == (count, 3)
    assert result.dtype == np.float32
    np.testing.assert_allclose(
        result, evaluate_float64(WEIGHTS, x, GEOMETRY), atol=1e-5
    )


@pytest.mark.parametrize("size", [1, 7, 36, 46, 47, 1000])
def test_blocks_do_not_matter(card: ModelCard, size: int) -> None:
    network = Network(card)
    x = frames(200)
    whole = network.activations(x)
    blocks = [x[k : k + size] for k in range(0, 200, size)]
    blocks.insert(1, x[:0])
    result = np.concatenate(list(network.stream(blocks)))
    np.testing.assert_array_equal(result, whole)


def test_the_caller_may_reuse_its_array(card: ModelCard) -> None:
    network = Network(card)
    x = frames(100)

    def blocks() -> Any:
        array = np.empty((10, 9), np.float32)
        for k in range(0, 100, 10):
            array[:] = x[k : k + 10]
            yield array

    result = np.concatenate(list(network.stream(blocks())))
    np.testing.assert_array_equal(result, network.activations(x))


def test_a_stream_holds_little(card: ModelCard) -> None:
    """Results come as soon as a batch is full, not at the end."""
    taken = 0

    def blocks() -> Any:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield frames(10)

    stream = Network(card).stream(blocks())
    first = next(stream)
    assert first.shape == (36, 3)
    assert taken == 5  # 36 frames and 5 of context after them


def fused_lstm(geometry: Geometry) -> bytes:
    """A network whose operator keeps its state from run to run."""
    rng = np.random.default_rng(0)
    graph = GraphBuilder()
    x = graph.input((geometry.frames, geometry.batch, 9))
    inputs = [x, *(graph.constant(rng.normal(size=(3, 9))) for _ in range(4))]
    inputs += [graph.constant(rng.normal(size=(3, 3))) for _ in range(4)]
    biases = [graph.constant(np.full(3, 0.5)) for _ in range(4)]
    states = [graph.variable((geometry.batch, 3)) for _ in range(2)]
    y = graph.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [*inputs, None, None, None, *biases, None, None, *states, *[None] * 4],
        (*x.shape[:2], 3),
        "UnidirectionalSequenceLSTMOptions",
        fusedActivationFunction=4,
        timeMajor=True,
    )
    return graph.finish([y])


def test_nothing_is_left_of_what_ran_before(tmp_path: Path) -> None:
    geometry = Geometry(core=12, context=0, batch=2)
    network = Network(install(tmp_path, "fused", fused_lstm(geometry), geometry))
    x, other = frames(24), frames(24, seed=9)
    first = network.activations(x)
    network.activations(other)
    np.testing.assert_array_equal(network.activations(x), first)
    # Each chunk starts from nothing, too.
    twice = network.activations(np.concatenate([x, x]))
    np.testing.assert_array_equal(twice, np.concatenate([first, first]))


def test_padding_with_the_first_frame(tmp_path: Path) -> None:
    """What lies beyond the recording, made visible by a sum of neighbours."""
    for padding in ("zeros", "first"):
        geometry = Geometry(core=4, context=1, batch=2, padding=padding)
        graph = GraphBuilder()
        x = graph.input((6, 2, 3))
        y = graph.add(
            graph.add(graph.slice(x, 0, 4), graph.slice(x, 1, 5)), graph.slice(x, 2, 6)
        )
        card = install(tmp_path, padding, graph.finish([y]), geometry)
        frames = np.array([[1.0, 10, 100], [2, 20, 200]])
        beyond = frames[0] if padding == "first" else 0 * frames[0]
        np.testing.assert_array_equal(
            Network(card).activations(frames),
            [beyond + frames[0] + frames[1], frames[0] + frames[1] + beyond],
        )


def test_threads_share_a_network(card: ModelCard) -> None:
    network = Network(card)
    inputs = [frames(150, seed=seed) for seed in range(4)]
    expected = [network.activations(x) for x in inputs]
    results: dict[int, list[NDArray[np.float32]]] = {k: [] for k in range(4)}

    def work(k: int) -> None:
        for _ in range(5):
            results[k].append(network.activations(inputs[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        for result in results[k]:
            np.testing.assert_array_equal(result, expected[k])


def test_frames_of_another_front_end(card: ModelCard) -> None:
    with pytest.raises(ValueError, match=r"\(n, 9\), not \(5, 8\)"):
        Network(card).activations(np.zeros((5, 8)))


def _alter(card: ModelCard) -> ModelCard:
    assert card.path is not None
    path = card.path.with_suffix(".tflite")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return card


def _remove(card: ModelCard) -> ModelCard:
    assert card.path is not None
    card.path.with_suffix(".tflite").unlink()
    return card


def _garbage(card: ModelCard) -> ModelCard:
    assert card.path is not None
    card.path.with_suffix(".tflite").write_bytes(b"garbage")
    return replace(card, sha256=hashlib.sha256(b"garbage").hexdigest())


SPOILT: dict[str, tuple[Callable[[ModelCard], ModelCard], str]] = {
    "altered": (_alter, "not the one that its card describes"),
    "missing": (_remove, "no such file"),
    "garbage": (_garbage, "LiteRT cannot run it"),
    "wrong geometry": (
        lambda card: replace(card, geometry=Geometry(11, 5, 3)),
        "does not fit its card",
    ),
    "wrong outputs": (
        lambda card: replace(card, outputs=("KD", "SD")),
        "does not fit its card",
    ),
    "outside": (lambda card: replace(card, file="../small.tflite"), "plain file name"),
    "no path": (lambda card: replace(card, path=None), "not read from a file"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_unusable_models_say_why_in_one_line(card: ModelCard, case: str) -> None:
    spoil, reason = SPOILT[case]
    with pytest.raises(ModelError, match=reason) as caught:
        Network(spoil(card))
    assert "\n" not in str(caught.value)
    assert "small" in str(caught.value)


def test_standard_error_stays_quiet(card: ModelCard) -> None:
    """Only the greeting is suppressed; other lines come through."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from adt_plugins.network import catalogue, inference, litert\n"
        "real = litert._interpreter_class()\n"
        "def noisy(**options):\n"
        "    os.write(2, b'ERROR: something else\\n'); return real(**options)\n"
        "litert._interpreter_class = lambda: noisy\n"
        f"card = catalogue.find_model({str(card.path)!r})\n"
        "inference.Network(card); inference.Network(card)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == ["ERROR: something else"] * 2
    assert done.stdout == ""


def test_find_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(tmp_path / "home"))
    assert user_model_folder() == tmp_path / "home" / "models"
    content = build_brnn_sa(WEIGHTS, GEOMETRY, quantise=True)
    mine = install(user_model_folder(), "mine", content, GEOMETRY)
    elsewhere = install(tmp_path / "else.where", "v1.2", content, GEOMETRY)
    assert find_model("mine") == mine
    assert elsewhere.path is not None
    for path in (elsewhere.path, elsewhere.path.with_suffix(".tflite")):
        assert find_model(path) == elsewhere
        assert find_model(str(path)).path == elsewhere.path
    assert "mine" in [card.name for card in list_models()]
    with pytest.raises(ModelError, match=r"missing: no such model; .*mine"):
        find_model("missing")
    for name in ("missing.json", "missing.tflite", "no/where"):
        with pytest.raises(ModelError, match="no such model"):
            find_model(tmp_path / name)
    (user_model_folder() / "broken.json").write_text("{", encoding="utf-8")
    with pytest.warns(AdtWarning, match=r"broken\.json: not a model card"):
        names = [card.name for card in list_models()]
    assert "mine" in names
    assert "broken" not in names


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/adt-plugins/models"),
        ("linux", {"XDG_DATA_HOME": "data"}, "~/.local/share/adt-plugins/models"),
        ("linux", {}, "~/.local/share/adt-plugins/models"),
        ("darwin", {}, "~/Library/Application Support/adt-plugins/models"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/adt-plugins/models"),
        ("win32", {}, "~/AppData/Local/adt-plugins/models"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths written for POSIX")
def test_user_model_folder(
    system: str,
    variables: dict[str, str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ADT_PLUGINS_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert user_model_folder() == Path(expected).expanduser()
