"""Reads TensorFlow-1 checkpoints without TensorFlow, as far as ADTLib's need it.

A checkpoint ("tensor bundle") is an index, a LevelDB table whose values are protocol
buffers, and a file of raw numbers. Formats: LevelDB's ``doc/table_format.md``,
TensorFlow's ``tensor_bundle.proto``. Both files are untrusted: every length is checked
before it is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins.errors import ModelError

_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER_BYTES = 48
_BLOCK_TRAILER_BYTES = 5  # kind of compression, checksum
_FLOAT32 = 1  # in TensorFlow's DataType
# Kinds of field in a protocol buffer, and the fields of a BundleEntryProto.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _SLICES = 1, 2, 3, 4, 5, 7


def read_tensors(
    index: bytes, data: bytes, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[np.float32]]:
    """Read tensors of a checkpoint.

    Parameters
    ----------
    index, data
        Contents of its ``.index`` and ``.data-00000-of-00001`` file.
    shapes
        Names of the wanted tensors, and the shapes that they must have.

    Raises
    ------
    ModelError
        If the files are damaged or compressed, or a tensor is missing or has another
        type or shape; the message has no file name.
    """
    entries = dict(_table(index))
    tensors = {}
    for name, shape in shapes.items():
        if name.encode() not in entries:
            raise ModelError(f"no tensor {name}")
        fields = _message(entries[name.encode()])
        if _dimensions(fields) != shape or _number(fields, _DTYPE) != _FLOAT32:
            raise ModelError(f"tensor {name} is not float32 of shape {shape}")
        if _number(fields, _SHARD) or _SLICES in fields:
            raise ModelError(f"tensor {name} is in several parts")
        size = _number(fields, _SIZE)
        if size != 4 * math.prod(shape):
            raise ModelError(f"tensor {name} has {size} bytes")
        raw = _take(data, _number(fields, _OFFSET), size)
        values = np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape)
        if not np.isfinite(values).all():
            raise ModelError(f"tensor {name} is not finite")
        tensors[name] = values
    return tensors


def _take(data: bytes, offset: int, size: int) -> bytes:
    if offset + size > len(data):
        raise ModelError("cut off")
    return data[offset : offset + size]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number and the position after it."""
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            raise ModelError("cut off")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ModelError("a number is too long")


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a LevelDB table."""
    footer = data[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or not footer.endswith(_MAGIC):
        raise ModelError("not the index of a checkpoint")
    position = 0
    for _ in range(2):  # the block of metadata is not needed
        _, position = _varint(footer, position)
    for _, handle in _block(data, footer[position:]):
        yield from _block(data, handle)


def _block(data: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of one block; keys share the beginning of the last one."""
    offset, position = _varint(handle, 0)
    size, _ = _varint(handle, position)
    block = _take(data, offset, size + _BLOCK_TRAILER_BYTES)
    if block[size] != 0:
        raise ModelError("a compressed index cannot be read")
    restarts = int.from_bytes(_take(block[:size], max(0, size - 4), 4), "little")
    end = size - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        rest, position = _varint(block, position)
        length, position = _varint(block, position)
        if shared > len(key) or position + rest + length > end:
            raise ModelError("a key is damaged")
        key = key[:shared] + block[position : position + rest]
        position += rest
        yield key, block[position : position + length]
        position += length


def _message(data: bytes) -> dict[int, list[int | bytes]]:
    """Return the fields of a protocol buffer."""
    fields: dict[int, list[int | bytes]] = {}
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, position = _varint(data, position)
        elif kind in (_BYTES, _FIXED32, _FIXED64):
            length = {_FIXED32: 4, _FIXED64: 8}.get(kind, 0)
            if kind == _BYTES:
                length, position = _varint(data, position)
            value = _take(data, position, length)
            position += length
        else:
            raise ModelError("an entry is damaged")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _number(fields: Mapping[int, list[int | bytes]], field: int) -> int:
    """Return the last value of a field; 0 if it is absent."""
    value = fields.get(field, [0])[-1]
    if not isinstance(value, int):
        raise ModelError("an entry is damaged")
    return value


def _dimensions(fields: Mapping[int, list[int | bytes]]) -> tuple[int, ...]:
    """Return the shape: a message of messages, each with one size."""
    return tuple(
        _number(_message(_as_bytes(dimension)), 1)
        for shape in fields.get(_SHAPE, [])
        for dimension in _message(_as_bytes(shape)).get(2, [])
    )


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ModelError("an entry is damaged")
    return value
