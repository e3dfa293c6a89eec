"""BRNN-SA evaluated in NumPy, plainly and in double precision: what tests trust."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.weights import (
    Array,
    Attention,
    BrnnSaWeights,
    Lstm,
)


def evaluate_float64(
    weights: BrnnSaWeights, frames: Array, geometry: Geometry
) -> NDArray[np.float64]:
    """Evaluate the network over a recording.

    Parameters
    ----------
    weights
        See the class.
    frames
        Of shape (n, bands): a whole recording.
    geometry
        How it is cut; nothing but zeros lies beyond it.

    Returns
    -------
    ndarray
        Activations of shape (n, outputs), 0-1.
    """
    count = len(frames)
    chunks = -(-count // geometry.core)
    after = chunks * geometry.core - count + geometry.context
    padded = np.pad(
        np.asarray(frames, dtype=np.float64), ((geometry.context, after), (0, 0))
    )
    parts = [
        _evaluate_chunk(weights, padded[k : k + geometry.frames], geometry)
        for k in range(0, chunks * geometry.core, geometry.core)
    ]
    outputs = len(weights.output_bias)
    return np.concatenate([np.empty((0, outputs)), *parts])[:count]


def _evaluate_chunk(
    weights: BrnnSaWeights, x: NDArray[np.float64], geometry: Geometry
) -> NDArray[np.float64]:
    if weights.difference:
        rise = np.maximum(np.diff(x, axis=0, prepend=x[:1]), 0)
        x = np.concatenate([x, rise], axis=1)
    layers = []
    for forward, backward in weights.layers:
        ahead = evaluate_lstm(forward, x)
        back = evaluate_lstm(backward, x[::-1])[::-1]
        x = np.concatenate([ahead, back], axis=1)
        layers.append(x)
    core = slice(geometry.context, geometry.context + geometry.core)
    mixed = evaluate_attention(weights.attention, layers[0], layers[-1])[core]
    return _sigmoid(mixed @ weights.output_weight + weights.output_bias)


def evaluate_attention(
    attention: Attention, first: NDArray[np.float64], last: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the attention's mix (n, 2 units) of both layers (n, 2 units)."""
    width = attention.width
    padded = np.pad(last, ((width, width), (0, 0)))
    around = np.stack([padded[j : j + len(last)] for j in range(2 * width + 1)])
    scores = np.empty_like(around)
    for j, frames in enumerate(around):
        c, v = attention.at(j)
        scores[j] = np.tanh(frames @ attention.a[j] + first @ c + attention.b) @ v
    share = np.exp(scores - scores.max(axis=0))
    return np.asarray((share / share.sum(axis=0) * around).sum(axis=0))


def evaluate_lstm(lstm: Lstm, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the states (n, units) for the inputs (n, inputs), forward in time."""
    state, cell = np.zeros(lstm.units), np.zeros(lstm.units)
    states = np.empty((len(x), lstm.units))
    for t, projected in enumerate(x @ lstm.weight_ih.T + lstm.bias):
        gates = projected + lstm.weight_hh @ state
        enter, keep, new, leave = np.split(gates, 4)
        cell = _sigmoid(keep) * cell + _sigmoid(enter) * np.tanh(new)
        state = _sigmoid(leave) * np.tanh(cell)
        states[t] = state
    return states


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
