"""Opens `.tflite` files in LiteRT, or in NumPy where LiteRT is not available."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.forking import in_child
from adt_plugins.card import Geometry
from adt_plugins.errors import ModelError
from adt_plugins.network.layered import whole_batches
from adt_plugins.network.signatures import Copied, Signature, open_signature
from adt_plugins.network.stepwise import StepwiseRunner

# LiteRT writes this once per process, at a level that cannot be turned off.
_GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"


BACKEND_VARIABLE = "ADT_PLUGINS_BACKEND"
"""Environment variable: ``numpy`` runs networks without LiteRT, even if installed."""


class Runner(Protocol):
    """Runs one batch of chunks, each from a zero state.

    Attributes
    ----------
    bands : int
        Number of values in a frame.
    outputs : int
        Number of activations in a frame.
    batch : int
        Chunks in one run.
    """

    bands: int
    outputs: int
    batch: int

    def run(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return activations (core, n, outputs) of (frames, n, bands), n <= batch."""


class OneGraph:
    """A network in one graph with one input and one output: see `Runner`.

    Parameters
    ----------
    interpreter
        LiteRT's interpreter of the file.
    geometry
        Chunk geometry of the card.

    Raises
    ------
    ValueError
        If the file does not fit the geometry.
    """

    bands: int
    outputs: int
    batch: int

    def __init__(self, interpreter: Any, geometry: Geometry) -> None:
        self.batch = geometry.batch
        self._interpreter = interpreter
        inputs = interpreter.get_input_details()
        outputs = interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError("not one input and one output")
        shape = tuple(int(n) for n in inputs[0]["shape"])
        result = tuple(int(n) for n in outputs[0]["shape"])
        if (
            shape[:-1] != (geometry.frames, geometry.batch)
            or result[:-1] != (geometry.core, geometry.batch)
            or inputs[0]["dtype"] != np.float32
            or outputs[0]["dtype"] != np.float32
        ):
            raise ValueError(f"{shape} to {result}")
        self.bands, self.outputs = shape[-1], result[-1]
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]

    def run(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Runner`."""
        count = chunks.shape[1]
        self._interpreter.set_tensor(self._input, whole_batches(chunks, self.batch))
        # Otherwise a fused LSTM would keep its state from run to run.
        self._interpreter.reset_all_variables()
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output))[:, :count]


def open_runner(
    path: Path, content: bytes, geometry: Geometry, num_threads: int = 1
) -> Runner:
    """Open a network.

    Parameters
    ----------
    path
        Path of the file, for messages.
    content
        Content of the file: LiteRT cannot open every path of Windows.
    geometry
        Geometry of its card.
    num_threads
        Threads in one run.

    Raises
    ------
    ModelError
        If it cannot be run, or does not fit the geometry.
    """
    interpreter = _interpreter_class()
    if interpreter is None:
        return _open_in_numpy(path, content, geometry)
    with _refusing(path, "LiteRT cannot run it"), _quiet():
        opened = interpreter(model_content=content, num_threads=num_threads)
        in_layers = bool(opened.get_signature_list())
        opened.allocate_tensors()
    with _refusing(path, "it does not fit its card"):
        kind = StepwiseRunner if in_layers else OneGraph
        return kind(opened, geometry)


def open_graph(path: Path, content: bytes, name: str) -> Signature:
    """Open a single graph of a file; see `open_runner`."""
    interpreter = _interpreter_class()
    with _refusing(path, "it cannot be run"):
        if interpreter is None:
            return _numpy_graph(content, name)
        with _quiet():
            opened = interpreter(model_content=content, num_threads=1)
            opened.allocate_tensors()
        return open_signature(opened, name)


def _numpy_graph(content: bytes, name: str) -> Signature:
    from adt_plugins.network.numpy_backend.interpreter import signature_runner
    from adt_plugins.network.numpy_backend.tflite_file import read_tflite

    return Copied(signature_runner(read_tflite(content), name))


def _open_in_numpy(path: Path, content: bytes, geometry: Geometry) -> Runner:
    from adt_plugins.network.numpy_backend.interpreter import NumpyInterpreter
    from adt_plugins.network.numpy_backend.layers import NumpyLayers
    from adt_plugins.network.numpy_backend.tflite_file import read_tflite

    with _refusing(path, "NumPy cannot run it"):
        model = read_tflite(content)
        if model.signatures:
            return NumpyLayers(model, geometry)
        return OneGraph(NumpyInterpreter(model), geometry)


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """Turn errors about a file into a `ModelError`."""
    try:
        yield
    except (ValueError, RuntimeError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: {what}: {reason}") from error


def backend() -> str:
    """Return the backend as text for people: LiteRT, or NumPy in its place."""
    if _interpreter_class() is None:
        return "NumPy (there is no LiteRT here; it would be about four times as fast)"
    return "LiteRT"


def _interpreter_class() -> Any:
    """Return LiteRT's interpreter; None if it is not installed or not wanted."""
    if os.environ.get(BACKEND_VARIABLE) == "numpy":
        return None
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:  # no wheel: Intel Macs, Windows on ARM, musl
        return None
    return Interpreter


_greeted = threading.Event()
_quiet_lock = threading.Lock()


def _renew() -> None:
    global _quiet_lock  # noqa: PLW0603
    _quiet_lock = threading.Lock()


in_child(_renew)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep LiteRT's greeting off standard error, but let everything else through.

    It is written by C++ code, so only the file descriptor can be redirected; and only
    once per process, so only the first time.
    """
    with _quiet_lock:
        if _greeted.is_set():
            yield
            return
        _greeted.set()
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
            saved = os.dup(2)
        except OSError:  # no standard error, as under pythonw
            yield
            return
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(saved, 2)
                caught.seek(0)
                for line in caught:
                    if not line.startswith(_GREETING):
                        os.write(saved, line)
                os.close(saved)
