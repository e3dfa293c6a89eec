"""A small builder that writes `.tflite` files with nothing but LiteRT's own schema.

The graphs of this project are known beforehand, so no converter (1.5-2 GB) is
needed. Time is unrolled, and a file holds thousands of tiny operators; so it is
written compactly: no names, default fields left out, and equal tables (tensors
of one shape, index vectors, options, constants) stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.errors import MissingDependencyError

# Numbers of the schema's enumerations TensorType and ActivationFunctionType.
_TYPES = {
    np.dtype(np.float32): 0,
    np.dtype(np.int32): 2,
    np.dtype(np.bool_): 6,
    np.dtype(np.int8): 9,
}
_RELU = 1

# Numbers of BuiltinOperator, and the version that has what is used of it here.
_OPERATORS = {
    "ADD": (0, 1),
    "CONCATENATION": (2, 1),
    "FULLY_CONNECTED": (9, 6),
    "FULLY_CONNECTED_INT8": (9, 12),
    "LOGISTIC": (14, 1),
    "MUL": (18, 1),
    "RELU": (19, 1),
    "RESHAPE": (22, 1),
    "SOFTMAX": (25, 1),
    "TANH": (28, 1),
    "TRANSPOSE": (39, 1),
    "SUB": (41, 1),
    "DIV": (42, 1),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (44, 1),
    "EXP": (47, 1),
    "SPLIT": (49, 1),
    "MAXIMUM": (55, 1),
    "SLICE": (65, 1),
    "SUM": (74, 1),
    "PACK": (83, 1),
    "UNPACK": (88, 1),
    "REVERSE_V2": (105, 1),
    "BATCH_MATMUL": (126, 1),
}
_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3
_NONE = -1  # an optional input that is absent


@dataclass(frozen=True)
class Tensor:
    """A value in the graph: its index, and its shape."""

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
        # (shape, type, buffer, scales or None, variable)
        self._tensors: list[tuple[Any, ...]] = []
        self._buffers: list[bytes] = [b""]
        self._constants: dict[tuple[Any, ...], Tensor] = {}
        self._operators: list[tuple[str, tuple[int, ...], tuple[int, ...], Any]] = []
        self._inputs: list[int] = []

    # Values ---------------------------------------------------------------

    def input(self, shape: Sequence[int]) -> Tensor:
        """Add a float32 input of the graph."""
        tensor = self._value(tuple(shape))
        self._inputs.append(tensor.index)
        return tensor

    def constant(self, array: NDArray[Any]) -> Tensor:
        """Add a constant: float32, or int32 for integers; equal ones are shared."""
        kind = np.int32 if np.issubdtype(array.dtype, np.integer) else np.float32
        return self._constant(np.ascontiguousarray(array, dtype=kind), None)

    def weight(self, matrix: NDArray[Any], *, quantise: bool = False) -> Weight:
        """Add a matrix (outputs, inputs) for `fully_connected`.

        Parameters
        ----------
        matrix
            Of shape (outputs, inputs).
        quantise
            Store int8 with a scale for each output, zero at 0: the largest
            magnitude of a row becomes 127. LiteRT then quantises the other
            factor as it runs ("dynamic range").
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
        self._tensors.append((tuple(shape), 0, 0, None, True))
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

    def batch_matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """Return ``x @ y`` for each matrix of the leading axes."""
        options = ("BatchMatMulOptions", ())
        lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        shape = (*lead, x.shape[-2], y.shape[-1])
        return self._add("BATCH_MATMUL", (x.index, y.index), shape, options)

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

    def relu(self, x: Tensor) -> Tensor:
        """Return ``max(x, 0)``."""
        return self._add("RELU", (x.index,), x.shape)

    def softmax(self, x: Tensor) -> Tensor:
        """Return the softmax over the last axis."""
        options = ("SoftmaxOptions", (("beta", 1.0),))
        return self._add("SOFTMAX", (x.index,), x.shape, options)

    def sum(self, x: Tensor, axis: int) -> Tensor:
        """Return the sum over one axis, which vanishes."""
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        index = self.constant(np.array([axis])).index
        return self._add("SUM", (x.index, index), shape, ("ReducerOptions", ()))

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the same values in another shape."""
        index = self.constant(np.array(shape)).index
        return self._add("RESHAPE", (x.index, index), tuple(shape))

    def transpose(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """Return `x` with its axes in another order."""
        shape = tuple(x.shape[axis] for axis in axes)
        index = self.constant(np.array(axes)).index
        return self._add("TRANSPOSE", (x.index, index), shape)

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

    def pack(self, values: Sequence[Tensor]) -> Tensor:
        """Stack along a new first axis."""
        options = ("PackOptions", (("axis", 0), ("valuesCount", len(values))))
        indices = tuple(value.index for value in values)
        return self._add("PACK", indices, (len(values), *values[0].shape), options)

    def split(self, x: Tensor, parts: int, axis: int) -> list[Tensor]:
        """Cut into equal parts along an axis."""
        axis %= len(x.shape)
        shape = (*x.shape[:axis], x.shape[axis] // parts, *x.shape[axis + 1 :])
        index = self.constant(np.array(axis)).index
        options = ("SplitOptions", (("numSplits", parts),))
        outputs = [self._value(shape) for _ in range(parts)]
        self._record("SPLIT", (index, x.index), outputs, options)
        return outputs

    def unpack(self, x: Tensor) -> list[Tensor]:
        """Cut along the first axis, which vanishes."""
        options = ("UnpackOptions", (("axis", 0), ("num", x.shape[0])))
        outputs = [self._value(x.shape[1:]) for _ in range(x.shape[0])]
        self._record("UNPACK", (x.index,), outputs, options)
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
        """Return `x` with one axis turned round."""
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
        """Add any operator of the table above; None is an absent input."""
        indices = tuple(_NONE if item is None else item.index for item in inputs)
        packed = (options, tuple(fields.items())) if options else None
        return self._add(name, indices, tuple(shape), packed)

    def finish(self, outputs: Sequence[Tensor]) -> bytes:
        """Return the content of the `.tflite` file."""
        return _Writer().write(
            self._tensors,
            self._buffers,
            self._operators,
            self._inputs,
            [tensor.index for tensor in outputs],
        )

    def _value(self, shape: tuple[int, ...]) -> Tensor:
        self._tensors.append((shape, 0, 0, None, False))
        return Tensor(len(self._tensors) - 1, shape)

    def _constant(self, array: NDArray[Any], scales: Any) -> Tensor:
        data = array.tobytes()
        key = (array.shape, array.dtype.str, data, scales)
        known = self._constants.get(key)
        if known is None:
            kind = _TYPES[array.dtype]
            self._buffers.append(data)
            self._tensors.append(
                (array.shape, kind, len(self._buffers) - 1, scales, False)
            )
            known = Tensor(len(self._tensors) - 1, array.shape)
            self._constants[key] = known
        return known

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
        self._operators.append((name, inputs, indices, options))


class _Writer:
    """Serialises one subgraph, storing equal tables once."""

    def __init__(self) -> None:
        try:
            import flatbuffers
            from ai_edge_litert import schema_py_generated
        except ImportError as error:
            raise MissingDependencyError(
                "writing a model needs LiteRT: pip install ai-edge-litert"
            ) from error
        self._schema: Any = schema_py_generated
        self._out: Any = flatbuffers.Builder(1 << 20)
        self._shared: dict[Any, int] = {}

    def write(
        self,
        tensors: list[tuple[Any, ...]],
        buffers: list[bytes],
        operators: list[tuple[str, tuple[int, ...], tuple[int, ...], Any]],
        inputs: list[int],
        outputs: list[int],
    ) -> bytes:
        """Return the file; arguments as `GraphBuilder` collects them."""
        s, out = self._schema, self._out
        buffer_vector = self._offsets([self._buffer(data) for data in buffers])
        names = sorted({operator[0] for operator in operators})
        codes = self._offsets([self._code(name) for name in names])
        numbers = {name: number for number, name in enumerate(names)}
        tensor_vector = self._offsets([self._tensor(*item) for item in tensors])
        operator_vector = self._offsets(
            [self._operator(numbers[name], *rest) for name, *rest in operators]
        )
        input_vector, output_vector = self._ints(inputs), self._ints(outputs)
        s.SubGraphStart(out)
        s.SubGraphAddTensors(out, tensor_vector)
        s.SubGraphAddInputs(out, input_vector)
        s.SubGraphAddOutputs(out, output_vector)
        s.SubGraphAddOperators(out, operator_vector)
        subgraphs = self._offsets([s.SubGraphEnd(out)])
        s.ModelStart(out)
        s.ModelAddVersion(out, _SCHEMA_VERSION)
        s.ModelAddOperatorCodes(out, codes)
        s.ModelAddSubgraphs(out, subgraphs)
        s.ModelAddBuffers(out, buffer_vector)
        out.Finish(s.ModelEnd(out), _IDENTIFIER)
        return bytes(out.Output())

    def _offsets(self, offsets: list[int]) -> int:
        self._out.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._out.PrependUOffsetTRelative(offset)
        return int(self._out.EndVector())

    def _ints(self, values: Sequence[int]) -> int:
        key = ("ints", *values)
        if key not in self._shared:
            data = np.array(values, dtype="<i4").tobytes()
            self._shared[key] = self._vector(data, 4, 4)
        return self._shared[key]

    def _vector(self, data: bytes, item: int, alignment: int) -> int:
        """Store raw little-endian items; Python's builder copies one at a time."""
        out = self._out
        out.StartVector(item, len(data) // item, alignment)
        out.head -= len(data)
        out.Bytes[out.head : out.head + len(data)] = data
        return int(out.EndVector())

    def _buffer(self, data: bytes) -> int:
        # XNNPACK wants the data at multiples of 16 bytes.
        vector = self._vector(data, 1, 16) if data else 0
        self._schema.BufferStart(self._out)
        if data:
            self._schema.BufferAddData(self._out, vector)
        return int(self._schema.BufferEnd(self._out))

    def _code(self, name: str) -> int:
        number, version = _OPERATORS[name]
        s, out = self._schema, self._out
        s.OperatorCodeStart(out)
        s.OperatorCodeAddDeprecatedBuiltinCode(out, min(number, 127))
        s.OperatorCodeAddVersion(out, version)
        s.OperatorCodeAddBuiltinCode(out, number)
        return int(s.OperatorCodeEnd(out))

    def _tensor(self, *item: Any) -> int:
        key = ("tensor", *item)
        if key not in self._shared:
            shape, kind, buffer, scales, variable = item
            s, out = self._schema, self._out
            quantisation = self._scales(scales) if scales else 0
            vector = self._ints(shape)
            s.TensorStart(out)
            s.TensorAddShape(out, vector)
            s.TensorAddType(out, kind)
            s.TensorAddBuffer(out, buffer)
            if quantisation:
                s.TensorAddQuantization(out, quantisation)
            s.TensorAddIsVariable(out, variable)
            self._shared[key] = s.TensorEnd(out)
        return self._shared[key]

    def _scales(self, scales: tuple[float, ...]) -> int:
        s, out = self._schema, self._out
        scale = self._vector(np.array(scales, dtype="<f4").tobytes(), 4, 4)
        zeros = self._vector(bytes(8 * len(scales)), 8, 8)
        s.QuantizationParametersStart(out)
        s.QuantizationParametersAddScale(out, scale)
        s.QuantizationParametersAddZeroPoint(out, zeros)
        return int(s.QuantizationParametersEnd(out))

    def _operator(
        self,
        code: int,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        options: tuple[str, tuple[tuple[str, Any], ...]] | None,
    ) -> int:
        s, out = self._schema, self._out
        first, second = self._ints(inputs), self._ints(outputs)
        packed = self._options(options) if options else 0
        s.OperatorStart(out)
        s.OperatorAddOpcodeIndex(out, code)
        s.OperatorAddInputs(out, first)
        s.OperatorAddOutputs(out, second)
        if options:
            s.OperatorAddBuiltinOptionsType(out, getattr(s.BuiltinOptions, options[0]))
            s.OperatorAddBuiltinOptions(out, packed)
        return int(s.OperatorEnd(out))

    def _options(self, options: tuple[str, tuple[tuple[str, Any], ...]]) -> int:
        if options not in self._shared:
            name, fields = options
            table = getattr(self._schema, name + "T")()
            for field, value in fields:
                if not hasattr(table, field):
                    raise ValueError(f"{name} has no field {field!r}")
                setattr(table, field, value)
            self._shared[options] = int(table.Pack(self._out))
        return self._shared[options]
