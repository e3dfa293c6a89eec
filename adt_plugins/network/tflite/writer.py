"""Writes `.tflite` files: LiteRT's flatbuffer schema, compactly.

The object interface of the schema takes seconds and twice the bytes for the thousands
of operators of an unrolled network, so tables are written one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adt_plugins.errors import MissingDependencyError, install_command

# Numbers of BuiltinOperator, and the version that has the features used here.
_OPERATORS = {
    "ADD": (0, 1),
    "CONCATENATION": (2, 1),
    "FULLY_CONNECTED": (9, 6),
    "FULLY_CONNECTED_INT8": (9, 12),
    "LOGISTIC": (14, 1),
    "MUL": (18, 1),
    "RESHAPE": (22, 1),
    "TANH": (28, 1),
    "SUB": (41, 1),
    "DIV": (42, 1),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (44, 1),
    "EXP": (47, 1),
    "SPLIT": (49, 1),
    "MAXIMUM": (55, 1),
    "SLICE": (65, 1),
    "REVERSE_V2": (105, 1),
}
_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3

Options = tuple[str, tuple[tuple[str, Any], ...]]
"""Name of a table in the schema, and its fields."""


class Value(NamedTuple):
    """A value of the graph; `kind` is a number of the schema's TensorType."""

    shape: tuple[int, ...]
    kind: int = 0
    buffer: int = 0
    scales: tuple[float, ...] | None = None
    variable: bool = False
    name: str = ""


class Operation(NamedTuple):
    """An operator in a graph, with the indices of its values."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options | None = None


class Graph(NamedTuple):
    """A whole subgraph.

    Parameters
    ----------
    values
        All values, in the order of their indices.
    buffers
        Contents of the constants; the first must be empty.
    operations
        Operators in the order of execution.
    inputs, outputs
        Indices of the graph's inputs and outputs.
    """

    values: list[Value]
    buffers: list[bytes]
    operations: list[Operation]
    inputs: list[int]
    outputs: list[int]


def write_model(graphs: Mapping[str, Graph]) -> bytes:
    """Return the content of the `.tflite` file.

    Parameters
    ----------
    graphs
        Graphs by the names of their signatures; "" for one without a signature.
    """
    return _Writer().write(graphs)


class _Writer:
    """Serialises subgraphs, storing equal tables once."""

    def __init__(self) -> None:
        try:
            import flatbuffers
            from ai_edge_litert import schema_py_generated
        except ImportError as error:
            raise MissingDependencyError(
                f"writing a model needs LiteRT: {install_command('ai-edge-litert')}"
            ) from error
        self._schema: Any = schema_py_generated
        self._out: Any = flatbuffers.Builder(1 << 20)
        self._shared: dict[Any, int] = {}
        self._buffers: dict[bytes, int] = {b"": 0}

    def write(self, graphs: Mapping[str, Graph]) -> bytes:
        s, out = self._schema, self._out
        used = {item.name for graph in graphs.values() for item in graph.operations}
        names = sorted(used)
        codes = self._offsets([self._code(name) for name in names])
        numbers = {name: number for number, name in enumerate(names)}
        subgraphs = self._offsets(
            [self._subgraph(graph, numbers) for graph in graphs.values()]
        )
        signatures = self._offsets(
            [
                self._signature(name, number, graph)
                for number, (name, graph) in enumerate(graphs.items())
                if name
            ]
        )
        buffers = self._offsets([self._buffer(data) for data in self._buffers])
        s.ModelStart(out)
        s.ModelAddVersion(out, _SCHEMA_VERSION)
        s.ModelAddOperatorCodes(out, codes)
        s.ModelAddSubgraphs(out, subgraphs)
        s.ModelAddBuffers(out, buffers)
        s.ModelAddSignatureDefs(out, signatures)
        out.Finish(s.ModelEnd(out), _IDENTIFIER)
        return bytes(out.Output())

    def _subgraph(self, graph: Graph, numbers: Mapping[str, int]) -> int:
        s, out = self._schema, self._out
        places = [self._place(data) for data in graph.buffers]
        tensors = self._offsets(
            [
                self._tensor(value._replace(buffer=places[value.buffer]))
                for value in graph.values
            ]
        )
        operators = self._offsets(
            [self._operator(numbers[item.name], item) for item in graph.operations]
        )
        inputs, outputs = self._ints(graph.inputs), self._ints(graph.outputs)
        s.SubGraphStart(out)
        s.SubGraphAddTensors(out, tensors)
        s.SubGraphAddInputs(out, inputs)
        s.SubGraphAddOutputs(out, outputs)
        s.SubGraphAddOperators(out, operators)
        return int(s.SubGraphEnd(out))

    def _place(self, data: bytes) -> int:
        """Return the number of a buffer in the file with this content."""
        return self._buffers.setdefault(data, len(self._buffers))

    def _signature(self, key: str, number: int, graph: Graph) -> int:
        s, out = self._schema, self._out
        inputs = self._names(graph, graph.inputs)
        outputs = self._names(graph, graph.outputs)
        name = out.CreateString(key)
        s.SignatureDefStart(out)
        s.SignatureDefAddInputs(out, inputs)
        s.SignatureDefAddOutputs(out, outputs)
        s.SignatureDefAddSignatureKey(out, name)
        s.SignatureDefAddSubgraphIndex(out, number)
        return int(s.SignatureDefEnd(out))

    def _names(self, graph: Graph, indices: Sequence[int]) -> int:
        s, out = self._schema, self._out
        entries = []
        for index in indices:
            name = out.CreateString(graph.values[index].name)
            s.TensorMapStart(out)
            s.TensorMapAddName(out, name)
            s.TensorMapAddTensorIndex(out, index)
            entries.append(int(s.TensorMapEnd(out)))
        return self._offsets(entries)

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
        # XNNPACK requires data at multiples of 16 bytes.
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

    def _tensor(self, value: Value) -> int:
        if value not in self._shared:
            s, out = self._schema, self._out
            quantisation = self._scales(value.scales) if value.scales else 0
            vector = self._ints(value.shape)
            name = out.CreateString(value.name) if value.name else 0
            s.TensorStart(out)
            s.TensorAddShape(out, vector)
            s.TensorAddType(out, value.kind)
            s.TensorAddBuffer(out, value.buffer)
            if quantisation:
                s.TensorAddQuantization(out, quantisation)
            s.TensorAddIsVariable(out, value.variable)
            if name:
                s.TensorAddName(out, name)
            self._shared[value] = s.TensorEnd(out)
        return self._shared[value]

    def _scales(self, scales: tuple[float, ...]) -> int:
        s, out = self._schema, self._out
        scale = self._vector(np.array(scales, dtype="<f4").tobytes(), 4, 4)
        zeros = self._vector(bytes(8 * len(scales)), 8, 8)
        s.QuantizationParametersStart(out)
        s.QuantizationParametersAddScale(out, scale)
        s.QuantizationParametersAddZeroPoint(out, zeros)
        return int(s.QuantizationParametersEnd(out))

    def _operator(self, code: int, item: Operation) -> int:
        s, out = self._schema, self._out
        inputs, outputs = self._ints(item.inputs), self._ints(item.outputs)
        packed = self._options(item.options) if item.options else 0
        s.OperatorStart(out)
        s.OperatorAddOpcodeIndex(out, code)
        s.OperatorAddInputs(out, inputs)
        s.OperatorAddOutputs(out, outputs)
        if item.options:
            kind = getattr(s.BuiltinOptions, item.options[0])
            s.OperatorAddBuiltinOptionsType(out, kind)
            s.OperatorAddBuiltinOptions(out, packed)
        return int(s.OperatorEnd(out))

    def _options(self, options: Options) -> int:
        if options not in self._shared:
            name, fields = options
            table = getattr(self._schema, name + "T")()
            for field, value in fields:
                if not hasattr(table, field):
                    raise ValueError(f"{name} has no field {field!r}")
                setattr(table, field, value)
            self._shared[options] = int(table.Pack(self._out))
        return self._shared[options]
