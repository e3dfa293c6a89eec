"""Runs layers one after the other, then attention over them: the loop of all backends.

See `adt_plugins.network.brnn_sa.graph` for the content of a file and its reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import layer_name

Frames = NDArray[np.float32]


class Layer(Protocol):
    """Both directions of a recurrent layer.

    Attributes
    ----------
    shape : tuple of int
        Shape of the input of one run: steps, rows, values.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input of one run."""

    def run(self, frames: Frames, needed: int) -> Frames:
        """Return the states of both directions, joined, for (frames, chunks, values).

        They are zero after the first `needed` steps of each direction, rounded up to
        the steps of a graph. The next run may overwrite them.
        """


class Attention(Protocol):
    """Soft attention over the neighbouring frames, followed by the output layer.

    Attributes
    ----------
    here, around : tuple of int
        Shapes of the inputs of one run: frames, chunks, values.
    outputs : int
        Number of activations in a frame.
    """

    @property
    def here(self) -> tuple[int, ...]:
        """Shape of the frames themselves."""

    @property
    def around(self) -> tuple[int, ...]:
        """Shape of the frames with their neighbours."""

    @property
    def outputs(self) -> int:
        """Number of activations in a frame."""

    def run(self, here: Frames, around: Frames) -> Frames:
        """Return the activations of frames, given their neighbours."""


def layer_names(names: Collection[str], attention: str) -> Iterator[str]:
    """Iterate over the names of a file's layers, in order.

    Parameters
    ----------
    names
        Names of all graphs in the file.
    attention
        Name of the attention's graph.

    Raises
    ------
    ValueError
        If there is no layer or no attention.
    """
    if layer_name(0) not in names or attention not in names:
        raise ValueError(f"no layers in {sorted(names)}")
    number = 0
    while (name := layer_name(number)) in names:
        yield name
        number += 1


class LayeredNetwork:
    """The layers and the attention of a file.

    Parameters
    ----------
    layers, attention
        Layers and attention, run by a backend.
    geometry
        Chunk geometry of the card.
    batch
        Chunks in one run of the graphs.

    Attributes
    ----------
    bands : int
        Number of values in a frame.
    outputs : int
        Number of activations in a frame.

    Raises
    ------
    ValueError
        If the file does not fit the geometry.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        attention: Attention,
        geometry: Geometry,
        batch: int,
    ) -> None:
        self._layers, self._attention, self._geometry = layers, attention, geometry
        here, around = attention.here, attention.around
        self._run, self._width = here[0], (around[0] - here[0]) // 2
        self.bands, self.outputs = layers[0].shape[-1], attention.outputs
        for layer in layers:
            steps, rows, _ = layer.shape
            if rows != 2 * batch or geometry.frames % steps:
                raise ValueError(f"a layer reads frames of shape {layer.shape}")
        if here[1] != batch or geometry.core % self._run:
            raise ValueError(f"the attention reads frames of shape {here}")

    def run(self, chunks: Frames) -> Frames:
        """Return activations (core, n, outputs) of (frames, n, bands)."""
        size, width = self._geometry, self._width
        first = states = self._layers[0].run(chunks, size.frames)
        for layer in self._layers[1:]:
            last = layer is self._layers[-1]
            # The far context of the last layer is not used.
            reach = size.context + size.core + width if last else size.frames
            states = layer.run(states, min(reach, size.frames))
        # Past the edge of a chunk without context, states are zero.
        missing = max(0, width - size.context)
        if missing:
            states = np.pad(states, ((missing, missing), (0, 0), (0, 0)))
        start = size.context + missing - width
        result = np.empty((size.core, chunks.shape[1], self.outputs), np.float32)
        for k in range(0, size.core, self._run):
            here = first[size.context + k : size.context + k + self._run]
            around = states[start + k : start + k + self._run + 2 * width]
            result[k : k + self._run] = self._attention.run(here, around)
        return result


def whole_batches(chunks: Frames, batch: int) -> Frames:
    """Pad chunks, (frames, n, bands), with silent ones to whole batches."""
    missing = -chunks.shape[1] % batch
    return np.pad(chunks, ((0, 0), (0, missing), (0, 0))) if missing else chunks


def with_frame_before(frames: Frames) -> Frames:
    """Return the preceding frame of each; the first precedes itself."""
    return np.concatenate([frames[:1], frames[:-1]])
