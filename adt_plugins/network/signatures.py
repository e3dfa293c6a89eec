"""Runs the graphs of an open `.tflite` file by their names, without copies.

LiteRT's ``SignatureRunner`` sizes and allocates a graph anew for every run, copies
what goes in, and copies all that comes out: of the 13.4 µs that a frame of the shipped
network took, 2.6 were of that kind. A graph's values can be reached where they lie, but
only by the wrapped interpreter, which has no public name: where it is not found, or
behaves otherwise than expected, the public way is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Signature(Protocol):
    """A graph that is run again and again.

    Attributes
    ----------
    inputs : Mapping
        Name to the array that is to be filled in before a run; zero at first.
    outputs : Mapping
        Name to the shape of what comes out.
    """

    inputs: Mapping[str, Array]
    outputs: Mapping[str, tuple[int, ...]]

    def run(self) -> Mapping[str, Array]:
        """Return the outputs by name, which the next run may overwrite."""


def open_signature(interpreter: Any, name: str) -> Signature:
    """Return a graph of an open file; raises `KeyError` or ValueError for no graph."""
    runner = interpreter.get_signature_runner(name)
    try:
        return _InPlace(interpreter, runner)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return Copied(runner)


class Copied:
    """By a runner that copies: LiteRT's own, or NumPy's."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self.inputs: Mapping[str, Array] = {
            name: np.zeros(shape, np.float32)
            for name, shape in _shapes(runner.get_input_details()).items()
        }
        self.outputs: Mapping[str, tuple[int, ...]] = _shapes(
            runner.get_output_details()
        )

    def run(self) -> Mapping[str, Array]:
        """See `Signature`."""
        found: Mapping[str, Array] = self._runner(**self.inputs)
        return found


class _InPlace:
    """Where the values lie in the interpreter's memory."""

    def __init__(self, interpreter: Any, runner: Any) -> None:
        self._kept = interpreter  # it holds the bytes of the file, with the weights
        self._wrapped = interpreter._interpreter
        self._graph = int(runner._subgraph_index)
        self._wrapped.AllocateTensors(self._graph)
        ways = [runner.get_input_details(), runner.get_output_details()]
        places = [self._places(details) for details in ways]
        for array in places[0].values():
            array[:] = 0
        self._wrapped.Invoke(self._graph)
        for details, arrays in zip(ways, places, strict=True):
            for name, array in self._places(details).items():
                if array.ctypes.data != arrays[name].ctypes.data:
                    raise RuntimeError(f"{name} is moved by a run")
        self.inputs: Mapping[str, Array] = places[0]
        self.outputs: Mapping[str, tuple[int, ...]] = _shapes(ways[1])
        self._found: Mapping[str, Array] = places[1]

    def _places(self, details: Mapping[str, Any]) -> dict[str, Array]:
        found = {}
        for name, item in details.items():
            array = self._wrapped.tensor(self._wrapped, item["index"], self._graph)
            if array.shape != _shape(item) or array.dtype != np.float32:
                raise ValueError(f"{name} is {array.dtype} of shape {array.shape}")
            found[name] = array
        return found

    def run(self) -> Mapping[str, Array]:
        self._wrapped.Invoke(self._graph)
        return self._found


def _shape(details: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in details["shape"])


def _shapes(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: _shape(item) for name, item in details.items()}
