"""Hash of a file of any size, without taking it into memory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK_BYTES = 1 << 20


def sha256(source: str | bytes | os.PathLike[Any] | BinaryIO) -> str:
    """Return the SHA-256 of a file's bytes as lower-case hexadecimal digits.

    Parameters
    ----------
    source
        A path, or a binary file object that can seek: it is read from its
        beginning and left where it was.
    """
    if isinstance(source, str | bytes | os.PathLike):
        with Path(os.fsdecode(source)).open("rb") as file:
            return _digest(file)
    position = source.tell()
    source.seek(0)
    try:
        return _digest(source)
    finally:
        source.seek(position)


def _digest(file: BinaryIO) -> str:
    state = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        state.update(block)
    return state.hexdigest()
