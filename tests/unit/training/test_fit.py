"""Targets, mixing, training and export, on a few synthetic clips."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import cli
from adt_plugins.card import Geometry, ModelCard
from adt_plugins.errors import ModelError
from adt_plugins.network.inference import Network
from adt_plugins.training.learn.clips import cut, find_clips, load_clip
from adt_plugins.training.learn.configuration import FRONT_END, LEVEL
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.targets import OUTPUTS, column, frame_targets
from tests.support.clips import write_clips
from tests.support.tiny_model import write_tiny_model

QUIET_MIX = Recipe(accompanied=0.0, voiced=0.0, equaliser_db=0.0, gain_db=(0.0, 0.0))


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips of 6 s: a click every half second, and noise beside it."""
    return write_clips(tmp_path_factory.mktemp("renders"), 4, 6, noise=True)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (0.10, {9: 0.5, 10: 1.0, 11: 0.5}),
        (0.105, {9: 0.25, 10: 0.75, 11: 0.75, 12: 0.25}),
        (0.0, {0: 1.0, 1: 0.5}),
        (0.30, {29: 0.5}),  # one frame behind the end
        (0.50, {}),
    ],
)
def test_target_of_a_hit(time: float, expected: dict[int, float]) -> None:
    targets = frame_targets(
        [(time, "CHH", 90)], [], start=0.0, frames=30, frame_rate=100.0
    )
    hats = targets[:, column("HH")]
    assert {i: pytest.approx(v) for i, v in expected.items()} == {
        int(i): float(hats[i]) for i in np.flatnonzero(hats > 1e-6)
    }
    assert targets.sum() == pytest.approx(hats.sum())


@pytest.mark.parametrize(
    ("code", "output"),
    [("KD", "KD"), ("SST", "SST"), ("OHH", "HH"), ("LFT", "TT"), ("RDB", "CY")],
)
def test_outputs_of_fine_drums(code: str, output: str) -> None:
    assert OUTPUTS[column(code)] == output


def test_downbeats_are_beats_too() -> None:
    targets = frame_targets(
        [], [(0.1, 1), (0.2, 2)], start=0.0, frames=30, frame_rate=100.0
    )
    assert list(np.flatnonzero(targets[:, OUTPUTS.index("beat")] == 1)) == [10, 20]
    assert list(np.flatnonzero(targets[:, OUTPUTS.index("downbeat")] == 1)) == [10]


def test_cut_beyond_both_ends() -> None:
    stem = np.full(4, 16384, dtype=np.int16)
    assert list(cut(stem, -2, 8)) == [0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0]
    assert list(cut(stem, 9, 2)) == [0, 0]


def test_mix_has_hits_where_its_targets_say(renders: Path) -> None:
    mixer = Mixer(FRONT_END, LEVEL, [], QUIET_MIX)
    clip = load_clip(find_clips(renders)[0])
    example = mixer.example(clip, 300, np.random.default_rng(1), start=1.2)
    rise = np.maximum(0, np.diff(example.frames, axis=0)).sum(axis=1)
    wanted = np.flatnonzero(example.targets[:, column("SD")] == 1)
    assert list(wanted) == [30, 80, 130, 180, 230, 280]
    for frame in wanted:
        # The window of 46 ms hears a hit from two frames before its own.
        assert abs(int(np.argmax(rise[frame - 5 : frame + 5])) - 5) <= 3


def test_mix_is_seeded_and_varied(renders: Path) -> None:
    mixer = Mixer(FRONT_END, LEVEL, [])
    clip = load_clip(find_clips(renders)[0])
    first, again, other = (
        mixer.example(clip, 100, np.random.default_rng(seed)).frames
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize("level", [-10.0, 10.0])
def test_level_of_the_accompaniment(renders: Path, level: float) -> None:
    clip = load_clip(find_clips(renders)[0])
    rng = np.random.default_rng(0)
    recipe = Recipe(
        accompanied=1.0,
        accompaniment_db=(level, level),
        voiced=0.0,
        equaliser_db=0.0,
        gain_db=(0.0, 0.0),
    )
    mixer = Mixer(FRONT_END, LEVEL, [], recipe)
    drums = mixer._stem(clip.drums, 20000, 200)
    others = mixer._others(clip, drums, 20000, 200, rng)
    assert others is not None
    ratio = np.sqrt(np.mean(others**2) / np.mean(drums**2))
    assert 20 * np.log10(ratio) == pytest.approx(level, abs=0.1)


def test_examples_without_drums(renders: Path) -> None:
    clip = load_clip(find_clips(renders)[0])
    recipe = Recipe(
        accompanied=1.0, voiced=0.0, equaliser_db=0.0, gain_db=(0.0, 0.0), drumless=1.0
    )
    mixer = Mixer(FRONT_END, LEVEL, [], recipe)
    example = mixer.example(clip, 200, np.random.default_rng(0), start=0.0)
    assert not example.targets.any()
    beats = [OUTPUTS.index("beat"), OUTPUTS.index("downbeat")]
    assert not example.mask[:, beats].any()
    assert example.mask.sum() == 200 * (len(OUTPUTS) - 2)
    # The noise is there, and no click stands out of it.
    loudness = example.frames.sum(axis=1)
    assert loudness.min() > 0.5 * loudness.max() > 0
    # Without anything else the drums stay.
    alone = replace(recipe, accompanied=0.0)
    example = Mixer(FRONT_END, LEVEL, [], alone).example(
        clip, 200, np.random.default_rng(0), start=0.0
    )
    assert example.targets.any()


@pytest.mark.needs_torch
def test_chosen_threshold_is_the_highest_of_the_good_ones() -> None:
    pytest.importorskip("torch", reason="training needs the extra `train`")
    from adt_plugins.training.learn.validate import DRUMS, THRESHOLDS, Validation

    rows = np.zeros((len(THRESHOLDS), 3))
    rows[:, 1:] = 1000  # wanted and found: F is hits / 1000
    rows[:, 0] = 500
    rows[3, 0], rows[4, 0], rows[5, 0] = 900, 895, 880
    counts = {"drums": dict.fromkeys(DRUMS, rows), "songs": dict.fromkeys(DRUMS, rows)}
    thresholds, scores = Validation.choose(counts)
    assert thresholds == dict.fromkeys(DRUMS, THRESHOLDS[4])
    assert scores["songs"]["KD"] == 0.895


@pytest.mark.needs_torch
class TestTraining:
    """One tiny run: trained, stopped, resumed, exported and used."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch", reason="training needs the extra `train`")
        pytest.importorskip("threadpoolctl")

    def fit(
        self, renders: Path, out: Path, steps: int, **options: Any
    ) -> dict[str, np.ndarray]:
        import torch

        from adt_plugins.training.learn.fit import Settings, fit
        from adt_plugins.training.learn.model import Sizes

        settings = Settings(steps=steps, batch=4, workers=0, validate_every=2)
        checkpoint = fit(
            renders,
            out,
            settings=settings,
            front_end=FRONT_END,
            level=LEVEL,
            geometry=Geometry(core=40, context=8, batch=2),
            sizes=Sizes(units=8, rank=4, outputs=len(OUTPUTS)),
            progress=False,
            **options,
        )
        state = torch.load(checkpoint, weights_only=True)
        assert state["step"] == steps
        return {k: v.numpy() for k, v in state["averaged"].items()}

    def test_seeded(self, renders: Path, tmp_path: Path) -> None:
        one, two = (self.fit(renders, tmp_path / name, 4) for name in "ab")
        for name, values in one.items():
            np.testing.assert_array_equal(values, two[name])

    def test_goes_on_where_it_stopped(self, renders: Path, tmp_path: Path) -> None:
        self.fit(renders, tmp_path, 2)
        self.fit(renders, tmp_path, 5)
        lines = (tmp_path / "log.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == [2, 4, 5]

    def test_begins_with_the_mean_of_others(
        self, renders: Path, tmp_path: Path
    ) -> None:
        old = [self.fit(renders, tmp_path / str(steps), steps) for steps in (1, 3)]
        weights = [tmp_path / str(steps) / "last.pt" for steps in (1, 3)]
        # A step of the warm-up is tiny.
        new = self.fit(renders, tmp_path / "new", 1, weights=weights)
        assert any((old[0][name] != old[1][name]).any() for name in new)
        for name, values in new.items():
            mean = (old[0][name] + old[1][name]) / 2
            np.testing.assert_allclose(values, mean, atol=1e-3)

    @pytest.mark.parametrize("quantise", [False, True])
    def test_export_is_the_same_network(
        self, renders: Path, tmp_path: Path, quantise: bool
    ) -> None:
        from adt_plugins.training.learn.export import export, load_model
        from adt_plugins.training.learn.validate import chunked

        self.fit(renders, tmp_path, 3)
        geometry = Geometry(core=24, context=8, batch=2)
        card = export(
            [tmp_path / "last.pt"],
            renders,
            tmp_path / "out",
            name="small",
            front_end=FRONT_END,
            level=LEVEL,
            geometry=geometry,
            training={"note": "clicks"},
            quantise=quantise,
        )
        read = ModelCard.read(tmp_path / "out" / "small.json")
        assert read == card
        assert set(read.thresholds) == {"KD", "SD", "SST", "HH", "TT", "CY"}
        assert set(read.measured["validation F at 50 ms"]) == {"drums", "songs"}
        rng = np.random.default_rng(0)
        frames = rng.uniform(0, 1.5, (150, 84)).astype(np.float32)
        model, _ = load_model(tmp_path / "last.pt")
        np.testing.assert_allclose(
            Network(read).activations(frames),
            chunked(model, frames, geometry),
            atol=2e-2 if quantise else 1e-5,
        )

    def test_a_shipped_model_is_where_training_goes_on(
        self, renders: Path, tmp_path: Path
    ) -> None:
        from adt_plugins.training.learn.export import load_model
        from adt_plugins.training.learn.shipped import checkpoint_of

        self.fit(renders, tmp_path, 2)
        out, again = tmp_path / "models", tmp_path / "again.pt"
        export = ["train", "export", str(tmp_path / "last.pt"), str(renders), str(out)]
        trained, geometry = load_model(tmp_path / "last.pt")
        for options, tolerance in ((["--float32"], 1e-7), ([], 0.01)):
            assert cli.main([*export, "--name", "mine", *options]) == 0
            card = ModelCard.read(out / "mine.json")
            model, restored = load_model(checkpoint_of(card, geometry, again))
            assert restored == geometry
            assert model.sizes == trained.sizes
            theirs = trained.state_dict()
            # The graph has one bias where PyTorch adds two.
            for number, suffix in product((1, 2), ("", "_reverse")):
                names = [f"lstm{number}.bias_{x}_l0{suffix}" for x in ("ih", "hh")]
                theirs[names[0]], theirs[names[1]] = (
                    theirs[names[0]] + theirs[names[1]],
                    0 * theirs[names[1]],
                )
            for name, value in model.state_dict().items():
                np.testing.assert_allclose(value, theirs[name], atol=tolerance)
        run = ["train", "fit", str(renders), str(tmp_path / "on"), "--steps", "1", "-q"]
        run += ["--batch", "2", "--threads", "1", "--model", str(card.path)]
        assert cli.main(run) == 0
        on, _ = load_model(tmp_path / "on" / "last.pt")
        for name, value in on.state_dict().items():
            np.testing.assert_allclose(value, model.state_dict()[name], atol=0.01)

    def test_no_training_goes_on_from_another_network(self, tmp_path: Path) -> None:
        from adt_plugins.training.learn.shipped import restore

        card = ModelCard.read(write_tiny_model(tmp_path))
        with pytest.raises(
            ModelError, match="not a network whose training can continue"
        ):
            restore(card)

    def test_the_mean_of_two_checkpoints(self, renders: Path, tmp_path: Path) -> None:
        from adt_plugins.training.learn.export import load_model

        paths = []
        for steps in (1, 3):
            self.fit(renders, tmp_path, steps)
            paths.append(tmp_path / f"step{steps}.pt")
            shutil.copy(tmp_path / "last.pt", paths[-1])
        first, second, mean = (
            load_model(*some)[0].state_dict() for some in (paths[:1], paths[1:], paths)
        )
        assert any((first[name] != second[name]).any() for name in mean)
        for name, value in mean.items():
            np.testing.assert_allclose(value, (first[name] + second[name]) / 2, 1e-5)

    def test_commands(
        self, renders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = ["train", "fit", str(renders), str(tmp_path), "--steps", "1"]
        assert cli.main([*run, "--batch", "2", "--threads", "1", "-q"]) == 0
        checkpoint = str(tmp_path / "last.pt")
        out = tmp_path / "models"
        export = ["train", "export", checkpoint, str(renders), str(out)]
        assert cli.main([*export, "--name", "mine"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            str(out / "mine.tflite"),
            str(out / "mine.json"),
        ]
        assert (out / "mine.tflite").stat().st_size < 1_000_000
        card = ModelCard.read(out / "mine.json")
        assert card.gate is not None
        assert set(card.gate.sure) == set(card.drums)
        (out / "mine.json").write_text(replace(card, gate=None).to_json())
        assert cli.main(["train", "gate", str(out / "mine.json"), str(renders)]) == 0
        assert ModelCard.read(out / "mine.json") == card
