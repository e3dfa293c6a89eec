"""Reads ``.sng``, a song's folder in a file (mdsitton, *SngFileFormat*, version 1)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from adt_plugins.base.files import MAX_BYTES
from adt_plugins.errors import AdtError, FormatError, reason_of

MAGIC = b"SNGPKG"

_VERSION = 1
_MASK_BYTES = 16
_PERIOD = 256  # length of the mask in bytes
_MOST_INDEX_BYTES = 1 << 22


def read_package(path: Path, *names: str) -> tuple[bytes, dict[str, str]]:
    """Return the content of the first of some files, and the song's tags.

    Parameters
    ----------
    path
        The package.
    *names
        Names of files, in lower case.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If it is not a package, or has none of the files.
    """
    try:
        with path.open("rb") as file:
            return _read(file, names)
    except OSError as error:
        raise AdtError(f"{path}: {reason_of(error)}") from error


def _read(file: BinaryIO, names: tuple[str, ...]) -> tuple[bytes, dict[str, str]]:
    if _taken(file, len(MAGIC)) != MAGIC or _number(file, 4) != _VERSION:
        raise FormatError("not a package of a song, or of another version")
    mask = _taken(file, _MASK_BYTES)
    section = _section(file)
    tags = {}
    for _ in range(_number(section, 8)):
        key = _text(section, _number(section, 4))
        tags[key.lower()] = _text(section, _number(section, 4)).strip().lower()
    section = _section(file)
    places = {}
    for _ in range(_number(section, 8)):
        name = _text(section, _number(section, 1)).lower()
        size, start = _number(section, 8), _number(section, 8)
        places[name] = start, size
    positions = [places[wanted] for wanted in names if wanted in places]
    if not positions:
        raise FormatError(f"a package without {' or '.join(names)}")
    start, size = positions[0]
    if size > MAX_BYTES:
        raise FormatError("too large for a transcription")
    file.seek(min(start, 1 << 62))
    return _unmasked(_taken(file, size), mask), tags


def _section(file: BinaryIO) -> BinaryIO:
    size = _number(file, 8)
    if size > _MOST_INDEX_BYTES:
        raise FormatError(f"a package with an index of {size} bytes")
    return io.BytesIO(_taken(file, size))


def _number(file: BinaryIO, size: int) -> int:
    return int.from_bytes(_taken(file, size), "little")


def _text(file: BinaryIO, size: int) -> str:
    return _taken(file, size).decode(errors="replace")


def _taken(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise FormatError("a package that is cut off")
    return data


def _unmasked(data: bytes, mask: bytes) -> bytes:
    keys = bytes(index ^ mask[index % _MASK_BYTES] for index in range(_PERIOD))
    repeated = (keys * (len(data) // _PERIOD + 1))[: len(data)]
    number = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return number.to_bytes(len(data), "little")
