"""SHA-256 of files of any size, in bounded memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK_BYTES = 1 << 17
"""Bytes that are read at a time: they stay in the cache until they are hashed."""


def sha256(source: str | bytes | os.PathLike[Any] | BinaryIO) -> str:
    """Return the SHA-256 of a file as lower-case hexadecimal digits.

    Parameters
    ----------
    source
        A path, or a seekable binary file object, which is read from its beginning and
        left at its position.
    """
    if isinstance(source, str | bytes | os.PathLike):
        with Path(os.fsdecode(source)).open("rb") as file:
            return _last(_steps(file))
    position = source.tell()
    source.seek(0)
    try:
        return _last(_steps(source))
    finally:
        source.seek(position)


def sha256_steps(path: str | bytes | os.PathLike[Any]) -> Iterator[str | None]:
    """Hash a file block by block, so that the caller can stop in between.

    Yields
    ------
    str or None
        None until the end, then the SHA-256.
    """
    with Path(os.fsdecode(path)).open("rb") as file:
        yield from _steps(file)


def _steps(file: BinaryIO) -> Iterator[str | None]:
    state = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        state.update(block)
        yield None
    yield state.hexdigest()


def _last(steps: Iterator[str | None]) -> str:
    *_, digest = steps
    assert digest is not None
    return digest
