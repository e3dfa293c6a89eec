"""The network that answers at once, against the same in plain NumPy."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.errors import ModelError
from adt_plugins.network.brnn_sa.weights import Lstm
from adt_plugins.network.causal import CausalNetwork
from adt_plugins.network.causal_graph import CausalWeights, build_causal
from adt_plugins.network.litert import BACKEND_VARIABLE

pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")

BANDS, UNITS, OUTPUTS = 6, 5, 2
Array = NDArray[np.floating]


def weights() -> CausalWeights:
    rng = np.random.default_rng(3)

    def lstm(inputs: int) -> Lstm:
        shapes = ((4 * UNITS, inputs), (4 * UNITS, UNITS), (4 * UNITS,))
        return Lstm(*(rng.normal(0, 0.6, shape) for shape in shapes))

    return CausalWeights(
        (lstm(2 * BANDS), lstm(UNITS)),
        rng.normal(size=(2 * UNITS, OUTPUTS)),
        rng.normal(size=OUTPUTS),
    )


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def reference(w: CausalWeights, frames: Array) -> Array:
    states: list[Array] = [np.zeros(UNITS) for _ in w.layers]
    cells: list[Array] = [np.zeros(UNITS) for _ in w.layers]
    before, outputs = frames[0], []
    for frame in frames:
        values = np.concatenate([frame, np.maximum(frame - before, 0)])
        before = frame
        for n, lstm in enumerate(w.layers):
            gates = lstm.weight_ih @ values + lstm.weight_hh @ states[n] + lstm.bias
            enter, keep, new, leave = np.split(gates, 4)
            cells[n] = sigmoid(keep) * cells[n] + sigmoid(enter) * np.tanh(new)
            states[n] = values = sigmoid(leave) * np.tanh(cells[n])
        outputs.append(
            sigmoid(np.concatenate(states) @ w.output_weight + w.output_bias)
        )
    return np.array(outputs)


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    content = build_causal(weights(), quantise=False)
    (tmp_path / "live.tflite").write_bytes(content)
    card = ModelCard(
        name="live",
        file="live.tflite",
        sha256=hashlib.sha256(content).hexdigest(),
        outputs=("KD", "SD"),
        front_end=FrontEnd(),
        geometry=Geometry(1, 0, 1),
        picker=Picker(),
        thresholds={"KD": 0.3, "SD": 0.3},
        delay=0.07,
        look_ahead=0.07,
    )
    (tmp_path / "live.json").write_text(card.to_json(), encoding="utf-8")
    return ModelCard.read(tmp_path / "live.json")


@pytest.mark.parametrize("backend", ["", "numpy"])
@pytest.mark.parametrize("size", [1, 7, 60])
def test_it_equals_the_reference(
    card: ModelCard, size: int, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not backend:
        pytest.importorskip("ai_edge_litert.interpreter")
    monkeypatch.setenv(BACKEND_VARIABLE, backend)
    frames = np.random.default_rng(0).random((60, BANDS)).astype(np.float32)
    network = CausalNetwork(card)
    outputs = []
    for start in range(0, len(frames), size):
        outputs.append(network.process(frames[start : start + size]))
        np.random.default_rng(1).random(10000)  # memory that is used anew meanwhile
    wanted = reference(weights(), frames)
    assert np.ptp(wanted) > 0.3
    assert np.abs(np.concatenate(outputs) - wanted).max() < 1e-5


def test_a_card_that_does_not_fit_is_refused(card: ModelCard) -> None:
    with pytest.raises(ModelError, match="does not fit its card"):
        CausalNetwork(replace(card, outputs=("KD", "SD", "HH")))
