"""The writer of `.tflite` files, run by LiteRT and compared with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.graph import (
    attention_graph,
    build_brnn_sa,
    layer_graph,
)
from adt_plugins.network.brnn_sa.weights import BrnnSaWeights
from adt_plugins.network.catalogue import find_model, network_bytes
from adt_plugins.network.numpy_backend.interpreter import FULLY_CONNECTED
from adt_plugins.network.numpy_backend.tflite_file import read_tflite
from adt_plugins.network.stepwise import StepwiseRunner
from adt_plugins.network.tflite.builder import GraphBuilder, Tensor
from adt_plugins.network.tflite.writer import write_model
from tests.support.brnn_sa_reference import evaluate_float64
from tests.support.graphs import brnn_sa, frames

interpreter = pytest.importorskip("ai_edge_litert.interpreter")


def run(content: bytes, x: NDArray[Any]) -> tuple[NDArray[Any], Any]:
    runtime = interpreter.Interpreter(model_content=content, num_threads=1)
    runtime.allocate_tensors()
    runtime.set_tensor(runtime.get_input_details()[0]["index"], x.astype(np.float32))
    runtime.invoke()
    return runtime.get_tensor(runtime.get_output_details()[0]["index"]), runtime


def run_layers(content: bytes, x: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    runtime = interpreter.Interpreter(model_content=content, num_threads=1)
    return StepwiseRunner(runtime, geometry).run(x.astype(np.float32))


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-x)))


def _weights(g: GraphBuilder, x: Tensor) -> Tensor:
    matrix = np.arange(12.0).reshape(2, 6) / 7
    return g.fully_connected(x, g.weight(matrix), np.array([1.0, -2.0]))


# What is built from a (4, 6) input, and what NumPy makes of the same.
OPERATORS: dict[str, tuple[Any, Any]] = {
    "fully_connected": (
        _weights,
        lambda x: x @ (np.arange(12.0).reshape(2, 6) / 7).T + [1, -2],
    ),
    "no bias": (
        lambda g, x: g.fully_connected(x, g.weight(np.eye(6)[:3])),
        lambda x: x[:, :3],
    ),
    "three axes": (
        lambda g, x: g.fully_connected(
            g.reshape(x, (2, 2, 6)), g.weight(np.eye(6)[::-1])
        ),
        lambda x: x.reshape(2, 2, 6)[..., ::-1],
    ),
    "add": (lambda g, x: g.add(x, x), lambda x: x + x),
    "sub": (lambda g, x: g.sub(x, g.constant(np.ones(6))), lambda x: x - 1),
    "rise": (
        lambda g, x: g.sub(x, g.constant(np.ones(6)), relu=True),
        lambda x: np.maximum(x - 1, 0),
    ),
    "mul": (lambda g, x: g.mul(x, g.constant(np.arange(6.0))), lambda x: x * range(6)),
    "div": (lambda g, x: g.div(x, g.constant(np.array(3.0))), lambda x: x / 3),
    "maximum": (
        lambda g, x: g.maximum(x, g.reverse(x)),
        lambda x: np.maximum(x, x[::-1]),
    ),
    "exp": (lambda g, x: g.exp(x), np.exp),
    "logistic": (lambda g, x: g.logistic(x), sigmoid),
    "tanh": (lambda g, x: g.tanh(x), np.tanh),
    "concatenate": (
        lambda g, x: g.concatenate([x, g.tanh(x)], axis=-1),
        lambda x: np.concatenate([x, np.tanh(x)], axis=-1),
    ),
    "split": (lambda g, x: g.split(x, 3, -1)[1], lambda x: x[:, 2:4]),
    "slice": (lambda g, x: g.slice(x, 1, 3), lambda x: x[1:3]),
    "slice columns": (lambda g, x: g.slice(x, 1, 3, axis=1), lambda x: x[:, 1:3]),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name: str) -> None:
    build, expected = OPERATORS[name]
    x = np.random.default_rng(5).normal(size=(4, 6)).astype(np.float32)
    graph = GraphBuilder()
    result, _ = run(graph.finish([build(graph, graph.input((4, 6)))]), x)
    wanted = np.asarray(expected(x.astype(np.float64)))
    assert result.shape == wanted.shape
    np.testing.assert_allclose(result, wanted, atol=2e-6, rtol=1e-5)


def test_int8_weights_are_scaled_row_by_row() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(5, 64)) * np.array([[1e-3], [1], [50], [0], [2]])
    x = rng.normal(size=(16, 64))
    graph = GraphBuilder()
    y = graph.fully_connected(
        graph.input((16, 64)), graph.weight(matrix, quantise=True)
    )
    result, _ = run(graph.finish([y]), x)
    wanted = x @ matrix.T
    # Half a step of 1/127 of the row's peak and of the input's range, in 64 sums.
    scale = np.abs(matrix).max(axis=1) * np.sqrt(64)
    assert np.all(np.abs(result - wanted) <= 0.03 * scale + 1e-12)
    assert np.all(np.abs(result - wanted)[:, [0, 1, 2, 4]].max(axis=0) > 0)


def test_equal_constants_are_stored_once() -> None:
    graph = GraphBuilder()
    x = graph.input((4, 6))
    big = np.arange(6000.0).reshape(1000, 6)
    y = graph.add(
        graph.fully_connected(x, graph.weight(big)),
        graph.fully_connected(x, graph.weight(big.copy())),
    )
    assert 24_000 < len(graph.finish([y])) < 30_000


def test_wrong_shapes_are_refused_while_building() -> None:
    graph = GraphBuilder()
    x = graph.input((4, 6))
    with pytest.raises(ValueError, match="does not fit"):
        graph.fully_connected(x, graph.weight(np.ones((2, 5))))
    with pytest.raises(ValueError, match="not inside"):
        graph.slice(x, 3, 5)
    with pytest.raises(ValueError, match="no field"):
        graph.finish([graph.operator("TANH", [x], (4, 6), "AddOptions", missing=1)])


# With 19 frames and with 31 only one step runs at a time; with 24 and 4 it is 16.
@pytest.mark.parametrize("difference", [True, False])
@pytest.mark.parametrize(
    ("core", "context"), [(19, 6), (24, 4), (72, 4), (28, 2), (19, 0), (48, 0)]
)
def test_brnn_sa_equals_the_reference(
    core: int, context: int, difference: bool
) -> None:
    geometry = Geometry(core=core, context=context, batch=2)
    weights = brnn_sa(difference=difference)
    x = frames(2 * core)
    padded = np.pad(x, ((context, context), (0, 0)))
    batch = np.stack([padded[k : k + geometry.frames] for k in (0, core)], axis=1)
    result = run_layers(
        build_brnn_sa(weights, geometry, quantise=False), batch, geometry
    )
    assert result.shape == (geometry.core, 2, 3)
    wanted = evaluate_float64(weights, x, geometry)
    np.testing.assert_allclose(
        np.concatenate([*result.swapaxes(0, 1)]), wanted, atol=1e-5
    )
    assert wanted.std() > 0.1


def test_brnn_sa_in_int8_is_close() -> None:
    geometry = Geometry(core=30, context=5, batch=4)
    weights = brnn_sa(units=32)
    x = frames(4 * 30)
    padded = np.pad(x, ((5, 5), (0, 0)))
    batch = np.stack([padded[k : k + 40] for k in range(0, 120, 30)], axis=1)
    result = run_layers(
        build_brnn_sa(weights, geometry, quantise=True), batch, geometry
    )
    error = np.abs(
        np.concatenate([*result.swapaxes(0, 1)])
        - evaluate_float64(weights, x, geometry)
    )
    assert 0 < error.max() < 0.05


def test_large_attention_scores_do_not_overflow() -> None:
    weights = brnn_sa()
    weights.attention.v[:] *= 100
    geometry = Geometry(core=16, context=2, batch=1)
    x = frames(16)
    batch = np.pad(x, ((2, 2), (0, 0)))[:, None]
    result = run_layers(
        build_brnn_sa(weights, geometry, quantise=False), batch, geometry
    )
    wanted = evaluate_float64(weights, x, geometry)
    np.testing.assert_allclose(result[:, 0], wanted, atol=1e-4)


def test_brnn_sa_is_small() -> None:
    geometry = Geometry(core=256, context=128, batch=2)
    assert len(build_brnn_sa(brnn_sa(), geometry, quantise=True)) < 80_000


def test_matrices_of_states_stay_in_the_cache() -> None:
    """XNNPACK packs a matrix for every operator: those of a graph take little."""
    model = read_tflite(network_bytes(find_model()))
    for name in ("layer1", "layer2", "layer1_single", "layer2_single"):
        graph = model.graphs[model.signatures[name].graph]
        products = [item for item in graph.operators if item.code == FULLY_CONNECTED]
        contents = [graph.tensors[item.inputs[1]].content for item in products]
        assert sum(each.nbytes for each in contents if each is not None) < 1.2e6


@pytest.mark.parametrize("number", range(3))
def test_each_graph_runs_in_one_piece(number: int) -> None:
    """All in XNNPACK: each part left outside would cost more than it computes."""
    weights = brnn_sa()
    first, second = weights.layers
    graph = (
        layer_graph(first, 16, 2, quantise=True, rises=True),
        layer_graph(second, 16, 2, quantise=True, rises=False),
        attention_graph(weights, 32, 2),
    )[number]
    runtime = interpreter.Interpreter(model_content=write_model({"": graph}))
    runtime.allocate_tensors()
    delegates = [
        item for item in runtime._get_ops_details() if item["op_name"] == "DELEGATE"
    ]
    assert len(delegates) == 1
    inputs, outputs = runtime.get_input_details(), runtime.get_output_details()
    assert {item["index"] for item in inputs} <= set(delegates[0]["inputs"])
    assert {item["index"] for item in outputs} == set(delegates[0]["outputs"])


@pytest.mark.needs_torch
def test_lstm_equals_pytorch() -> None:
    torch = pytest.importorskip("torch")
    from tests.support.brnn_sa_reference import evaluate_lstm

    torch.manual_seed(0)
    module = torch.nn.LSTM(5, 7, num_layers=2, bidirectional=True).double()
    state = {name: value.detach().numpy() for name, value in module.named_parameters()}
    rest = dict.fromkeys(
        ["attention_a", "attention_b", "attention_c", "attention_v"], np.zeros((1, 1))
    )
    weights = BrnnSaWeights.from_dict(
        {**state, **rest, "output_weight": np.zeros((1, 1)), "output_bias": np.zeros(1)}
    )
    x = frames(20, 5)
    expected = module(torch.tensor(x))[0].detach().numpy()
    for forward, backward in weights.layers:
        back = evaluate_lstm(backward, x[::-1])[::-1]
        x = np.concatenate([evaluate_lstm(forward, x), back], axis=1)
    np.testing.assert_allclose(x, expected, atol=1e-12)
