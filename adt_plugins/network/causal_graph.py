"""Builds the `.tflite` file of a causal network: one graph for one frame.

The state that a frame changes is an output, and an input for the next frame: the graph
has no memory of its own, and memory does not grow with the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from adt_plugins.network.brnn_sa.graph import gate_weights, lstm_cell
from adt_plugins.network.brnn_sa.weights import Array, Lstm
from adt_plugins.network.causal import STEP, cell_name, state_name
from adt_plugins.network.tflite.builder import GraphBuilder
from adt_plugins.network.tflite.writer import write_model


@dataclass(frozen=True, eq=False)
class CausalWeights:
    """All parameters of a causal network.

    Parameters
    ----------
    layers
        Recurrent layers. Each reads the states of the one before; the first reads the
        bands of a frame and their increase since the frame before.
    output_weight, output_bias
        Shape (units of all layers, outputs) and (outputs,), before the sigmoid.
    """

    layers: tuple[Lstm, ...]
    output_weight: Array
    output_bias: Array


def build_causal(weights: CausalWeights, quantise: bool = True) -> bytes:
    """Return the content of the network's `.tflite` file.

    Parameters
    ----------
    weights
        Parameters of the network.
    quantise
        Whether to store the matrices that read a layer's input as int8, with a scale
        for each row; see `adt_plugins.network.brnn_sa.graph.build_brnn_sa`.
    """
    graph = GraphBuilder()
    bands = weights.layers[0].weight_ih.shape[1] // 2
    frame, before = (graph.input((1, bands), name) for name in ("frame", "before"))
    values = graph.concatenate([frame, graph.sub(frame, before, relu=True)], axis=1)
    states, cells = [], []
    for number, lstm in enumerate(weights.layers):
        state = graph.input((1, lstm.units), state_name(number))
        cell = graph.input((1, lstm.units), cell_name(number))
        weight_ih, weight_hh, bias = gate_weights(lstm)
        gates = graph.add(
            graph.fully_connected(
                values, graph.weight(weight_ih, quantise=quantise), bias
            ),
            graph.fully_connected(state, graph.weight(weight_hh)),
        )
        values, cell = lstm_cell(graph, gates, cell)
        states.append(values)
        cells.append(cell)
    output = graph.weight(weights.output_weight.T)
    scores = graph.fully_connected(
        graph.concatenate(states, axis=1), output, weights.output_bias
    )
    count = len(weights.layers)
    closed = graph.close(
        [graph.logistic(scores), *states, *cells],
        [
            "activations",
            *(f"last_{state_name(n)}" for n in range(count)),
            *(f"last_{cell_name(n)}" for n in range(count)),
        ],
    )
    return write_model({STEP: closed})
