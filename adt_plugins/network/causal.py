"""Runs a causal network, which answers frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import ModelCard
from adt_plugins.errors import ModelError
from adt_plugins.network.catalogue import beside, network_bytes
from adt_plugins.network.litert import open_graph

STEP = "step"
"""Signature of the only graph in the file; see `causal_graph`."""

Frames = NDArray[np.float32]


def state_name(number: int) -> str:
    """Return the name of a layer's state, counted from 0."""
    return f"state{number + 1}"


def cell_name(number: int) -> str:
    """Return the name of a layer's cell, counted from 0."""
    return f"cell{number + 1}"


class CausalNetwork:
    """A model with a look-ahead, ready to run over one recording.

    Parameters
    ----------
    card
        Card from `find_model`.

    Attributes
    ----------
    card : ModelCard
        The card.

    Raises
    ------
    ModelError
        If it is another kind of network, or its file is missing or does not fit.
    """

    card: ModelCard

    def __init__(self, card: ModelCard) -> None:
        if card.look_ahead is None:
            seconds = card.geometry.core / card.front_end.frame_rate
            raise ModelError(
                f"model {card.name!r} reads {seconds:.0f} s at a time;"
                " detecting hits as they are played takes one with a look-ahead"
            )
        self.card = card
        path = beside(card, card.file)
        self._graph = open_graph(path, network_bytes(card), STEP)
        inputs, outputs = self._graph.inputs, self._graph.outputs
        self._state = [name for name in inputs if name not in ("frame", "before")]
        shapes = {f"last_{name}": inputs[name].shape for name in self._state}
        shapes["activations"] = (1, len(card.outputs))
        if dict(outputs) != shapes or inputs["frame"].shape != inputs["before"].shape:
            raise ModelError(f"{path}: it does not fit its card: {dict(outputs)}")
        self._first = True

    def process(self, frames: Frames) -> Frames:
        """Return the activations (n, outputs) of the next frames (n, bands)."""
        inputs = self._graph.inputs
        activations = np.empty((len(frames), len(self.card.outputs)), np.float32)
        for row, frame in enumerate(frames):
            inputs["before"][:] = frame if self._first else inputs["frame"]
            inputs["frame"][:] = frame
            self._first = False
            outputs = self._graph.run()
            activations[row] = outputs["activations"]
            for name in self._state:
                inputs[name][:] = outputs[f"last_{name}"]
        return activations
