"""Learnt parameters of the separation: general templates, and the mask's networks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from adt_plugins.base.arrays import read_arrays
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError

Learnt = Mapping[str, NDArray[Any]]
"""``edges_hz``, shape (bands + 1,); ``template.DRUM``, shape (frames, bands) each; and
``weights.1`` to ``bias.3`` of the mask's layers, shape ([networks,] inputs, outputs)
and ([networks,] outputs), and ``second.weights.1`` to ``second.bias.3``."""

SHIPPED = Path(__file__).with_name("learnt.npz")
LAYERS = ("1", "2", "3")
FIRST, SECOND = "", "second."
"""How the names of the networks' arrays begin, by stage."""

_NEEDED = (
    "edges_hz",
    *(f"template.{drum}" for drum in Drum if drum.coarse is drum),
    *(
        f"{stage}{what}.{layer}"
        for stage in (FIRST, SECOND)
        for layer in LAYERS
        for what in ("weights", "bias")
    ),
)


def read_learnt(path: Path | str, features: int, second_features: int) -> Learnt:
    """Read a file that ``adt train split`` has written.

    Parameters
    ----------
    path
        The file.
    features, second_features
        Number of inputs of the first networks, and how many more the second ones have.

    Raises
    ------
    FormatError
        If it is another kind of file, or was learnt for other features.
    OSError
        If it cannot be read.
    """
    try:
        arrays = read_arrays(Path(path))
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    missing = [name for name in _NEEDED if name not in arrays]
    if missing:
        raise FormatError(f"{path}: it has no {missing[0]}")
    for stage, width in ((FIRST, features), (SECOND, features + second_features)):
        _check_layers(path, arrays, stage, width)
    return arrays


def _check_layers(path: Path | str, arrays: Learnt, stage: str, width: int) -> None:
    networks = arrays[f"{stage}weights.1"].shape[:-2]
    for layer in LAYERS:
        weights, bias = (f"{stage}{what}.{layer}" for what in ("weights", "bias"))
        shape = arrays[weights].shape
        if shape[:-1] != (*networks, width):
            raise FormatError(f"{path}: {weights} are not of {width} values")
        width = shape[-1]
        if arrays[bias].shape != (*networks, width):
            raise FormatError(f"{path}: {bias} are not of {width} values")


@cache
def shipped_learnt() -> Learnt:
    """Return the parameters shipped with the package."""
    return read_arrays(SHIPPED)
