"""Builds one `.tflite` file of ADTLib's three networks, from their checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.adtlib.checkpoint import read_tensors
from adt_plugins.network.brnn_sa.graph import AttentionInGraph, attend
from adt_plugins.network.brnn_sa.weights import Attention, Lstm
from adt_plugins.network.tflite.builder import GraphBuilder, Tensor

BANDS = 1024
UNITS = 20
# Frames on each side in the attention: in training, and in ADTLib 2.1.2.
TRAINED_WIDTH, RELEASED_WIDTH = 3, 2

_STACKS, _DIRECTIONS, _LAYERS = ("1", "2"), ("fw", "bw"), (0, 1)
_FORGET_BIAS = 1.0  # added by TensorFlow's LSTMCell, not stored
_TANH = 4  # in the schema's ActivationFunctionType


@dataclass(frozen=True, eq=False)
class AdtlibNet:
    """One of the three networks.

    Parameters
    ----------
    stacks
        Two bidirectional stacks, each of a forward and a backward pair of LSTM layers
        with 20 units. Time is reversed for both layers together.
    attention
        Attention between the outputs of the second and the first stack.
    output_weight, output_bias
        Shape (40, 1) and (1,): the score of a hit minus that of the other class, so
        that a sigmoid equals the softmax of both.
    """

    stacks: tuple[tuple[tuple[Lstm, ...], tuple[Lstm, ...]], ...]
    attention: Attention
    output_weight: NDArray[np.float32]
    output_bias: NDArray[np.float32]


def read_net(index: bytes, data: bytes, width: int) -> AdtlibNet:
    """Read one network from its checkpoint.

    Parameters
    ----------
    index, data
        See `checkpoint.read_tensors`.
    width
        Frames of attention on each side. The checkpoints hold seven pairs of matrices,
        for the offsets -3 to 3. With 2, the first five serve the offsets -2 to 2, as
        in the released ADTLib, whose variables are numbered rather than named.
    """
    tensors = read_tensors(index, data, _shapes())
    rows = 2 * UNITS
    offsets = range(2 * width + 1)
    first = [tensors[_variable(2 + 2 * j)] for j in offsets]
    second = [tensors[_variable(3 + 2 * j)] for j in offsets]
    attention = Attention(
        a=np.stack([matrix[:rows] for matrix in first]),
        b=np.zeros(rows, np.float32),
        c=np.stack([matrix[rows:] for matrix in first]),
        v=np.stack(second),
    )
    weight, bias = tensors[_variable(1)], tensors[_variable(0)]
    forward, backward = (
        [tuple(_lstm(tensors, stack, end, n) for n in _LAYERS) for stack in _STACKS]
        for end in _DIRECTIONS
    )
    return AdtlibNet(
        tuple(zip(forward, backward, strict=True)),
        attention,
        weight[:, :1] - weight[:, 1:],
        bias[:1] - bias[1:],
    )


def _variable(number: int) -> str:
    return f"Variable_{number}" if number else "Variable"


def _cell(stack: str, direction: str, layer: int) -> str:
    return (
        f"{stack}/bidirectional_rnn/{direction}/multi_rnn_cell/cell_{layer}/lstm_cell"
    )


def _shapes() -> dict[str, tuple[int, ...]]:
    rows = 2 * UNITS
    shapes: dict[str, tuple[int, ...]] = {"Variable": (2,), "Variable_1": (rows, 2)}
    for j in range(2 * TRAINED_WIDTH + 1):
        shapes[_variable(2 + 2 * j)] = (2 * rows, rows)
        shapes[_variable(3 + 2 * j)] = (rows, rows)
    for stack, inputs in zip(_STACKS, (BANDS, rows), strict=True):
        for direction in _DIRECTIONS:
            for layer in _LAYERS:
                name = _cell(stack, direction, layer)
                size = UNITS if layer else inputs
                shapes[f"{name}/kernel"] = (size + UNITS, 4 * UNITS)
                shapes[f"{name}/bias"] = (4 * UNITS,)
    return shapes


def _lstm(
    tensors: Mapping[str, NDArray[np.float32]], stack: str, direction: str, layer: int
) -> Lstm:
    """Convert TensorFlow's order of gates (input, new, forget, output) to PyTorch's."""
    name = _cell(stack, direction, layer)
    order = [0, 2, 1, 3]
    matrix = tensors[f"{name}/kernel"].T.reshape(4, UNITS, -1)[order]
    bias = tensors[f"{name}/bias"].reshape(4, UNITS)[order]
    bias[1] += _FORGET_BIAS
    matrix = matrix.reshape(4 * UNITS, -1)
    return Lstm(matrix[:, :-UNITS], matrix[:, -UNITS:], bias.reshape(-1))


def build_adtlib(nets: Sequence[AdtlibNet], geometry: Geometry) -> bytes:
    """Return a `.tflite` file of the networks, with an output for each.

    LiteRT's fused LSTM runs them: unrolled, their 1000 frames would be 120,000
    operators. XNNPACK multiplies the 1024 inputs beforehand, for all networks at once.

    Parameters
    ----------
    nets
        Networks from `read_net`.
    geometry
        Chunk geometry, without context.
    """
    graph = GraphBuilder()
    x = graph.input((geometry.frames, geometry.batch, BANDS))
    starts = [
        layers[0] for net in nets for layers in net.stacks[0]
    ]  # every net's forward and backward
    matrix = np.concatenate([lstm.weight_ih for lstm in starts])
    bias = np.concatenate([lstm.bias for lstm in starts])
    projected = graph.fully_connected(x, graph.weight(matrix), bias)
    hits = []
    for number, net in enumerate(nets):
        gates = 2 * 4 * UNITS
        part = graph.slice(projected, number * gates, (number + 1) * gates, axis=-1)
        hits.append(_add_net(graph, net, part, geometry))
    shape = (geometry.frames, geometry.batch, len(nets))
    return graph.finish([graph.reshape(graph.concatenate(hits, axis=-1), shape)])


def _add_net(
    graph: GraphBuilder, net: AdtlibNet, projected: Tensor, geometry: Geometry
) -> Tensor:
    batch, rows = geometry.batch, geometry.frames * geometry.batch
    ends = graph.split(projected, 2, axis=-1)
    outputs: list[Tensor] = []
    for stack in net.stacks:
        results = []
        for value, layers, backward in zip(ends, stack, (False, True), strict=True):
            result = graph.reverse(value) if backward else value
            for number, lstm in enumerate(layers):
                ready = not outputs and number == 0
                result = _fused_lstm(graph, lstm, result, projected=ready)
            results.append(graph.reverse(result) if backward else result)
        joined = graph.concatenate(results, axis=-1)
        outputs.append(joined)
        ends = [joined, joined]
    first, second = (graph.reshape(value, (rows, 2 * UNITS)) for value in outputs)
    # Zeros beyond the chunk.
    edge = graph.constant(
        np.zeros((net.attention.width * batch, 2 * UNITS), np.float32)
    )
    around = graph.concatenate([edge, second, edge], axis=0)
    attention = AttentionInGraph.add(graph, net.attention)
    mixed = attend(graph, attention, first, around, batch)
    weight = graph.weight(net.output_weight.T)
    return graph.logistic(graph.fully_connected(mixed, weight, net.output_bias))


def _fused_lstm(
    graph: GraphBuilder, lstm: Lstm, x: Tensor, *, projected: bool
) -> Tensor:
    """Add an LSTM over the first axis of (frames, batch, inputs).

    With `projected`, `x` holds the gates' sums over the input already, bias included:
    each gate selects its part by a matrix of zeros and ones, which is exact.
    """
    _, batch, inputs = x.shape
    units = lstm.units
    weight_ih, bias = lstm.weight_ih, lstm.bias
    if projected:
        weight_ih, bias = np.eye(inputs), np.zeros(4 * units)

    def gates(values: NDArray[np.floating]) -> list[Tensor]:
        return [graph.constant(part) for part in np.split(values, 4)]

    states = [graph.variable((batch, units)) for _ in range(2)]
    return graph.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [
            x,
            *gates(weight_ih),
            *gates(lstm.weight_hh),
            *[None] * 3,  # peepholes
            *gates(bias),
            *[None] * 2,  # projection
            *states,
            *[None] * 4,  # normalisation
        ],
        (*x.shape[:2], units),
        "UnidirectionalSequenceLSTMOptions",
        fusedActivationFunction=_TANH,
        timeMajor=True,
    )
