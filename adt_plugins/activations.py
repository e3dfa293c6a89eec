"""Activations as a NumPy archive, so that onsets can be picked again later."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.files import replacing
from adt_plugins.errors import FormatError

SUFFIX = ".drums.npz"

# Of a hundred hours with ten outputs; an archive of a few bytes may claim more.
_MOST_BYTES = 2 << 30

_EPSILON = 1e-6  # of a frame: rounding of times

# Some of what NumPy and zipfile raise for archives that are damaged.
_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, MemoryError),
    *(NotImplementedError, OverflowError, RuntimeError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


@dataclass(frozen=True)
class Activations:
    """What the network said, kept so that onsets can be picked again.

    Parameters
    ----------
    values
        Shape (frames, outputs), float32, 0-1.
    outputs
        Name of each column: drum codes, ``"beat"``, ``"downbeat"``.
    frame_rate
        Frames per second.
    offset
        Time of the first frame in seconds.
    """

    values: NDArray[np.float32]
    outputs: tuple[str, ...]
    frame_rate: float
    offset: float = 0.0

    def part(self, start: float, duration: float) -> Activations:
        """Frames of so many seconds from `start` on."""
        first = max(0, math.ceil((start - self.offset) * self.frame_rate - _EPSILON))
        count = math.ceil(duration * self.frame_rate - _EPSILON)
        if not first and count >= len(self.values):
            return self
        return replace(
            self,
            values=self.values[first : first + count].copy(),
            offset=self.offset + first / self.frame_rate,
        )


def save_activations(
    activations: Activations, path: Path, *, overwrite: bool = False
) -> None:
    """Write ``values``, ``outputs``, ``frame_rate`` and ``offset`` of activations.

    Raises
    ------
    OutputExistsError
        If the file exists and `overwrite` is false.
    AdtError
        If it cannot be written.
    """
    with replacing(path, overwrite=overwrite) as drafts, drafts[0].open("wb") as file:
        np.savez_compressed(
            file,
            values=activations.values,
            outputs=np.array(activations.outputs),
            frame_rate=activations.frame_rate,
            offset=activations.offset,
        )


def load_activations(path: Path) -> Activations:
    """Read what `save_activations` wrote.

    Raises
    ------
    FormatError
        If the file is something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
                raise FormatError(f"{path}: too large for activations")
        with np.load(path, allow_pickle=False) as data:
            return Activations(
                values=np.asarray(data["values"], dtype=np.float32),
                outputs=tuple(str(name) for name in data["outputs"]),
                frame_rate=float(data["frame_rate"]),
                offset=float(data["offset"]),
            )
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: no activations: {reason}") from error
