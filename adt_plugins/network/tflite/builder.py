"""Builds graphs of LiteRT's operators, one operator after the other.

The graphs of this project are known beforehand, so no converter (1.5-2 GB) is needed.
Equal constants and index vectors are stored once; `writer` writes the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.network.tflite.writer import (
    Graph,
    Operation,
    Value,
    write_model,
)

# Numbers of the schema's enumeration TensorType.
_TYPES = {
    np.dtype(np.float32): 0,
    np.dtype(np.int32): 2,
    np.dtype(np.bool_): 6,
    np.dtype(np.int8): 9,
}
_RELU = 1  # in ActivationFunctionType
_NONE = -1  # an optional input that is absent


@dataclass(frozen=True)
class Tensor:
    """A value in the graph: index and shape."""

    index: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Weight:
    """A matrix (outputs, inputs) in the graph, float32 or int8 by output."""

    tensor: Tensor
    quantised: bool


class GraphBuilder:
    """Builds one subgraph, operator by operator, in the order of execution.

    Every method that adds an operator returns its output. Shapes are fixed.

    Examples
    --------
    >>> graph = GraphBuilder()
    >>> x = graph.input((4, 3))
    >>> y = graph.logistic(graph.fully_connected(x, graph.weight(np.ones((2, 3)))))
    >>> content = graph.finish([y])
    """

    def __init__(self) -> None:
        self._tensors: list[Value] = []
        self._buffers: list[bytes] = [b""]
        self._constants: dict[tuple[Any, ...], Tensor] = {}
        self._operators: list[Operation] = []
        self._inputs: list[int] = []

    # Values ---------------------------------------------------------------

    def input(self, shape: Sequence[int], name: str = "frames") -> Tensor:
        """Add a float32 input of the graph, with a name for signatures."""
        self._tensors.append(Value(tuple(shape), name=name))
        self._inputs.append(len(self._tensors) - 1)
        return Tensor(len(self._tensors) - 1, tuple(shape))

    def constant(self, array: NDArray[Any]) -> Tensor:
        """Add a constant: float32, or int32 for integers; equal ones are shared."""
        kind = np.int32 if np.issubdtype(array.dtype, np.integer) else np.float32
        return self._constant(np.ascontiguousarray(array, dtype=kind), None)

    def weight(self, matrix: NDArray[Any], *, quantise: bool = False) -> Weight:
        """Add a matrix (outputs, inputs) for `fully_connected`.

        Parameters
        ----------
        matrix
            Shape (outputs, inputs).
        quantise
            Whether to store int8 with a scale for each output, zero at 0: the largest
            magnitude of a row becomes 127. LiteRT then quantises the other factor at
            run time ("dynamic range").
        """
        if not quantise:
            single = np.ascontiguousarray(matrix, dtype=np.float32)
            return Weight(self._constant(single, None), False)
        peak = np.abs(matrix).max(axis=1)
        scales = np.where(peak > 0, peak, 127.0).astype(np.float32) / np.float32(127)
        values = np.clip(np.rint(matrix / scales[:, None]), -127, 127)
        return Weight(
            self._constant(values.astype(np.int8), tuple(scales.tolist())), True
        )

    def variable(self, shape: Sequence[int]) -> Tensor:
        """Add a float32 state that an operator keeps between runs, zero at first."""
        self._tensors.append(Value(tuple(shape), variable=True))
        return Tensor(len(self._tensors) - 1, tuple(shape))

    # Operators ------------------------------------------------------------

    def fully_connected(
        self, x: Tensor, weight: Weight, bias: NDArray[Any] | None = None
    ) -> Tensor:
        """Return ``x @ weight.T + bias`` over the last axis of `x`."""
        outputs, inputs = weight.tensor.shape
        if x.shape[-1] != inputs:
            raise ValueError(f"{x.shape} does not fit the weight {weight.tensor.shape}")
        name = "FULLY_CONNECTED_INT8" if weight.quantised else "FULLY_CONNECTED"
        third = _NONE if bias is None else self.constant(bias).index
        options = ("FullyConnectedOptions", (("keepNumDims", len(x.shape) > 2),))
        return self._add(
            name,
            (x.index, weight.tensor.index, third),
            (*x.shape[:-1], outputs),
            options,
        )

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``x + y``."""
        return self._binary("ADD", x, y, ("AddOptions", ()))

    def sub(self, x: Tensor, y: Tensor, *, relu: bool = False) -> Tensor:
        """Return ``x - y``, or ``max(x - y, 0)``."""
        fields = (("fusedActivationFunction", _RELU),) if relu else ()
        return self._binary("SUB", x, y, ("SubOptions", fields))

    def div(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``x / y``."""
        return self._binary("DIV", x, y, ("DivOptions", ()))

    def maximum(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the greater of both, element by element."""
        return self._binary("MAXIMUM", x, y, ("MaximumMinimumOptions", ()))

    def exp(self, x: Tensor) -> Tensor:
        """Return ``exp(x)``."""
        return self._add("EXP", (x.index,), x.shape, ("ExpOptions", ()))

    def mul(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``x * y``, element by element."""
        return self._binary("MUL", x, y, ("MulOptions", ()))

    def logistic(self, x: Tensor) -> Tensor:
        """Return ``1 / (1 + exp(-x))``."""
        return self._add("LOGISTIC", (x.index,), x.shape)

    def tanh(self, x: Tensor) -> Tensor:
        """Return ``tanh(x)``."""
        return self._add("TANH", (x.index,), x.shape)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the same values in another shape."""
        index = self.constant(np.array(shape)).index
        return self._add("RESHAPE", (x.index, index), tuple(shape))

    def concatenate(self, values: Sequence[Tensor], axis: int) -> Tensor:
        """Join along an axis that exists."""
        if len(values) == 1:
            return values[0]
        axis %= len(values[0].shape)
        first = values[0].shape
        length = sum(value.shape[axis] for value in values)
        shape = (*first[:axis], length, *first[axis + 1 :])
        options = ("ConcatenationOptions", (("axis", axis),))
        indices = tuple(value.index for value in values)
        return self._add("CONCATENATION", indices, shape, options)

    def split(self, x: Tensor, parts: int, axis: int) -> list[Tensor]:
        """Cut into equal parts along an axis."""
        axis %= len(x.shape)
        shape = (*x.shape[:axis], x.shape[axis] // parts, *x.shape[axis + 1 :])
        index = self.constant(np.array(axis)).index
        options = ("SplitOptions", (("numSplits", parts),))
        outputs = [self._value(shape) for _ in range(parts)]
        self._record("SPLIT", (index, x.index), outputs, options)
        return outputs

    def slice(self, x: Tensor, start: int, stop: int, axis: int = 0) -> Tensor:
        """Return ``x[start:stop]`` along an axis."""
        axis %= len(x.shape)
        if not 0 <= start < stop <= x.shape[axis]:
            raise ValueError(f"{start}:{stop} is not inside {x.shape}")
        if (start, stop) == (0, x.shape[axis]):
            return x
        shape = (*x.shape[:axis], stop - start, *x.shape[axis + 1 :])
        begin = np.zeros(len(x.shape), dtype=np.int32)
        begin[axis] = start
        indices = (self.constant(begin).index, self.constant(np.array(shape)).index)
        return self._add("SLICE", (x.index, *indices), shape)

    def reverse(self, x: Tensor, axis: int = 0) -> Tensor:
        """Return `x` with one axis reversed."""
        index = self.constant(np.array([axis])).index
        return self._add(
            "REVERSE_V2", (x.index, index), x.shape, ("ReverseV2Options", ())
        )

    def operator(
        self,
        name: str,
        inputs: Sequence[Tensor | None],
        shape: Sequence[int],
        options: str = "",
        **fields: Any,
    ) -> Tensor:
        """Add any operator in the table of `writer`; None is an absent input."""
        indices = tuple(_NONE if item is None else item.index for item in inputs)
        packed = (options, tuple(fields.items())) if options else None
        return self._add(name, indices, tuple(shape), packed)

    def close(
        self, outputs: Sequence[Tensor], names: Sequence[str] = ("activations",)
    ) -> Graph:
        """Return the graph, ready for `write_model`.

        Parameters
        ----------
        outputs
            Values that the graph computes.
        names
            Names of the outputs.
        """
        values = list(self._tensors)
        for tensor, name in zip(outputs, names, strict=True):
            values[tensor.index] = values[tensor.index]._replace(name=name)
        indices = [tensor.index for tensor in outputs]
        return Graph(values, self._buffers, self._operators, self._inputs, indices)

    def finish(self, outputs: Sequence[Tensor]) -> bytes:
        """Return the content of a `.tflite` file with only this graph."""
        return write_model({"": self.close(outputs)})

    def _value(self, shape: tuple[int, ...]) -> Tensor:
        self._tensors.append(Value(shape))
        return Tensor(len(self._tensors) - 1, shape)

    def _constant(self, array: NDArray[Any], scales: Any) -> Tensor:
        data = array.tobytes()
        key = (array.shape, array.dtype.str, data, scales)
        tensor = self._constants.get(key)
        if tensor is None:
            kind = _TYPES[array.dtype]
            self._buffers.append(data)
            self._tensors.append(
                Value(array.shape, kind, len(self._buffers) - 1, scales)
            )
            tensor = Tensor(len(self._tensors) - 1, array.shape)
            self._constants[key] = tensor
        return tensor

    def _binary(self, name: str, x: Tensor, y: Tensor, options: Any) -> Tensor:
        shape = tuple(int(n) for n in np.broadcast_shapes(x.shape, y.shape))
        return self._add(name, (x.index, y.index), shape, options)

    def _add(
        self,
        name: str,
        inputs: tuple[int, ...],
        shape: tuple[int, ...],
        options: Any = None,
    ) -> Tensor:
        output = self._value(shape)
        self._record(name, inputs, [output], options)
        return output

    def _record(
        self, name: str, inputs: tuple[int, ...], outputs: list[Tensor], options: Any
    ) -> None:
        indices = tuple(tensor.index for tensor in outputs)
        self._operators.append(Operation(name, inputs, indices, options))
