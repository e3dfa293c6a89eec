"""A part of a file as a file of its own."""

from __future__ import annotations

import io
import os
from typing import BinaryIO


def part_of(file: BinaryIO, start: int, end: int) -> BinaryIO:
    """Return the bytes of a file from `start` to `end` as a file of its own."""
    return io.BufferedReader(_Part(file, start, end))


class _Part(io.RawIOBase):
    """The bytes of a file from `start` to `end`, as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file, self._start, self._size = file, start, end - start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_CUR: self._position, os.SEEK_END: self._size}.get(whence, 0)
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        count = max(0, min(len(view), self._size - self._position))
        self._file.seek(self._start + self._position)
        data = self._file.read(count)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
