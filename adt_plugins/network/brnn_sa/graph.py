"""Builds the `.tflite` file of the drum network: its layers, a few steps at a time.

The network processes a recording in chunks of some hundred frames. With all steps of a
chunk unrolled in one graph, opening it took 0.36 s for 320 steps and 0.7 s for 448:
XNNPACK's time grows with the square of the operators. So the file holds one graph for
`STEPS` steps of each layer, which reads the state and returns the next, and one for the
attention; `adt_plugins.network.stepwise` runs them. Opening takes 0.01 s (experiment
8).

The steps are few for another reason, too: XNNPACK packs a matrix anew for every
operator that multiplies by it, even if all share its bytes. Packed once for each of 16
steps, the matrices that read the states took 2 MB a layer, and fetching them took
longer than multiplying (experiment 55).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import (
    ATTENTION,
    Array,
    Attention,
    BrnnSaWeights,
    Lstm,
    layer_name,
    single,
)
from adt_plugins.network.tflite.builder import GraphBuilder, Tensor, Weight
from adt_plugins.network.tflite.writer import Graph, write_model

STEPS, _STEPS_ALONE = 4, 8
"""Most frames of a layer in one run: of a batch, and of a single chunk, whose
arithmetic takes so little time that calls count for more."""

# Most frames of the attention in one run.
_ATTENTION_RUN = 32
# Frames of the attention in one operator: fewer are slower, more no faster.
_ATTENTION_FRAMES = 16
# exp() of a score up to this neither overflows nor vanishes in float32, so the softmax
# need not subtract the maximum; scores are bounded by tanh.
_SAFE_SCORE = 80.0
# Most values that XNNPACK concatenates in one operator.
_JOIN = 4


def build_brnn_sa(
    weights: BrnnSaWeights, geometry: Geometry, quantise: bool = True
) -> bytes:
    """Return the content of the network's `.tflite` file.

    Parameters
    ----------
    weights
        Parameters of the network.
    geometry
        Chunk geometry. Its length needs a divisor near `STEPS` for speed.
    quantise
        Whether to store the matrices that read a layer's input as int8, with a scale
        for each row. Everything else stays float32: a state that is rounded to int8 in
        each step carries the last bit of its input on from frame to frame, so that two
        processors differ by up to 0.02 (experiment 51).
    """
    graphs = _graphs(weights, geometry, geometry.batch, STEPS, quantise)
    if geometry.batch > 1:
        # A batch is too much for a few seconds, or for the rest of a song.
        alone = _graphs(weights, geometry, 1, _STEPS_ALONE, quantise)
        graphs.update({single(name): graph for name, graph in alone.items()})
    return write_model(graphs)


def _graphs(
    weights: BrnnSaWeights,
    geometry: Geometry,
    batch: int,
    most_steps: int,
    quantise: bool,
) -> dict[str, Graph]:
    steps = _largest_divisor(geometry.frames, most_steps)
    graphs = {}
    for number, pair in enumerate(weights.layers):
        rises = weights.difference and number == 0
        graphs[layer_name(number)] = layer_graph(
            pair, steps, batch, quantise, rises=rises
        )
    frames = _largest_divisor(geometry.core, _ATTENTION_RUN)
    graphs[ATTENTION] = attention_graph(weights, frames, batch)
    return graphs


def _largest_divisor(number: int, at_most: int) -> int:
    return next(k for k in range(min(number, at_most), 0, -1) if number % k == 0)


def layer_graph(
    pair: tuple[Lstm, Lstm], steps: int, batch: int, quantise: bool, *, rises: bool
) -> Graph:
    """Return the graph of some steps of a layer, in both directions.

    The rows of a step are those of the forward direction followed by those of the
    backward direction, which come from the other end of the chunk: each direction has
    matrices of its own, and everything else is done for both at once.

    Inputs ``frames`` (steps, 2 batch, inputs), ``state`` and ``cell``
    (2 batch, units), and with `rises` ``before``: the preceding frame of each of
    ``frames``. Outputs ``states`` (steps, 2 batch, units) and ``last_cell``.
    """
    graph = GraphBuilder()
    units, inputs = pair[0].units, pair[0].weight_ih.shape[1]
    rows = 2 * batch
    if rises:
        x = graph.input((steps, rows, inputs // 2))
        rise = graph.sub(x, graph.input(x.shape, "before"), relu=True)
        x = graph.concatenate([x, rise], axis=-1)
    else:
        x = graph.input((steps, rows, inputs))
    state, cell = (graph.input((rows, units), name) for name in ("state", "cell"))
    # The inputs of all steps at once: one large product is faster than many small ones.
    sums, matrices = [], []
    for number, lstm in enumerate(pair):
        weight_ih, weight_hh, bias = gate_weights(lstm)
        part = graph.slice(x, number * batch, (number + 1) * batch, axis=1)
        flat = graph.reshape(part, (steps * batch, inputs))
        weight = graph.weight(weight_ih, quantise=quantise)
        gates = graph.fully_connected(flat, weight, bias)
        sums.append(graph.reshape(gates, (steps, batch, 4 * units)))
        matrices.append(graph.weight(weight_hh))
    from_input = graph.reshape(
        graph.concatenate(sums, axis=1), (steps * rows, 4 * units)
    )
    states = []
    for step in range(steps):
        halves = graph.split(state, 2, axis=0)
        recalled = graph.concatenate(
            [
                graph.fully_connected(*item)
                for item in zip(halves, matrices, strict=True)
            ],
            axis=0,
        )
        now = graph.slice(from_input, step * rows, (step + 1) * rows)
        state, cell = lstm_cell(graph, graph.add(now, recalled), cell)
        states.append(state)
    joined = graph.reshape(join(graph, states, axis=0), (steps, rows, units))
    return graph.close([joined, cell], ["states", "last_cell"])


def gate_weights(lstm: Lstm) -> tuple[Array, Array, Array]:
    """Return the matrices and the bias of all gates, as `lstm_cell` expects them."""
    scale = np.ones((4, lstm.units))
    # tanh(x) = 2 sigmoid(2x) - 1: one operator computes all four gates.
    scale[2] = 2
    scale = scale.reshape(-1, 1)
    return scale * lstm.weight_ih, scale * lstm.weight_hh, scale[:, 0] * lstm.bias


def lstm_cell(
    graph: GraphBuilder, gates: Tensor, cell: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the new state and cell."""
    two = graph.constant(np.array(2.0))
    one = graph.constant(np.array(1.0))
    enter, keep, new, leave = graph.split(graph.logistic(gates), 4, axis=-1)
    new = graph.mul(enter, graph.sub(graph.mul(new, two), one))
    cell = graph.add(graph.mul(keep, cell), new)
    return graph.mul(leave, graph.tanh(cell)), cell


def join(graph: GraphBuilder, values: Sequence[Tensor], axis: int) -> Tensor:
    """Concatenate any number of values, a few in each operator."""
    level = list(values)
    while len(level) > 1:
        level = [
            graph.concatenate(level[k : k + _JOIN], axis)
            for k in range(0, len(level), _JOIN)
        ]
    return level[0]


def attention_graph(weights: BrnnSaWeights, frames: int, batch: int) -> Graph:
    """Return the graph of the attention and the output layer for consecutive frames.

    Inputs: ``here`` (frames, batch, 2 units), the first layer; ``around``, the last
    layer, likewise, with `Attention.width` more frames at both ends. Output:
    ``activations`` (frames, batch, outputs).
    """
    graph = GraphBuilder()
    width, size = weights.attention.width, weights.output_weight.shape[0]
    here = graph.input((frames, batch, size), "here")
    around = graph.input((frames + 2 * width, batch, size), "around")
    here = graph.reshape(here, (frames * batch, size))
    around = graph.reshape(around, ((frames + 2 * width) * batch, size))
    attention = AttentionInGraph.add(graph, weights.attention)
    output = graph.weight(weights.output_weight.T)
    parts = []
    for start in range(0, frames, _ATTENTION_FRAMES):
        stop = min(start + _ATTENTION_FRAMES, frames)
        mixed = attend(
            graph,
            attention,
            graph.slice(here, start * batch, stop * batch),
            graph.slice(around, start * batch, (stop + 2 * width) * batch),
            batch,
        )
        scores = graph.fully_connected(mixed, output, weights.output_bias)
        parts.append(graph.logistic(scores))
    shape = (frames, batch, len(weights.output_bias))
    return graph.close([graph.reshape(join(graph, parts, axis=0), shape)])


@dataclass(frozen=True, eq=False)
class AttentionInGraph:
    """The matrices of an `Attention` in a graph."""

    every: Weight
    c: list[Weight]
    v: list[Weight]
    b: Array
    bounded: bool

    @classmethod
    def add(cls, graph: GraphBuilder, attention: Attention) -> AttentionInGraph:
        """Add the matrices; those for `h2` of all offsets as one."""
        pairs = [attention.at(j) for j in range(len(attention.a))]
        highest = max(float(np.abs(v).sum(axis=0).max()) for _, v in pairs)
        return cls(
            graph.weight(np.concatenate(attention.a, axis=1).T),
            [graph.weight(c.T) for c, _ in pairs],
            [graph.weight(v.T) for _, v in pairs],
            attention.b,
            highest < _SAFE_SCORE,
        )


def attend(
    graph: GraphBuilder,
    attention: AttentionInGraph,
    here: Tensor,
    around: Tensor,
    batch: int,
) -> Tensor:
    """Add the attention for consecutive frames.

    Parameters
    ----------
    graph
        Graph to add to.
    attention
        Matrices of the attention.
    here
        First layer, (frames * batch, 2 units).
    around
        Last layer, likewise, with the attention's width more frames at both ends.
    batch
        Rows of a frame.

    Returns
    -------
    Tensor
        (frames * batch, 2 units).
    """
    rows, rank = here.shape[0], len(attention.b)
    scored = graph.fully_connected(around, attention.every)
    shared: dict[int, Tensor] = {}
    scores = []
    for j, (c, v) in enumerate(zip(attention.c, attention.v, strict=True)):
        number = c.tensor.index
        if number not in shared:
            shared[number] = graph.fully_connected(here, c, attention.b)
        columns = graph.slice(scored, j * rank, (j + 1) * rank, axis=1)
        part = graph.slice(columns, j * batch, j * batch + rows)
        hidden = graph.tanh(graph.add(part, shared[number]))
        scores.append(graph.fully_connected(hidden, v))
    if not attention.bounded:
        peak = reduce(graph.maximum, scores)
        scores = [graph.sub(score, peak) for score in scores]
    shares = [graph.exp(score) for score in scores]
    weighed = [
        graph.mul(share, graph.slice(around, j * batch, j * batch + rows))
        for j, share in enumerate(shares)
    ]
    return graph.div(reduce(graph.add, weighed), reduce(graph.add, shares))
