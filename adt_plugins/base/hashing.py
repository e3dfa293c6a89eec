"""Hash of a file of any size, without taking it into memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
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
            return _last(_steps(file))
    position = source.tell()
    source.seek(0)
    try:
        return _last(_steps(source))
    finally:
        source.seek(position)


def sha256_steps(path: str | bytes | os.PathLike[Any]) -> Iterator[str | None]:
    """Hash a file a megabyte at a time, so that one can stop in between.

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
    *_, found = steps
    assert found is not None
    return found
