"""Graphs of a file run in place, and one chunk instead of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adt_plugins.card import Geometry
from adt_plugins.network import signatures
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.brnn_sa.weights import layer_name, single
from adt_plugins.network.signatures import open_signature
from adt_plugins.network.stepwise import StepwiseRunner
from tests.support.graphs import brnn_sa, frames

litert = pytest.importorskip("ai_edge_litert.interpreter")

GEOMETRY = Geometry(core=12, context=5, batch=4)
CONTENT = build_brnn_sa(brnn_sa(), GEOMETRY)
CHUNKS = np.stack(
    [frames(GEOMETRY.frames + k)[k:] for k in range(4)], axis=1, dtype=np.float32
)


def interpreter() -> Any:
    opened = litert.Interpreter(model_content=CONTENT, num_threads=1)
    opened.allocate_tensors()
    return opened


class Moving:
    """A possible future LiteRT, in which no tensor can be reached in place."""

    def __init__(self) -> None:
        self.real = interpreter()

    def get_signature_runner(self, name: str) -> Any:
        return self.real.get_signature_runner(name)

    def get_signature_list(self) -> Any:
        return self.real.get_signature_list()


def test_values_are_reached_in_place() -> None:
    graph = open_signature(interpreter(), layer_name(0))
    assert isinstance(graph, signatures._InPlace)


def test_without_that_the_public_way_gives_the_same_bits() -> None:
    moving = Moving()
    graph = open_signature(moving, layer_name(0))
    assert isinstance(graph, signatures.Copied)
    here = StepwiseRunner(interpreter(), GEOMETRY).run(CHUNKS)
    assert np.ptp(here) > 0.01
    assert np.array_equal(StepwiseRunner(moving, GEOMETRY).run(CHUNKS), here)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_fewer_chunks_than_a_batch_have_the_same_bits(count: int) -> None:
    runner = StepwiseRunner(interpreter(), GEOMETRY)
    whole = runner.run(CHUNKS).copy()
    actual = runner.run(CHUNKS[:, :count])
    assert actual.shape[1] == count
    assert np.array_equal(actual, whole[:, :count])


def test_one_chunk_does_not_run_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = StepwiseRunner(interpreter(), GEOMETRY)
    monkeypatch.setattr(runner._whole, "run", None)
    assert runner.run(CHUNKS[:, :1]).shape == (GEOMETRY.core, 1, runner.outputs)


def test_a_file_without_such_graphs_runs_batches() -> None:
    runner = StepwiseRunner(interpreter(), GEOMETRY)
    whole = runner.run(CHUNKS).copy()
    runner._names -= {single(name) for name in set(runner._names)}
    assert np.array_equal(runner.run(CHUNKS[:, :1]), whole[:, :1])
    assert runner._single is None
