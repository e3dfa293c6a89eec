"""Runs a network whose file holds its layers a few steps at a time.

See `adt_plugins.network.brnn_sa.graph` for the file and why it is so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import ATTENTION, layer_name, single
from adt_plugins.network.signatures import Signature, open_signature

Frames = NDArray[np.float32]


_SINGLE_COST = 1.3
"""What a chunk costs alone, of what it costs in a batch."""


class StepwiseRunner:
    """The layers and the attention of an open file.

    Parameters
    ----------
    interpreter
        LiteRT's, with the file.
    geometry
        How recordings are cut.

    Attributes
    ----------
    bands : int
        Values of a frame.
    outputs : int
        Values of a frame's activations.
    batch : int
        Chunks in one run, at most.

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
        self._whole = _Graphs(interpreter, geometry, geometry.batch)
        self._single: _Graphs | None = None
        self.bands, self.outputs = self._whole.bands, self._whole.outputs

    def run(self, chunks: Frames) -> Frames:
        """See `adt_plugins.network.litert.Runner`; one by one if that is faster."""
        count = chunks.shape[1]
        alone = self._alone(count) if count < self.batch else None
        if alone is not None:
            each = [alone.run(chunks[:, k : k + 1]) for k in range(count)]
            return np.concatenate(each, axis=1)
        return self._whole.run(whole_batches(chunks, self.batch))[:, :count]

    def _alone(self, count: int) -> _Graphs | None:
        """Return the graphs for a single chunk, if they pay for so many."""
        if count * _SINGLE_COST > self.batch or single(ATTENTION) not in self._names:
            return None
        if self._single is None:
            self._single = _Graphs(self._interpreter, self._geometry, 1)
        return self._single


def whole_batches(chunks: Frames, batch: int) -> Frames:
    """Add silent chunks, (frames, n, bands), so that they fill batches."""
    missing = -chunks.shape[1] % batch
    return np.pad(chunks, ((0, 0), (0, missing), (0, 0))) if missing else chunks


class _Graphs:
    """Graphs for a number of chunks at a time."""

    def __init__(self, interpreter: Any, geometry: Geometry, batch: int) -> None:
        self._geometry = geometry
        names = set(interpreter.get_signature_list())

        def title(name: str) -> str:
            return name if batch == geometry.batch else single(name)

        self._layers: list[Signature] = []
        while (name := title(layer_name(len(self._layers)))) in names:
            self._layers.append(open_signature(interpreter, name))
        if not self._layers or title(ATTENTION) not in names:
            raise ValueError(f"no layers in {sorted(names)}")
        self._attend = open_signature(interpreter, title(ATTENTION))
        shape = self._layers[0].inputs["frames"].shape
        self._steps, rows, self.bands = shape
        here, around = (self._attend.inputs[name].shape for name in ("here", "around"))
        self._states: dict[int, Frames] = {}
        self._run, self._width = here[0], (around[0] - here[0]) // 2
        (found,) = self._attend.outputs.values()
        self.outputs = found[-1]
        if (
            rows != 2 * batch
            or here[1] != batch
            or geometry.frames % self._steps
            or geometry.core % self._run
        ):
            raise ValueError(f"{shape} and {here}")

    def run(self, chunks: Frames) -> Frames:
        """See `StepwiseRunner`; as many chunks as the graphs are made for."""
        size, width = self._geometry, self._width
        first = heard = self._layer(0, chunks, size.frames)
        for number in range(1, len(self._layers)):
            last = number == len(self._layers) - 1
            # Nothing reads the far context of the last layer.
            reach = size.context + size.core + width if last else size.frames
            heard = self._layer(number, heard, min(reach, size.frames))
        # At the edge of a chunk without context nothing lies beyond.
        missing = max(0, width - size.context)
        if missing:
            heard = np.pad(heard, ((missing, missing), (0, 0), (0, 0)))
        start = size.context + missing - width
        graph = self._attend
        found = np.empty((size.core, chunks.shape[1], self.outputs), np.float32)
        for k in range(0, size.core, self._run):
            here = size.context + k
            graph.inputs["here"][:] = first[here : here + self._run]
            around = heard[start + k : start + k + self._run + 2 * width]
            graph.inputs["around"][:] = around
            found[k : k + self._run] = graph.run()["activations"]
        return found

    def _layer(self, number: int, frames: Frames, needed: int) -> Frames:
        """Return both directions' states, side by side, zero after `needed` steps.

        The result is overwritten by the next run. What goes in is put together for
        a few steps at a time, which stays in the cache, and what comes out lies in
        memory that is used again.
        """
        graph, steps = self._layers[number], self._steps
        batch = frames.shape[1]
        inputs = graph.inputs
        units = inputs["state"].shape[1]
        forward = self._states.get(number)
        if forward is None:
            forward = np.zeros((len(frames), batch, 2 * units), np.float32)
            self._states[number] = forward
        backward = forward[::-1]
        before = inputs.get("before")
        if before is not None:
            earlier = np.concatenate([frames[:1], frames[:-1]])
        inputs["state"][:] = 0
        inputs["cell"][:] = 0
        for k in range(0, needed, steps):
            _both_ways(frames, k, inputs["frames"])
            if before is not None:
                _both_ways(earlier, k, before)
            found = graph.run()
            states = found["states"]
            inputs["state"][:] = states[-1]
            inputs["cell"][:] = found["last_cell"]
            forward[k : k + steps, :, :units] = states[:, :batch]
            backward[k : k + steps, :, units:] = states[:, batch:]
        return forward


def _both_ways(frames: Frames, start: int, out: Frames) -> None:
    """Fill in the rows from `start` on, beside those from the end."""
    steps, batch = len(out), frames.shape[1]
    out[:, :batch] = frames[start : start + steps]
    out[:, batch:] = frames[::-1][start : start + steps]
