"""Checkpoints as TensorFlow 1 writes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    out, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        last = key
    return out + struct.pack("<II", 0, 1)


def checkpoint(tensors: Mapping[str, NDArray[Any]]) -> tuple[bytes, bytes]:
    data, entries = b"", [(b"", field(1, 1))]
    for name, array in sorted(tensors.items()):
        raw = array.astype("<f4").tobytes()
        shape = b"".join(field(2, field(1, n)) for n in array.shape)
        value = field(1, 1) + field(2, shape) + field(4, len(data))
        value += field(5, len(raw)) + varint(6 << 3 | 5) + b"\0\0\0\0"
        entries.append((name.encode(), value))
        data += raw
    index, handles = b"", []
    for k in range(0, len(entries), 7):  # several blocks, as in a large index
        part = block(entries[k : k + 7])
        handles.append(
            (entries[k : k + 7][-1][0], varint(len(index)) + varint(len(part)))
        )
        index += part + b"\0" * 5
    top = block(handles)
    footer = varint(0) + varint(0) + varint(len(index)) + varint(len(top))
    index += top + b"\0" * 5
    return index + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"), data
