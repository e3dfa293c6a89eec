"""Reads the parts of a `.tflite` file that an interpreter needs.

The file is a flatbuffer (https://flatbuffers.dev/internals) of TensorFlow Lite's
schema: tables whose fields lie at offsets that another table, the vtable, lists. Only
the fields below are read; their numbers are those of the schema.
"""

from __future__ import annotations

import reprlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_IDENTIFIER = b"TFL3"
# Numbers of the schema's TensorType.
_KINDS = {0: np.float32, 2: np.int32, 4: np.int64, 6: np.bool_, 9: np.int8}
_LARGEST_DIMENSION = 1 << 24


class Operator(NamedTuple):
    """An operator: its number in the schema's BuiltinOperator, and its operands."""

    code: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: _Table | None


@dataclass(frozen=True)
class TensorInfo:
    """A value of a graph.

    Parameters
    ----------
    shape
        Shape of the value.
    content
        Values of a constant, in that shape; None if it is computed.
    scales
        Factor of each row of an int8 matrix; None for other values.
    is_variable
        Whether it is kept between runs.
    """

    shape: tuple[int, ...]
    content: NDArray[Any] | None
    scales: NDArray[np.float32] | None
    is_variable: bool


@dataclass(frozen=True)
class GraphInfo:
    """A graph: its tensors, its operators, and indices of its inputs and outputs."""

    tensors: tuple[TensorInfo, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A graph that can be called by name, with names and indices of its values."""

    graph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Model:
    """A whole file."""

    graphs: tuple[GraphInfo, ...]
    signatures: dict[str, Signature]


def read_tflite(content: bytes) -> Model:
    """Read the graphs of a file.

    Raises
    ------
    ValueError
        If it is another kind of file, or is damaged.
    """
    if content[4:8] != _IDENTIFIER:
        raise ValueError("not a TensorFlow Lite file")
    try:
        return _model(_Table(content, _uint(content, 0)))
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        # The representation of an error may list all bytes of the file.
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"a damaged TensorFlow Lite file: {what}") from error


def _model(root: _Table) -> Model:
    codes = [max(code.int8(0), code.int32(3)) for code in root.tables(1)]
    buffers = [table.bytes(0) for table in root.tables(4)]
    graphs = tuple(_graph(table, codes, buffers) for table in root.tables(2))
    signatures = {
        table.text(2): Signature(
            table.uint(4), _names(table.tables(0)), _names(table.tables(1))
        )
        for table in root.tables(7)
    }
    return Model(graphs, signatures)


def _names(tables: Iterator[_Table]) -> dict[str, int]:
    return {table.text(0): table.uint(1) for table in tables}


def _graph(table: _Table, codes: list[int], buffers: list[bytes]) -> GraphInfo:
    return GraphInfo(
        tensors=tuple(_tensor(item, buffers) for item in table.tables(0)),
        operators=tuple(
            Operator(
                codes[item.uint(0)],
                item.ints(1),
                item.ints(2),
                item.table(4),
            )
            for item in table.tables(3)
        ),
        inputs=table.ints(1),
        outputs=table.ints(2),
    )


def _tensor(table: _Table, buffers: list[bytes]) -> TensorInfo:
    shape = table.ints(0)
    if any(not 0 <= size <= _LARGEST_DIMENSION for size in shape):
        raise ValueError(f"a tensor of shape {reprlib.repr(shape)}")
    data = buffers[table.uint(2)]
    content: NDArray[Any] | None = None
    if data:
        content = np.frombuffer(data, _KINDS[table.int8(1)]).reshape(shape)
    quantisation = table.table(4)
    scales = None
    if quantisation is not None and len(factors := quantisation.floats(2)):
        scales = factors
    return TensorInfo(shape, content, scales, bool(table.int8(5)))


def _uint(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", content, at)[0])


class _Table:
    """A table of a flatbuffer; a field that is absent has the default 0."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self._at = content, at
        self._fields = at - struct.unpack_from("<i", content, at)[0]
        (size,) = struct.unpack_from("<H", content, self._fields)
        self._count = size // 2 - 2

    def _place(self, number: int) -> int | None:
        if number >= self._count:
            return None
        place = self._fields + 4 + 2 * number
        (offset,) = struct.unpack_from("<H", self._content, place)
        return self._at + offset if offset else None

    def _number(self, number: int, form: str) -> int:
        place = self._place(number)
        if place is None:
            return 0
        return int(struct.unpack_from(form, self._content, place)[0])

    def int8(self, number: int) -> int:
        return self._number(number, "<b")

    def int32(self, number: int) -> int:
        return self._number(number, "<i")

    def uint(self, number: int) -> int:
        return self._number(number, "<I")

    def table(self, number: int) -> _Table | None:
        place = self._place(number)
        if place is None:
            return None
        return _Table(self._content, place + _uint(self._content, place))

    def _vector(self, number: int) -> tuple[int, int]:
        """Return where the items of a vector begin, and their number."""
        place = self._place(number)
        if place is None:
            return 0, 0
        start = place + _uint(self._content, place)
        count = _uint(self._content, start)
        if count > len(self._content):
            raise ValueError(f"a vector of {count} items")
        return start + 4, count

    def tables(self, number: int) -> Iterator[_Table]:
        start, count = self._vector(number)
        for place in range(start, start + 4 * count, 4):
            yield _Table(self._content, place + _uint(self._content, place))

    def ints(self, number: int) -> tuple[int, ...]:
        start, count = self._vector(number)
        return struct.unpack_from(f"<{count}i", self._content, start)

    def floats(self, number: int) -> NDArray[np.float32]:
        start, count = self._vector(number)
        return np.frombuffer(self._content, "<f4", count, start)

    def bytes(self, number: int) -> bytes:
        start, count = self._vector(number)
        return self._content[start : start + count]

    def text(self, number: int) -> str:
        return self.bytes(number).decode()
