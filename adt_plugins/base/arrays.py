"""NumPy archives (``.npz``), read safely from untrusted files, and written."""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.errors import FormatError

if TYPE_CHECKING:
    from zipfile import ZipFile

MOST_BYTES = 512 << 20
"""Largest size of all arrays together: activations of thirty hours."""

# Beyond this size, data that compresses better than activations of music can only be
# an archive that was made to exhaust memory.
_ALWAYS_BYTES = 64 << 20
_MOST_RATIO = 40
_SUFFIX = ".npy"
_KINDS = "fiubU"
_MOST_ARRAYS = 1000


def read_arrays(
    source: Path | bytes, names: Collection[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Read arrays of numbers and of text.

    Parameters
    ----------
    source
        The file, or its content.
    names
        Names of the required arrays; others are not read. None: all.

    Returns
    -------
    dict
        Each array by its name.

    Raises
    ------
    FormatError
        If an array is missing, or the archive is damaged, or claims to hold more than
        its size allows.
    OSError
        If the file cannot be read.
    """
    from zipfile import ZipFile

    file: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    if isinstance(source, Path):
        source.open("rb").close()  # raises the system's own error
    try:
        with ZipFile(file) as archive:
            if names is None:
                members = archive.namelist()[:_MOST_ARRAYS]
                names = [member.removesuffix(_SUFFIX) for member in members]
            return {name: _array(archive, name) for name in names}
    except FormatError:
        raise
    except Exception as error:  # zipfile and NumPy raise almost anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise FormatError(reason) from error


def archived(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a compressed archive of arrays; equal arrays give equal bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _array(archive: ZipFile, name: str) -> NDArray[Any]:
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    try:
        about = archive.getinfo(name + _SUFFIX)
    except KeyError:
        raise FormatError(f"it has no {name}") from None
    if about.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise FormatError(f"{name} is compressed in an unusual way")
    large = about.file_size > max(_ALWAYS_BYTES, _MOST_RATIO * about.compress_size)
    if large or about.file_size > MOST_BYTES:
        raise FormatError(f"{name} is too large")
    with archive.open(about) as file:
        shape, by_columns, dtype = _header(file)
        if dtype.kind not in _KINDS or dtype.hasobject:
            raise FormatError(f"{name} is neither numbers nor text")
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size > about.file_size:
            raise FormatError(f"{name} is cut short")
        data = bytearray(size)  # an array of it can be written to
        if file.readinto(data) != size:  # type: ignore[attr-defined]
            raise FormatError(f"{name} is cut short")
    array = np.frombuffer(data, dtype)
    return array.reshape(shape[::-1]).T if by_columns else array.reshape(shape)


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise FormatError("an array of an unknown version")
    return readers[version](file)
