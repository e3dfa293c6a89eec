"""A network whose weights are set by hand, and recordings that it understands.

It hears a kick in a rise of the lowest bands, a snare in one of the middle and a
hi-hat in one of the highest: enough to test everything around a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.features.spectrogram import band_frequencies
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.brnn_sa.weights import Attention, BrnnSaWeights, Lstm

NAME = "tiny"
DRUMS = ("KD", "SD", "HH")
RATE = 44100
TONES_HZ = {"KD": 60.0, "SD": 600.0, "HH": 11000.0}
_RANGES_HZ = {"KD": (40, 90), "SD": (500, 720), "HH": (10000, 12500)}
_GEOMETRY = Geometry(core=40, context=6, batch=3)
_OPEN, _SHUT = 20.0, -20.0


def write_tiny_model(folder: Path) -> Path:
    """Write `tiny.tflite` and its card; return the card's path."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
    content = build_brnn_sa(_weights(), _GEOMETRY, quantise=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.tflite").write_bytes(content)
    card = ModelCard(
        name=NAME,
        file=f"{NAME}.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        outputs=DRUMS,
        front_end=FrontEnd(),
        geometry=_GEOMETRY,
        picker=Picker(),
        thresholds=dict.fromkeys(DRUMS, 0.4),
        description="set by hand",
    )
    path = folder / f"{NAME}.json"
    path.write_text(card.to_json(), encoding="utf-8")
    return path


def play(
    hits: Iterable[tuple[float, str]], seconds: float, level: float = 0.5
) -> NDArray[np.float32]:
    """Return a mono recording of short tones at these times."""
    samples = np.zeros(round(seconds * RATE))
    t = np.arange(round(0.1 * RATE)) / RATE
    # Soft edges: a click would be heard in every band.
    envelope = np.sin(np.pi * t / t[-1]) ** 2
    for time, drum in hits:
        tone = level * envelope * np.sin(2 * np.pi * TONES_HZ[drum] * t)
        start = round(time * RATE)
        tone = tone[: max(0, len(samples) - start)]
        samples[start : start + len(tone)] += tone
    return samples.astype(np.float32)


def _weights() -> BrnnSaWeights:
    frequencies = band_frequencies(FrontEnd())
    bands, units = len(frequencies), len(DRUMS)
    # Input: the bands, then their rise since the frame before.
    hear = np.zeros((units, 2 * bands))
    for row, drum in enumerate(DRUMS):
        low, high = _RANGES_HZ[drum]
        inside = (frequencies >= low) & (frequencies <= high)
        hear[row, bands:] = 4 * inside / inside.sum()
    first = (_memoryless(hear), _memoryless(np.zeros_like(hear)))
    copy = np.zeros((units, 2 * units))
    copy[:, :units] = 4 * np.eye(units)
    second = (_memoryless(copy), _memoryless(np.zeros_like(copy)))
    width = 2 * units
    attention = Attention(
        np.zeros((1, width, 2)), np.zeros(2), np.zeros((width, 2)), np.zeros((2, width))
    )
    output = np.zeros((width, len(DRUMS)))
    output[:units] = 12 * np.eye(units)
    return BrnnSaWeights((first, second), attention, output, np.full(units, -6.0))


def _memoryless(cell: NDArray[np.float64]) -> Lstm:
    """An LSTM that forgets at once: its output is tanh(tanh(cell @ x))."""
    units = len(cell)
    weight = np.zeros((4 * units, cell.shape[1]))
    weight[2 * units : 3 * units] = cell
    gates = np.repeat([_OPEN, _SHUT, 0.0, _OPEN], units)
    return Lstm(weight, np.zeros((4 * units, units)), gates)
