"""Runs a network whose file holds its layers in graphs of a few steps.

See `adt_plugins.network.brnn_sa.graph` for the content of a file and its reasons.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import ATTENTION, single
from adt_plugins.network.layered import (
    Frames,
    LayeredNetwork,
    layer_names,
    whole_batches,
    with_frame_before,
)
from adt_plugins.network.signatures import Signature, open_signature

_SINGLE_COST = 2.0
"""Cost of a chunk run alone, relative to its cost in a batch."""


class StepwiseRunner:
    """The layers and the attention of an open file.

    Parameters
    ----------
    interpreter
        LiteRT's interpreter of the file.
    geometry
        Chunk geometry of the card.

    Attributes
    ----------
    bands : int
        Number of values in a frame.
    outputs : int
        Number of activations in a frame.
    batch : int
        Most chunks in one run.

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
        self._geometry = geometry
        self._interpreter = interpreter
        self._names = set(interpreter.get_signature_list())
        self._whole = _open(interpreter, geometry, geometry.batch)
        self._single: LayeredNetwork | None = None
        self.bands, self.outputs = self._whole.bands, self._whole.outputs

    def run(self, chunks: Frames) -> Frames:
        """See `adt_plugins.network.litert.Runner`; single chunks if that is faster."""
        count = chunks.shape[1]
        alone = self._alone(count) if count < self.batch else None
        if alone is not None:
            each = [alone.run(chunks[:, k : k + 1]) for k in range(count)]
            return np.concatenate(each, axis=1)
        return self._whole.run(whole_batches(chunks, self.batch))[:, :count]

    def _alone(self, count: int) -> LayeredNetwork | None:
        """Return the graphs for a single chunk, if they are faster for this many."""
        if count * _SINGLE_COST > self.batch or single(ATTENTION) not in self._names:
            return None
        if self._single is None:
            self._single = _open(self._interpreter, self._geometry, 1)
        return self._single


def _open(interpreter: Any, geometry: Geometry, batch: int) -> LayeredNetwork:
    """Open the graphs for `batch` chunks at a time."""

    def title(name: str) -> str:
        return name if batch == geometry.batch else single(name)

    names = layer_names(interpreter.get_signature_list(), ATTENTION)
    layers = [_Layer(open_signature(interpreter, title(name))) for name in names]
    attention = _Attention(open_signature(interpreter, title(ATTENTION)))
    return LayeredNetwork(layers, attention, geometry, batch)


class _Attention:
    """The attention's graph; see `adt_plugins.network.layered.Attention`."""

    def __init__(self, graph: Signature) -> None:
        self._graph = graph
        self.here = graph.inputs["here"].shape
        self.around = graph.inputs["around"].shape
        (shape,) = graph.outputs.values()
        self.outputs = shape[-1]

    def run(self, here: Frames, around: Frames) -> Frames:
        self._graph.inputs["here"][:] = here
        self._graph.inputs["around"][:] = around
        return self._graph.run()["activations"]


class _Layer:
    """A layer's graph, run a few steps at a time; see `layered.Layer`.

    The inputs of a few steps are assembled at a time, so that they stay in the cache,
    and the memory of the states is reused.
    """

    def __init__(self, graph: Signature) -> None:
        self._graph = graph
        self.shape = graph.inputs["frames"].shape
        self._states = np.zeros((0, 0, 0), np.float32)

    def run(self, frames: Frames, needed: int) -> Frames:
        inputs, steps, batch = self._graph.inputs, self.shape[0], frames.shape[1]
        state, cell = inputs["state"], inputs["cell"]
        units = state.shape[1]
        shape = (len(frames), batch, 2 * units)
        if self._states.shape != shape:
            self._states = np.zeros(shape, np.float32)
        forward = self._states[:, :, :units]
        backward = self._states[::-1, :, units:]
        filled = [_BothWays(inputs["frames"], frames)]
        if "before" in inputs:
            filled.append(_BothWaysBefore(inputs["before"], frames))
        state[:] = 0
        cell[:] = 0
        for k in range(0, needed, steps):
            for item in filled:
                item.fill(k)
            outputs = self._graph.run()
            states = outputs["states"]
            state[:] = states[-1]
            cell[:] = outputs["last_cell"]
            forward[k : k + steps] = states[:, :batch]
            backward[k : k + steps] = states[:, batch:]
        return self._states


class _BothWays:
    """An input of a graph, filled in from both ends of a chunk's frames."""

    def __init__(self, values: Frames, frames: Frames) -> None:
        batch = frames.shape[1]
        self._steps = len(values)
        self._forward, self._backward = values[:, :batch], values[:, batch:]
        self._frames, self._reversed = frames, frames[::-1]

    def fill(self, start: int) -> None:
        """Fill in the rows from `start` on, next to those from the end."""
        end = start + self._steps
        self._forward[:] = self._frames[start:end]
        self._backward[:] = self._reversed[start:end]


class _BothWaysBefore(_BothWays):
    """The same for the frame before each; the first precedes itself."""

    def fill(self, start: int) -> None:
        """Fill in what precedes the rows that `_BothWays` fills in."""
        end = start + self._steps
        if start == 0:
            self._forward[:] = with_frame_before(self._frames[:end])
        else:
            self._forward[:] = self._frames[start - 1 : end - 1]
        if end == len(self._frames):
            self._backward[:] = with_frame_before(self._frames[: self._steps])[::-1]
        else:
            self._backward[:] = self._reversed[start + 1 : end + 1]
