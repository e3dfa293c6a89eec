"""Collects the matrices of a network whose file has a few steps of each layer.

For runtimes that compute such a network by themselves, as the browser page does;
`adt_plugins.network.brnn_sa.graph` has the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adt_plugins.network.brnn_sa.weights import ATTENTION, layer_name
from adt_plugins.network.layered import layer_names
from adt_plugins.network.numpy_backend.interpreter import FULLY_CONNECTED, MAXIMUM
from adt_plugins.network.numpy_backend.tflite_file import GraphInfo, Model


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix, and what is added to its products.

    Parameters
    ----------
    values
        Shape (outputs, inputs).
    scales
        Factor of each output of an int8 matrix; None: it is float32.
    bias
        Added to each output; None: nothing.
    """

    values: NDArray[np.int8] | NDArray[np.float32]
    scales: NDArray[np.float32] | None
    bias: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Direction:
    """The matrices of a direction of a layer: of its input, and of its state."""

    of_input: Matrix
    of_state: Matrix


@dataclass(frozen=True, eq=False)
class Matrices:
    """All matrices of a network.

    Parameters
    ----------
    layers
        Forward and backward direction of each layer.
    rises
        Whether the first layer also reads the increases of a frame's values.
    every, here, value, output
        Those of the attention: `a` of all offsets, `c`, `v` (see
        `adt_plugins.network.brnn_sa.weights.Attention`), and the output layer.
    offsets
        Number of frames that one attends to.
    """

    layers: tuple[tuple[Direction, Direction], ...]
    rises: bool
    every: Matrix
    here: Matrix
    value: Matrix
    output: Matrix
    offsets: int

    @classmethod
    def of(cls, model: Model) -> Matrices:
        """Collect the matrices of a file.

        Raises
        ------
        ValueError
            If it is another kind of network.
        """
        layers = tuple(
            _layer(list(_products(model, name)))
            for name in layer_names(model.signatures, ATTENTION)
        )
        # The graph repeats its products for some frames after the others.
        every, here, *values, output = dict(_products(model, ATTENTION)).values()
        codes = {item.code for item in _graph(model, ATTENTION).operators}
        if len(values) != 1 or MAXIMUM in codes:
            raise ValueError("an attention that is not shared by its frames")
        rank = len(here.values)
        return cls(
            layers,
            "before" in model.signatures[layer_name(0)].inputs,
            every,
            here,
            values[0],
            output,
            len(every.values) // rank,
        )


def _layer(products: list[tuple[int, Matrix]]) -> tuple[Direction, Direction]:
    """Sort a layer's products; those of the state are repeated for every step."""
    by_input = [matrix for _, matrix in products if matrix.bias is not None]
    by_state = [matrix for _, matrix in products if matrix.bias is None]
    if len(by_input) != 2 or len(by_state) < 2:
        raise ValueError("a layer without both directions")
    return Direction(by_input[0], by_state[0]), Direction(by_input[1], by_state[1])


def _graph(model: Model, name: str) -> GraphInfo:
    return model.graphs[model.signatures[name].graph]


def _products(model: Model, name: str) -> Iterator[tuple[int, Matrix]]:
    """Yield the products of a graph, each with the index of its matrix."""
    graph = _graph(model, name)
    for item in graph.operators:
        if item.code != FULLY_CONNECTED:
            continue
        _, index, *rest = item.inputs
        matrix = graph.tensors[index]
        bias = graph.tensors[rest[0]].content if rest and rest[0] >= 0 else None
        if matrix.content is None:
            raise ValueError("a matrix that is computed")
        yield index, Matrix(matrix.content, matrix.scales, bias)
