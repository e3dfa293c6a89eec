"""The matrices of a file, for runtimes that compute the network by themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.network.brnn_sa.graph import build_brnn_sa, gate_weights
from adt_plugins.network.catalogue import find_model, network_bytes
from adt_plugins.network.numpy_backend.matrices import Matrices, Matrix
from adt_plugins.network.numpy_backend.tflite_file import read_tflite
from tests.support.graphs import brnn_sa

GEOMETRY = Geometry(core=32, context=16, batch=2)


def near(matrix: Matrix, expected: NDArray[np.floating]) -> bool:
    """Whether a matrix was rounded to half a step of each row, or to float32."""
    if matrix.scales is None:
        return np.allclose(matrix.values, expected, rtol=1e-6)
    scales = matrix.scales[:, None]
    return bool(np.all(np.abs(matrix.values * scales - expected) <= 0.5001 * scales))


@pytest.fixture
def writer() -> None:
    """Skip where networks cannot be written."""
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("quantise", [True, False])
@pytest.mark.parametrize("rises", [True, False])
def test_matrices_are_those_of_the_file(rises: bool, quantise: bool) -> None:
    weights = brnn_sa(difference=rises)
    content = build_brnn_sa(weights, GEOMETRY, quantise=quantise)
    found = Matrices.of(read_tflite(content))
    assert found.rises is rises
    assert len(found.layers) == len(weights.layers) == 2
    for both, pair in zip(found.layers, weights.layers, strict=True):
        for direction, lstm in zip(both, pair, strict=True):
            of_input, of_state, bias = gate_weights(lstm)
            assert near(direction.of_input, of_input)
            assert (direction.of_input.scales is not None) is quantise
            assert near(direction.of_state, of_state)
            assert direction.of_input.bias is not None
            np.testing.assert_allclose(direction.of_input.bias, bias, rtol=1e-6)
            assert direction.of_state.bias is None
    attention = weights.attention
    assert found.offsets == 2 * attention.width + 1
    assert near(found.every, np.concatenate(attention.a, axis=1).T)
    assert near(found.here, attention.c.T)
    assert near(found.value, attention.v.T)
    assert near(found.output, weights.output_weight.T)


def test_the_shipped_network_has_them() -> None:
    card = find_model()
    found = Matrices.of(read_tflite(network_bytes(card)))
    assert len(found.output.values) == len(card.outputs)


@pytest.mark.usefixtures("writer")
def test_other_networks_are_refused() -> None:
    weights = brnn_sa()
    values = weights.attention.v * np.linspace(0.8, 1, 5)[:, None, None]
    weights = replace(weights, attention=replace(weights.attention, v=values))
    with pytest.raises(ValueError, match="not shared"):
        Matrices.of(read_tflite(build_brnn_sa(weights, GEOMETRY)))
