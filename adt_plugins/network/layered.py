"""Layers run one after the other, then attention over them: the loop of all backends.

See `adt_plugins.network.brnn_sa.graph` for what is in a file and why it is so.
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
        Steps, rows and values a row of what one run of its graph reads.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """See the class."""

    def run(self, frames: Frames, needed: int) -> Frames:
        """Return both directions' states, side by side, of (frames, chunks, values).

        They are zero after the first `needed` steps of each direction, rounded up to
        those of a graph. The next run may overwrite them.
        """


class Attention(Protocol):
    """Soft attention over the frames around, and the outputs.

    Attributes
    ----------
    here, around : tuple of int
        Shapes of what one run of its graph reads: frames, chunks, values.
    outputs : int
        Values of a frame's activations.
    """

    @property
    def here(self) -> tuple[int, ...]:
        """See the class."""

    @property
    def around(self) -> tuple[int, ...]:
        """See the class."""

    @property
    def outputs(self) -> int:
        """See the class."""

    def run(self, here: Frames, around: Frames) -> Frames:
        """Return activations of some frames, given their surroundings."""


def layer_names(names: Collection[str], attention: str) -> Iterator[str]:
    """Return the names of a file's layers, the first one first.

    Parameters
    ----------
    names
        All graphs of the file.
    attention
        Name of the attention.

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
        Run by a backend.
    geometry
        How recordings are cut.
    batch
        Chunks in one run of the graphs.

    Attributes
    ----------
    bands : int
        Values of a frame.
    outputs : int
        Values of a frame's activations.

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
            # Nothing reads the far context of the last layer.
            reach = size.context + size.core + width if last else size.frames
            states = layer.run(states, min(reach, size.frames))
        # At the edge of a chunk without context nothing lies beyond.
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
    """Add silent chunks, (frames, n, bands), so that they fill batches."""
    missing = -chunks.shape[1] % batch
    return np.pad(chunks, ((0, 0), (0, missing), (0, 0))) if missing else chunks


def with_frame_before(frames: Frames) -> Frames:
    """Return the frame before each; the first one stands before itself."""
    return np.concatenate([frames[:1], frames[:-1]])
