"""Training of the network that tells hits as they are played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins.network.causal import CausalNetwork
from adt_plugins.training.learn.configuration import FRONT_END, LEVEL
from tests.support.clips import write_clips

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")

from adt_plugins.training.learn.low_delay import (  # noqa: E402 - needs torch
    CausalRnn,
    Settings,
    Trainer,
    causal_weights,
    export_low_delay,
    fit_low_delay,
)
from adt_plugins.training.learn.model import BrnnSa, Sizes  # noqa: E402

pytestmark = pytest.mark.slow

SETTINGS = Settings(units=12, steps=4, batch=2, frames=60, save_every=2)


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of 3 s with clicks."""
    return write_clips(tmp_path_factory.mktemp("renders"), 3, 3)


def teacher() -> BrnnSa:
    torch.manual_seed(1)
    return BrnnSa(Sizes(units=8)).eval()


def fit(renders: Path, out: Path, settings: Settings) -> CausalRnn:
    return fit_low_delay(
        renders,
        out,
        teacher(),
        front_end=FRONT_END,
        level=LEVEL,
        settings=settings,
        progress=False,
    )


def test_it_begins_with_what_its_teacher_hears_forward() -> None:
    model: Any = CausalRnn(units=12)
    taught_by: Any = teacher()
    model.begin_with(taught_by)
    hh, ih = model.lstm1.weight_hh_l0, model.lstm2.weight_ih_l0
    assert torch.equal(hh[12:20, :8], taught_by.lstm1.weight_hh_l0[8:16])
    assert torch.equal(ih[36:44, :8], taught_by.lstm2.weight_ih_l0[24:32, :8])


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    renders: Path, tmp_path: Path
) -> None:
    whole = fit(renders, tmp_path / "whole", SETTINGS)
    stopped = Trainer(tmp_path / "parts", teacher(), SETTINGS)
    assert stopped.step == 0
    from adt_plugins.training.learn.low_delay import Examples

    examples = Examples(renders, FRONT_END, LEVEL, SETTINGS)
    for step in range(2):
        stopped.train_step(*examples.batch(step))
    stopped.save()
    again = fit(renders, tmp_path / "parts", SETTINGS)
    for own, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.allclose(own, other, atol=1e-6)
    lines = (tmp_path / "whole" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4]


def test_what_is_written_is_what_was_trained(renders: Path, tmp_path: Path) -> None:
    model = fit(renders, tmp_path, SETTINGS)
    card = export_low_delay(
        model, renders, tmp_path, name="quick", front_end=FRONT_END, level=LEVEL
    )
    assert card.delay == card.look_ahead == 0.07
    assert causal_weights(model).layers[1].units == 12
    frames = np.random.default_rng(0).random((50, 84)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(frames)[:, None])[:, 0].sigmoid().numpy()
    assert np.abs(CausalNetwork(card).process(frames) - wanted).max() < 0.05
