"""Networks without LiteRT: the same file, evaluated in NumPy."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.audio import load_audio
from adt_plugins.card import Geometry
from adt_plugins.cli import main
from adt_plugins.errors import ModelError
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.catalogue import find_model, network_bytes
from adt_plugins.network.inference import Network
from adt_plugins.network.litert import BACKEND_VARIABLE, open_runner
from adt_plugins.network.numpy_backend.tflite_file import read_tflite
from adt_plugins.picking.onsets import pick_onsets
from tests.support.graphs import brnn_sa, frames
from tests.support.paths import GROOVE

GEOMETRY = Geometry(core=32, context=16, batch=2)

Floats = NDArray[np.float32]


@pytest.fixture
def in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, "numpy")


def chunks(seed: int, batch: int = 2) -> Floats:
    parts = [frames(GEOMETRY.frames, seed=seed + k) for k in range(batch)]
    return np.stack(parts, axis=1).astype(np.float32)


@pytest.mark.parametrize("quantise", [False, True], ids=["float32", "int8"])
def test_activations_are_those_of_litert(
    quantise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ai_edge_litert.interpreter")
    content = build_brnn_sa(brnn_sa(), GEOMETRY, quantise=quantise)
    expected = open_runner(Path("x"), content, GEOMETRY).run(chunks(1))
    monkeypatch.setenv(BACKEND_VARIABLE, "numpy")
    runner = open_runner(Path("x"), content, GEOMETRY)
    assert (runner.bands, runner.outputs) == (9, expected.shape[2])
    # A difference of rounding may tip an input to the next of its 256 steps.
    result = runner.run(chunks(1))
    np.testing.assert_allclose(result, expected, atol=1e-3 if quantise else 2e-6)
    # More chunks at once are the same chunks.
    wide = runner.run(np.concatenate([chunks(5), chunks(1)], axis=1))
    np.testing.assert_allclose(wide[:, 2:], result, atol=1e-6)


def test_the_shipped_model_finds_the_same_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert.interpreter")
    card = find_model()
    samples = load_audio(GROOVE)
    read = spectrogram(samples, card.front_end, card.level)
    values = [Network(card).activations(read)]
    monkeypatch.setenv(BACKEND_VARIABLE, "numpy")
    values.append(Network(card).activations(read))
    np.testing.assert_allclose(values[1], values[0], atol=1e-3)
    rate = card.front_end.frame_rate
    hits = [
        {
            (onset.drum, round(onset.time * rate))
            for onset in pick_onsets(Activations(v, card.outputs, rate), card)
        }
        for v in values
    ]
    assert len(hits[0]) > 130
    assert len(hits[0] ^ hits[1]) <= 0.005 * len(hits[0])


def test_it_is_chosen_where_litert_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("run by NumPy")
    assert Network(find_model()).bands == 84


@pytest.mark.slow
def test_nothing_of_litert_is_loaded() -> None:
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(['ai_edge_litert', 'flatbuffers', 'soxr'])\n"
        "from adt_plugins import transcribe\n"
        "print(len(transcribe(sys.argv[1], end=4.0)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(GROOVE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 20


@pytest.mark.usefixtures("in_numpy")
def test_damaged_files_end_in_one_error() -> None:
    card = find_model()
    content = network_bytes(card)
    read_tflite(content)
    rng = np.random.default_rng(3)
    for _ in range(25):
        damaged = bytearray(content)
        for place in rng.integers(0, 4000, 3):
            damaged[int(place)] = int(rng.integers(256))
        with suppress(ModelError):  # and no other error
            open_runner(Path("x.tflite"), bytes(damaged), card.geometry)
    for cut in (0, 3, 8, 100, len(content) // 2):
        with pytest.raises(ModelError, match=r"x\.tflite: NumPy cannot run it"):
            open_runner(Path("x.tflite"), content[:cut], card.geometry)


@pytest.mark.usefixtures("in_numpy")
@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(core=1024, context=128, batch=3),
        Geometry(core=1000, context=128, batch=4),
        Geometry(core=1024, context=124, batch=4),
    ],
    ids=str,
)
def test_a_geometry_that_does_not_fit(geometry: Geometry) -> None:
    card = replace(find_model(), geometry=geometry)
    with pytest.raises(ModelError, match="NumPy cannot run it"):
        Network(card)
