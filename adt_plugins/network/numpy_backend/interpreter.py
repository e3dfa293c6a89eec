"""Runs the graphs of a `.tflite` file in NumPy, with LiteRT's interface.

Only the operators that this project writes are supported. Products with int8 matrices
follow LiteRT's XNNPACK ("dynamic range"): each row of the other factor is quantised to
int8 with a zero point of its own, so that activations differ from LiteRT's by rounding
only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.network.numpy_backend.tflite_file import (
    GraphInfo,
    Model,
    Operator,
    Signature,
    TensorInfo,
)

Floats = NDArray[np.float32]
_Values = list[Any]
_Step = Callable[[_Values], None]

_RELU = 1  # in the schema's ActivationFunctionType
FULLY_CONNECTED = 9
"""Number of the matrix product in the schema's BuiltinOperator."""
MAXIMUM = 55
"""Number of the larger of two values there."""


class NumpyInterpreter:
    """The first graph of a file, with the interface of LiteRT's ``Interpreter``.

    Parameters
    ----------
    model
        File from `read_tflite`.

    Raises
    ------
    ValueError
        If it has an unsupported operator.
    """

    def __init__(self, model: Model) -> None:
        self._graphs = [_Graph(info) for info in model.graphs]

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return index, shape and type of the first graph's inputs."""
        graph = self._graphs[0]
        return [graph.describe(index) for index in graph.info.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return index, shape and type of the first graph's outputs."""
        graph = self._graphs[0]
        return [graph.describe(index) for index in graph.info.outputs]

    def set_tensor(self, index: int, values: NDArray[Any]) -> None:
        """Set an input of the first graph."""
        self._graphs[0].values[index] = np.asarray(values, np.float32)

    def reset_all_variables(self) -> None:
        """Reset all state that is kept between runs."""
        for graph in self._graphs:
            graph.reset()

    def invoke(self) -> None:
        """Run the first graph."""
        self._graphs[0].run()

    def get_tensor(self, index: int) -> NDArray[Any]:
        """Return a value of the first graph."""
        return np.array(self._graphs[0].values[index])


def signature_runner(model: Model, name: str) -> NumpyRunner:
    """Return a runner for one graph of a file; raises `KeyError` or `ValueError`."""
    signature = model.signatures[name]
    return NumpyRunner(_Graph(model.graphs[signature.graph]), signature)


class NumpyRunner:
    """Calls a graph by the names of its inputs, like LiteRT's ``SignatureRunner``."""

    def __init__(self, graph: _Graph, signature: Signature) -> None:
        self._graph, self._signature = graph, signature

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        """Return the details of each input."""
        inputs = self._signature.inputs
        return {name: self._graph.describe(index) for name, index in inputs.items()}

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        """Return the details of each output."""
        outputs = self._signature.outputs
        return {name: self._graph.describe(index) for name, index in outputs.items()}

    def __call__(self, **inputs: Floats) -> dict[str, Floats]:
        """Run the graph on named inputs, and return its named outputs."""
        for name, value in inputs.items():
            self._graph.values[self._signature.inputs[name]] = value
        self._graph.run()
        outputs = self._signature.outputs
        return {name: self._graph.values[index] for name, index in outputs.items()}


class _Graph:
    """A graph whose operators are functions on a list of its values."""

    def __init__(self, info: GraphInfo) -> None:
        self.info = info
        self.values: _Values = [item.content for item in info.tensors]
        self._steps = [_step(item, info.tensors) for item in info.operators]
        self.reset()

    def reset(self) -> None:
        for index, item in enumerate(self.info.tensors):
            if item.is_variable:
                self.values[index] = np.zeros(item.shape, np.float32)

    def run(self) -> None:
        for step in self._steps:
            step(self.values)

    def describe(self, index: int) -> dict[str, Any]:
        shape = np.array(self.info.tensors[index].shape, np.int32)
        return {"index": index, "shape": shape, "dtype": np.float32}


def _step(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    """Return the function of an operator, with everything constant computed."""
    try:
        make = _OPERATORS[operator.code]
    except KeyError:
        raise ValueError(f"operator {operator.code} is not supported") from None
    return make(operator, tensors)


def _unary(function: Callable[[Any], Any]) -> Callable[..., _Step]:
    def make(operator: Operator, _tensors: Sequence[TensorInfo]) -> _Step:
        (x,), (y,) = operator.inputs, operator.outputs

        def run(values: _Values) -> None:
            values[y] = function(values[x])

        return run

    return make


def _binary(function: Callable[[Any, Any], Any]) -> Callable[..., _Step]:
    def make(operator: Operator, _tensors: Sequence[TensorInfo]) -> _Step:
        (a, b), (y,) = operator.inputs, operator.outputs
        activation = 0 if operator.options is None else operator.options.int8(0)
        if activation == _RELU:

            def run_relu(values: _Values) -> None:
                values[y] = np.maximum(function(values[a], values[b]), 0)

            return run_relu

        def run(values: _Values) -> None:
            values[y] = function(values[a], values[b])

        return run

    return make


def _logistic(x: Floats) -> Floats:
    # By tanh, which does not overflow and needs no second array.
    y = np.tanh(0.5 * x)
    y += 1
    y *= 0.5
    return np.asarray(y)


def _fully_connected(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    (x, w, *rest), (y,) = operator.inputs, operator.outputs
    bias = tensors[rest[0]].content if rest and rest[0] >= 0 else None
    product = multiply_by(tensors[w])

    def run(values: _Values) -> None:
        result = product(values[x])
        if bias is not None:
            result += bias
        values[y] = result

    return run


def multiply_by(weight: TensorInfo) -> Callable[[Floats], Floats]:
    """Return a function that multiplies by the transposed matrix, float32 or int8."""
    if weight.content is None:
        raise ValueError("a matrix that is computed")
    matrix = np.ascontiguousarray(weight.content.T, dtype=np.float32)
    if weight.scales is None:
        return lambda x: x @ matrix
    matrix *= weight.scales
    return lambda x: quantise_rows(x) @ matrix


def quantise_rows(x: Floats) -> Floats:
    """Round each row to the 256 steps that XNNPACK stores (``qd8``).

    Parameters
    ----------
    x
        Shape (…, n).

    Returns
    -------
    NDArray[np.float32]
            The numbers that the int8 values stand for, in the shape of `x`.
    """
    low = np.minimum(x.min(axis=-1, keepdims=True), 0)
    high = np.maximum(x.max(axis=-1, keepdims=True), 0)
    span = high - low
    span[span == 0] = 255
    scale = np.float32(255) / span
    low *= scale
    high *= scale
    # Both ends suggest a zero point; the one with the smaller error wins.
    zero = np.where(low + high > 1, -128 - low, 127 - high)
    zero = np.rint(np.clip(zero, -128, 127))
    rounded = x * scale
    np.rint(rounded, out=rounded)
    np.clip(rounded, -128 - zero, 127 - zero, out=rounded)
    rounded *= 1 / scale
    return np.asarray(rounded)


def _concatenate(operator: Operator, _tensors: Sequence[TensorInfo]) -> _Step:
    inputs, (y,) = operator.inputs, operator.outputs
    axis = 0 if operator.options is None else operator.options.int32(0)

    def run(values: _Values) -> None:
        values[y] = np.concatenate([values[x] for x in inputs], axis=axis)

    return run


def _split(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    (index, x), outputs = operator.inputs, operator.outputs
    axis = int(_constant(tensors[index]).ravel()[0]) % len(tensors[x].shape)
    size = tensors[x].shape[axis] // len(outputs)
    before = (slice(None),) * axis
    cuts = [
        (y, (*before, slice(k * size, (k + 1) * size))) for k, y in enumerate(outputs)
    ]

    def run(values: _Values) -> None:
        for y, cut in cuts:
            values[y] = values[x][cut]

    return run


def _slice(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    (x, begin, size), (y,) = operator.inputs, operator.outputs
    starts, sizes = (_constant(tensors[i]).tolist() for i in (begin, size))
    cut = tuple(slice(a, a + n) for a, n in zip(starts, sizes, strict=True))

    def run(values: _Values) -> None:
        values[y] = values[x][cut]

    return run


def _reshape(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    x, (y,) = operator.inputs[0], operator.outputs
    shape = tensors[y].shape

    def run(values: _Values) -> None:
        values[y] = values[x].reshape(shape)

    return run


def _reverse(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    (x, axes), (y,) = operator.inputs, operator.outputs
    axis = int(_constant(tensors[axes]).ravel()[0])

    def run(values: _Values) -> None:
        values[y] = np.flip(values[x], axis)

    return run


def _sequence_lstm(operator: Operator, tensors: Sequence[TensorInfo]) -> _Step:
    """Return a fused LSTM over the first axis, without peepholes or projection."""
    x, (y,) = operator.inputs[0], operator.outputs
    gates = ("input", "forget", "cell", "output")
    products = [multiply_by(tensors[i]) for i in operator.inputs[1:5]]
    recalls = [multiply_by(tensors[i]) for i in operator.inputs[5:9]]
    biases = [_constant(tensors[i]) for i in operator.inputs[12:16]]
    states = operator.inputs[18:20]

    def run(values: _Values) -> None:
        steps = values[x]
        flat = steps.reshape(-1, steps.shape[-1])
        sums = [
            (product(flat) + bias).reshape(*steps.shape[:-1], -1)
            for product, bias in zip(products, biases, strict=True)
        ]
        state, cell = (values[i] for i in states)
        outputs = np.empty((len(steps), *state.shape), np.float32)
        for step in range(len(steps)):
            enter, keep, new, leave = (
                sums[k][step] + recalls[k](state) for k in range(len(gates))
            )
            cell = _logistic(keep) * cell + _logistic(enter) * np.tanh(new)
            state = _logistic(leave) * np.tanh(cell)
            outputs[step] = state
        values[states[0]], values[states[1]] = state, cell
        values[y] = outputs

    return run


def _constant(tensor: TensorInfo) -> NDArray[Any]:
    if tensor.content is None:
        raise ValueError("an operand that must be constant is computed")
    return tensor.content


# Numbers of the schema's BuiltinOperator.
_OPERATORS: dict[int, Callable[..., _Step]] = {
    0: _binary(np.add),
    2: _concatenate,
    FULLY_CONNECTED: _fully_connected,
    14: _unary(_logistic),
    18: _binary(np.multiply),
    22: _reshape,
    28: _unary(np.tanh),
    41: _binary(np.subtract),
    42: _binary(np.divide),
    44: _sequence_lstm,
    47: _unary(np.exp),
    49: _split,
    MAXIMUM: _binary(np.maximum),
    65: _slice,
    105: _reverse,
}
