"""The drum network BRNN-SA as a `.tflite` file.

Two bidirectional LSTM layers, then soft attention over the neighbouring frames
(C. Southall, R. Stables and J. Hockman, "Automatic drum transcription for
polyphonic recordings using soft attention mechanisms and convolutional neural
networks", ISMIR 2017), here in a cheaper form: the matrix that scores a frame
goes through `rank` units, which its neighbours share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.graph import GraphBuilder, Tensor, Weight

Array = NDArray[np.floating]

# Frames that the attention handles in one operator. Measured at 64 units and a
# batch of 16: 10.7 us a kept frame; 12.4 with 4 frames, and 32 no better.
_ATTENTION_FRAMES = 16
# exp() of a score up to this neither overflows nor vanishes in float32, so that
# the softmax needs no maximum subtracted; scores are bounded by tanh.
_SAFE_SCORE = 80.0
# XNNPACK joins at most this many values in one operator.
_JOIN = 4


@dataclass(frozen=True, eq=False)
class Lstm:
    """One direction of an LSTM layer, in PyTorch's convention.

    Parameters
    ----------
    weight_ih, weight_hh
        Of shape (4 units, inputs) and (4 units, units); the rows are the
        gates input, forget, cell, output.
    bias
        Of shape (4 units,): the sum of PyTorch's two.
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array

    @property
    def units(self) -> int:
        """Length of the state."""
        return int(self.weight_hh.shape[1])


@dataclass(frozen=True, eq=False)
class Attention:
    """Soft attention over the frames t - a … t + a of the second layer.

    For each offset j, ``score_j = tanh(h2(t + j) @ a[j] + h1(t) @ c + b) @ v``;
    the softmax over j, for every unit by itself, weighs ``h2(t + j)``.

    Parameters
    ----------
    a
        Of shape (2a + 1, 2 units, rank).
    b
        Of shape (rank,).
    c, v
        Of shape (2 units, rank) and (rank, 2 units); or one for each offset,
        (2a + 1, 2 units, rank) and (2a + 1, rank, 2 units).
    """

    a: Array
    b: Array
    c: Array
    v: Array

    @property
    def width(self) -> int:
        """Frames seen on each side."""
        return (len(self.a) - 1) // 2

    def at(self, offset: int) -> tuple[Array, Array]:
        """Return `c` and `v` of an offset, counted from 0."""
        c = self.c[offset] if self.c.ndim == 3 else self.c
        v = self.v[offset] if self.v.ndim == 3 else self.v
        return c, v


@dataclass(frozen=True, eq=False)
class BrnnSaWeights:
    """All parameters of a BRNN-SA.

    Parameters
    ----------
    layers
        Of each layer, the forward and the backward direction.
    attention
        See `Attention`.
    output_weight, output_bias
        Of shape (2 units, outputs) and (outputs,), before the sigmoid.
    difference
        Whether the network hears, after a frame's bands, what they have risen
        by since the frame before.
    """

    layers: tuple[tuple[Lstm, Lstm], ...]
    attention: Attention
    output_weight: Array
    output_bias: Array
    difference: bool = True

    @property
    def bands(self) -> int:
        """Values of a frame that the network takes."""
        inputs = int(self.layers[0][0].weight_ih.shape[1])
        return inputs // 2 if self.difference else inputs

    @classmethod
    def from_dict(
        cls, state: Mapping[str, Array], *, difference: bool = True, prefix: str = ""
    ) -> BrnnSaWeights:
        """Collect parameters by PyTorch's names.

        Parameters
        ----------
        state
            ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0``,
            the same with ``_reverse``, and of further layers (`torch.nn.LSTM`);
            ``attention_a``, ``attention_b``, ``attention_c``, ``attention_v``,
            ``output_weight``, ``output_bias`` as in `Attention` and above.
        difference
            See the class.
        prefix
            Before the names of the LSTM's parameters, e.g. ``"lstm."``.
        """

        def direction(suffix: str) -> Lstm:
            name = f"{{}}_l{suffix}"
            get = {
                key: np.asarray(state[prefix + name.format(key)])
                for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
            bias = get["bias_ih"] + get["bias_hh"]
            return Lstm(get["weight_ih"], get["weight_hh"], bias)

        count = 0
        while f"{prefix}weight_ih_l{count}" in state:
            count += 1
        return cls(
            tuple((direction(f"{n}"), direction(f"{n}_reverse")) for n in range(count)),
            Attention(*(np.asarray(state[f"attention_{name}"]) for name in "abcv")),
            np.asarray(state["output_weight"]),
            np.asarray(state["output_bias"]),
            difference,
        )


def build_brnn_sa(
    weights: BrnnSaWeights, geometry: Geometry, quantise: bool = True
) -> bytes:
    """Return the network as the content of a `.tflite` file.

    Parameters
    ----------
    weights
        See the class.
    geometry
        Sizes of the input (frames, batch, bands) and of the output (core,
        batch, outputs).
    quantise
        Store int8 matrices with a scale for each row, a quarter of the size and
        faster; states and activations stay float32.
    """
    graph = GraphBuilder()
    x = graph.input((geometry.frames, geometry.batch, weights.bands))
    layers = _recurrent_layers(graph, x, weights, geometry, quantise)
    start, stop = geometry.context, geometry.context + geometry.core
    first = [join(graph, pair, axis=-1) for pair in layers[0][start:stop]]
    width = weights.attention.width
    zeros = graph.constant(np.zeros(first[0].shape, dtype=np.float32))
    # At the edge of a chunk without context nothing lies beyond.
    last = [
        join(graph, layers[-1][t], axis=-1) if 0 <= t < geometry.frames else zeros
        for t in range(start - width, stop + width)
    ]
    attention = AttentionInGraph.add(graph, weights.attention, quantise)
    output = graph.weight(weights.output_weight.T, quantise=quantise)
    parts = []
    for k in range(0, geometry.core, _ATTENTION_FRAMES):
        here = join(graph, first[k : k + _ATTENTION_FRAMES], axis=0)
        around = join(graph, last[k : k + _ATTENTION_FRAMES + 2 * width], axis=0)
        mixed = attend(graph, attention, here, around, geometry.batch)
        scores = graph.fully_connected(mixed, output, weights.output_bias)
        parts.append(graph.logistic(scores))
    shape = (geometry.core, geometry.batch, len(weights.output_bias))
    return graph.finish([graph.reshape(join(graph, parts, axis=0), shape)])


def join(graph: GraphBuilder, values: Sequence[Tensor], axis: int) -> Tensor:
    """Join any number of values, a few in each operator."""
    level = list(values)
    while len(level) > 1:
        level = [
            graph.concatenate(level[k : k + _JOIN], axis)
            for k in range(0, len(level), _JOIN)
        ]
    return level[0]


def _recurrent_layers(
    graph: GraphBuilder,
    x: Tensor,
    weights: BrnnSaWeights,
    geometry: Geometry,
    quantise: bool,
) -> list[list[tuple[Tensor, Tensor]]]:
    """Return, of every layer and frame, the states of both directions."""
    frames, batch, bands = x.shape
    flat = graph.reshape(x, (frames * batch, bands))
    steps = [graph.slice(flat, t * batch, (t + 1) * batch) for t in range(frames)]
    inputs: list[tuple[Tensor, ...]] = [(step,) for step in steps]
    if weights.difference:
        zeros = graph.constant(np.zeros((batch, bands), dtype=np.float32))
        rises = [graph.sub(now, before, relu=True) for before, now in pairwise(steps)]
        inputs = list(zip(steps, (zeros, *rises), strict=True))
    layers = []
    for number, pair in enumerate(weights.layers):
        steps_run = frames
        if number == len(weights.layers) - 1:
            # The far context of the last layer is read by nobody.
            reach = geometry.core + geometry.context + weights.attention.width
            steps_run = min(frames, reach)
        outputs = _bidirectional(graph, inputs, pair, steps_run, quantise)
        layers.append(outputs)
        inputs = [tuple(item) for item in outputs]
    return layers


def _bidirectional(
    graph: GraphBuilder,
    inputs: Sequence[tuple[Tensor, ...]],
    pair: tuple[Lstm, Lstm],
    steps: int,
    quantise: bool,
) -> list[tuple[Tensor, Tensor]]:
    """Unroll one layer over `steps` steps from both ends, the state zero at first.

    Each direction multiplies its input and state by its own matrix; what follows
    is done for both at once, stacked as one batch of twice the size. Measured,
    that saves a third of the operators at the same speed.
    """
    batch, units = inputs[0][0].shape[0], pair[0].units
    matrices = [_gates(graph, lstm, quantise) for lstm in pair]
    zeros = graph.constant(np.zeros((batch, units), dtype=np.float32))
    states: list[Tensor] = [zeros, zeros]
    cell: Tensor | None = None
    forward: list[Tensor] = [zeros] * len(inputs)
    backward: list[Tensor] = [zeros] * len(inputs)
    for step in range(steps):
        gates = []
        for (weight, bias), state, values in zip(
            matrices, states, (inputs[step], inputs[-1 - step]), strict=True
        ):
            joined = graph.concatenate([*values, state], axis=-1)
            gates.append(graph.fully_connected(joined, weight, bias))
        state, cell = _lstm_cell(graph, graph.concatenate(gates, axis=0), cell)
        states = graph.split(state, 2, axis=0)
        forward[step], backward[-1 - step] = states
    return list(zip(forward, backward, strict=True))


def _gates(graph: GraphBuilder, lstm: Lstm, quantise: bool) -> tuple[Weight, Array]:
    """Add the matrix (4 units, inputs + units) of all gates, as `_lstm_cell` reads."""
    matrix = np.concatenate([lstm.weight_ih, lstm.weight_hh], axis=1, dtype=np.float64)
    bias = np.array(lstm.bias, dtype=np.float64)
    # tanh(x) = 2 sigmoid(2x) - 1: one operator does the four gates.
    cell = slice(2 * lstm.units, 3 * lstm.units)
    matrix[cell] *= 2
    bias[cell] *= 2
    return graph.weight(matrix, quantise=quantise), bias


def _lstm_cell(
    graph: GraphBuilder, gates: Tensor, cell: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the new state and cell; no cell means zeros."""
    two = graph.constant(np.array(2.0))
    one = graph.constant(np.array(1.0))
    enter, keep, new, leave = graph.split(graph.logistic(gates), 4, axis=-1)
    new = graph.mul(enter, graph.sub(graph.mul(new, two), one))
    cell = new if cell is None else graph.add(graph.mul(keep, cell), new)
    return graph.mul(leave, graph.tanh(cell)), cell


@dataclass(frozen=True, eq=False)
class AttentionInGraph:
    """The matrices of an `Attention`, in a graph."""

    every: Weight
    c: list[Weight]
    v: list[Weight]
    b: Array
    bounded: bool

    @classmethod
    def add(
        cls, graph: GraphBuilder, attention: Attention, quantise: bool
    ) -> AttentionInGraph:
        """Add the matrices, those for `h2` of all offsets as one."""
        pairs = [attention.at(j) for j in range(len(attention.a))]
        highest = max(float(np.abs(v).sum(axis=0).max()) for _, v in pairs)
        return cls(
            graph.weight(np.concatenate(attention.a, axis=1).T, quantise=quantise),
            [graph.weight(c.T, quantise=quantise) for c, _ in pairs],
            [graph.weight(v.T, quantise=quantise) for _, v in pairs],
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
    """Add the attention for some frames in a row.

    Parameters
    ----------
    graph
        Where to.
    attention
        See the class.
    here
        First layer, (frames * batch, 2 units).
    around
        Last layer, likewise, with a frames more at both ends.
    batch
        Rows of one frame.

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
