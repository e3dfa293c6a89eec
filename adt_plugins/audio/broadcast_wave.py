"""Reads the time reference of a Broadcast Wave file: its place on a day's timeline.

EBU Tech 3285: the chunk ``bext`` of a RIFF, RF64 or BW64 file holds the number of
samples between midnight and the file's first sample.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from adt_plugins.errors import AdtError, reason_of

_FORMS = (b"RIFF", b"RF64", b"BW64")
_REFERENCE_AT = 338  # after description, originator, its reference, date and time
_LONG_AT = 8  # in the chunk ds64 of 64-bit files (EBU Tech 3306): size of the samples
_MOST_CHUNKS = 1000


def time_reference(path: str | os.PathLike[str]) -> float:
    """Return the time of a file's first sample, in seconds since midnight.

    Raises
    ------
    AdtError
        If the file cannot be read or has no time reference.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            reference, rate = _read(file)
    except (OSError, ValueError) as error:
        raise AdtError(f"{path}: {reason_of(error)}") from error
    if reference is None or not rate:
        raise AdtError(f"{path}: no Broadcast Wave file with a time reference")
    return reference / rate


def _read(file: BinaryIO) -> tuple[int | None, int]:
    """Return samples since midnight, if the file has them, and samples a second."""
    reference, rate, long = None, 0, 0
    head = file.read(12)
    if head[:4] not in _FORMS or head[8:] != b"WAVE":
        return None, 0
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        name, size = struct.unpack("<4sI", header)
        start = file.tell()
        read = name in (b"bext", b"fmt ", b"ds64")
        data = file.read(min(size, 1024)) if read else b""
        if name == b"ds64" and len(data) >= _LONG_AT + 8:
            long = int(struct.unpack_from("<Q", data, _LONG_AT)[0])
        if name == b"bext" and len(data) >= _REFERENCE_AT + 8:
            reference = int(struct.unpack_from("<Q", data, _REFERENCE_AT)[0])
        if name == b"fmt " and len(data) >= 8:
            rate = int(struct.unpack_from("<I", data, 4)[0])
        if reference is not None and rate:
            break
        if name == b"data" and size == 0xFFFFFFFF:
            if not long:
                break
            size = long
        file.seek(start + size + size % 2)
    return reference, rate
