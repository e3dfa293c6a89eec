"""Runs a network whose file holds its layers in graphs of a few steps, in NumPy.

What `adt_plugins.network.stepwise` does by running the layers' graphs, this module does
with their matrices: a step takes a dozen calls of NumPy rather than two dozen for each
of its operators, and a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import ATTENTION
from adt_plugins.network.layered import (
    Frames,
    LayeredNetwork,
    layer_names,
    whole_batches,
    with_frame_before,
)
from adt_plugins.network.numpy_backend.interpreter import (
    FULLY_CONNECTED,
    NumpyRunner,
    multiply_by,
    quantise_rows,
    signature_runner,
)
from adt_plugins.network.numpy_backend.tflite_file import (
    Model,
    Signature,
    TensorInfo,
)

# Frames whose inputs are multiplied at once, so that intermediate values stay in the
# cache.
_BLOCK_FRAMES = 64

MOST_CHUNKS = 16
"""Most chunks in one run, for 60 MB of memory with the default model."""


class NumpyLayers:
    """The layers and the attention of a file; see `adt_plugins.network.litert.Runner`.

    Parameters
    ----------
    model
        The file.
    geometry
        Chunk geometry of the card.

    Attributes
    ----------
    bands : int
        Number of values in a frame.
    outputs : int
        Number of activations in a frame.
    batch : int
        Most chunks in one run: more than on the card, since a step hardly costs more.

    Raises
    ------
    ValueError
        If the file does not fit the geometry.
    """

    def __init__(self, model: Model, geometry: Geometry) -> None:
        self._size = geometry.batch
        self.batch = MOST_CHUNKS // geometry.batch * geometry.batch or geometry.batch
        layers = [
            _Layer(model.signatures[name], model)
            for name in layer_names(model.signatures, ATTENTION)
        ]
        attention = _Attention(signature_runner(model, ATTENTION))
        self._network = LayeredNetwork(layers, attention, geometry, geometry.batch)
        self.bands, self.outputs = self._network.bands, self._network.outputs

    def run(self, chunks: Frames) -> Frames:
        """See `adt_plugins.network.litert.Runner`."""
        count = chunks.shape[1]
        return self._network.run(whole_batches(chunks, self._size))[:, :count]


class _Attention:
    """The attention's graph; see `adt_plugins.network.layered.Attention`."""

    def __init__(self, graph: NumpyRunner) -> None:
        self._graph = graph
        details = graph.get_input_details()
        self.here, self.around = (
            tuple(int(n) for n in details[name]["shape"]) for name in ("here", "around")
        )
        (output,) = graph.get_output_details().values()
        self.outputs = int(output["shape"][-1])

    def run(self, here: Frames, around: Frames) -> Frames:
        # The graph takes exactly as many chunks as the card says.
        size = self.here[1]
        parts = [
            self._graph(here=here[:, k : k + size], around=around[:, k : k + size])
            for k in range(0, here.shape[1], size)
        ]
        return np.concatenate([part["activations"] for part in parts], axis=1)


class _Layer:
    """Both directions of an LSTM layer: see `adt_plugins.network.layered.Layer`."""

    def __init__(self, signature: Signature, model: Model) -> None:
        info = model.graphs[signature.graph]
        self._rises = "before" in signature.inputs
        self.shape = tuple(info.tensors[signature.inputs["frames"]].shape)
        products = [
            item.inputs for item in info.operators if item.code == FULLY_CONNECTED
        ]
        tensors = info.tensors
        # Products with a bias belong to the input, forward and then backward; the
        # others belong to the state, and are repeated for every step.
        of_input = [item for item in products if item[-1] >= 0 and len(item) == 3]
        of_state = [item[1] for item in products if item[-1] < 0]
        if len(of_input) != 2 or len(of_state) < 2:
            raise ValueError("a layer without both directions")
        self._project = [_projection(tensors, item) for item in of_input]
        self._recall = _Recall([tensors[index] for index in of_state[:2]])

    def run(self, frames: Frames, needed: int) -> Frames:
        if self._rises:
            risen = np.maximum(frames - with_frame_before(frames), 0)
            frames = np.concatenate([frames, risen], axis=-1)
        steps = self.shape[0]
        count = -(-needed // steps) * steps
        ordered = (frames[:count], frames[::-1][:count])
        sums = [
            project(some) for project, some in zip(self._project, ordered, strict=True)
        ]
        states = self._recall.states(sums)
        units = states.shape[-1]
        joined = np.zeros((len(frames), frames.shape[1], 2 * units), np.float32)
        joined[:count, :, :units] = states[:, 0]
        joined[::-1][:count, :, units:] = states[:, 1]
        return joined


def _projection(
    tensors: tuple[TensorInfo, ...], operands: tuple[int, ...]
) -> Callable[[Frames], Frames]:
    product, bias = multiply_by(tensors[operands[1]]), tensors[operands[2]].content
    if bias is None:
        raise ValueError("a bias that is computed")

    def project(frames: Frames) -> Frames:
        parts = []
        for start in range(0, len(frames), _BLOCK_FRAMES):
            some = frames[start : start + _BLOCK_FRAMES]
            flat = product(some.reshape(-1, some.shape[-1]))
            flat += bias
            parts.append(flat.reshape(*some.shape[:-1], -1))
        return np.concatenate(parts)

    return project


class _Recall:
    """The recurrent half of a layer: the matrices that the states go through."""

    def __init__(self, matrices: list[TensorInfo]) -> None:
        contents = []
        for item in matrices:
            if item.content is None:
                raise ValueError("a matrix that is computed")
            content = item.content.T.astype(np.float32)
            contents.append(content if item.scales is None else content * item.scales)
        # A product a gate: so small that OpenBLAS does not share it among its threads,
        # which wait for each other in loops, several times as long on a busy machine.
        units = len(contents[0])
        gates = np.stack(contents).reshape(2, units, 4, units)
        self._matrix = np.ascontiguousarray(gates.swapaxes(1, 2))
        self._quantised = all(item.scales is not None for item in matrices)

    def states(self, sums: Sequence[Frames]) -> Frames:
        """Run both directions.

        Parameters
        ----------
        sums
            Sums of the gates over the input, forward and backward, of shape
            (steps, batch, 4 units).

        Returns
        -------
        NDArray[np.float32]
            Shape (steps, 2, batch, units).
        """
        steps, batch, gates = sums[0].shape
        units = gates // 4
        states = np.empty((steps, 2, batch, units), np.float32)
        state = cell = np.zeros((2, batch, units), np.float32)
        opened = np.empty((2, 4, batch, units), np.float32)
        forward, backward = (
            some.reshape(steps, batch, 4, units).swapaxes(1, 2) for some in sums
        )
        for step in range(steps):
            rows = quantise_rows(state) if self._quantised else state
            np.matmul(rows[:, None], self._matrix, out=opened)
            opened[0] += forward[step]
            opened[1] += backward[step]
            # The logistic function of all gates, by tanh. The third gate is the new
            # content, whose tanh is twice the logistic function minus 1.
            opened *= 0.5
            np.tanh(opened, out=opened)
            new = opened[:, 2].copy()
            opened *= 0.5
            opened += 0.5
            cell = opened[:, 1] * cell
            new *= opened[:, 0]
            cell += new
            state = states[step]
            np.multiply(opened[:, 3], np.tanh(cell), out=state)
        return states
