"""Activations of a network, and the NumPy archives that keep them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.arrays import read_arrays
from adt_plugins.base.checks import real
from adt_plugins.base.files import replacing
from adt_plugins.errors import FormatError

SUFFIX = ".drums.npz"

_LEAST_RATE, _MOST = 1e-3, 1e9

_EPSILON = 1e-6  # of a frame: rounding of times


@dataclass(frozen=True)
class Activations:
    """The output of the network, kept so that onsets can be picked again.

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
        """Return the frames from `start` on, for `duration` seconds."""
        first = max(0, math.ceil((start - self.offset) * self.frame_rate - _EPSILON))
        count = math.ceil(duration * self.frame_rate - _EPSILON)
        if not first and count >= len(self.values):
            return self
        return replace(
            self,
            values=self.values[first : first + count].copy(),
            offset=self.offset + first / self.frame_rate,
        )


def highest_near(column: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Return the highest value within `reach` frames of each frame; shape (frames,)."""
    highest: NDArray[np.float32] = column.copy()
    for shift in range(1, reach + 1):
        np.maximum(highest[shift:], column[:-shift], out=highest[shift:])
        np.maximum(highest[:-shift], column[shift:], out=highest[:-shift])
    return highest


def save_activations(
    activations: Activations, path: Path, *, overwrite: bool = False
) -> None:
    """Write activations as ``values``, ``outputs``, ``frame_rate`` and ``offset``.

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
        arrays = read_arrays(path, ("values", "outputs", "frame_rate", "offset"))
        return _checked(arrays)
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except (FormatError, OSError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: no activations: {error}") from error


def _checked(arrays: Mapping[str, NDArray[Any]]) -> Activations:
    values, outputs = arrays["values"], arrays["outputs"]
    if values.ndim != 2 or values.dtype.kind != "f":
        raise ValueError("the values are not a table of numbers")
    if outputs.dtype.kind != "U" or outputs.shape != values.shape[1:]:
        raise ValueError("the outputs are not the names of the columns")
    rate, offset = (
        real(name, arrays[name].item(), low, _MOST)
        for name, low in (("frame_rate", _LEAST_RATE), ("offset", -_MOST))
    )
    return Activations(
        values=np.asarray(values, dtype=np.float32),
        outputs=tuple(outputs.tolist()),
        frame_rate=rate,
        offset=offset,
    )
