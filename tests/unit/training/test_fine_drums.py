"""Learning finer drums from clips made here, by a network set by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adt_plugins import transcribe
from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset
from adt_plugins.card import FrontEnd, Geometry, LevelRule, ModelCard, Picker
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.evaluation import evaluate
from adt_plugins.picking.fine_drums import Kinds, softmax
from adt_plugins.picking.recurrence import weigh
from adt_plugins.training.learn import fine_drum_examples, fine_drums
from adt_plugins.training.learn.fine_drum_examples import FineDrumExamples
from adt_plugins.transcription import Transcription
from tests.support.hats import SECONDS, ring
from tests.support.tiny_model import RATE, play, write_tiny_model


def hats(number: int) -> tuple[np.ndarray, list[tuple[float, str, int]]]:
    """Return hi-hats, about half of which ring on, with their labels."""
    rng = np.random.default_rng(number)
    times = np.arange(0.3, SECONDS - 0.5, 0.45) + rng.uniform(-0.02, 0.02, 12)
    rings = rng.random(12) < 0.5
    audio = play([(time, "HH") for time in times], SECONDS) * rng.uniform(0.3, 0.7)
    audio += ring(times[rings].tolist()) * 0.5
    onsets = [
        (round(float(time), 5), "OHH" if rung else "CHH", 90)
        for time, rung in zip(times, rings, strict=True)
    ]
    return audio, onsets


def write_clips(folder: Path, count: int) -> Path:
    """Write clips, every eighth for validation, and return their folder."""
    folder.mkdir()
    for number in range(count):
        audio, onsets = hats(number)
        np.save(folder / f"{number:06d}.drums.npy", (audio * 32767).astype(np.int16))
        split = "validation" if number % 8 == 5 else "train"
        labels = {"onsets": onsets, "beats": [], "split": split}
        (folder / f"{number:06d}.json").write_text(json.dumps(labels))
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("renders") / "clips", 72)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    card = ModelCard.read(write_tiny_model(tmp_path / "models"))
    # Mixing needs a level rule; this one leaves the tones about as they are.
    level = LevelRule(target=4.0, decay_db_per_second=2.0, floor=0.5)
    card = replace(card, level=level, thresholds=dict.fromkeys(card.thresholds, 0.2))
    assert card.path is not None
    card.path.write_text(card.to_json(), encoding="utf-8")
    return card.path


@pytest.mark.needs_torch
def test_from_clips_to_a_model_that_tells_them(
    clips: Path,
    model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")
    monkeypatch.setattr(fine_drums, "BATCH", 8)  # as many steps with as few hits
    before = ModelCard.read(model)
    assert main(["train", "finer", str(model), str(clips), "-q"]) == 0
    assert capsys.readouterr().out == f"{model}\n"
    card = ModelCard.read(model)
    both = card.measured["finer drums, held-out renders"]["HH"]
    assert both["recorded kits"] == both["all kits"]  # there is no other
    measured = both["all kits"]
    assert measured[fine_drums.ACCURACY] > 0.8
    for kind in ("CHH", "OHH"):
        assert measured[kind]["hits"] > 30
        assert measured[kind]["precision"] > 0.8
        assert measured[kind]["recall"] > 0.2
    assert measured["PHH"] == {"hits": 0, "precision": None, "recall": None}
    assert replace(card, finer=None, measured={}) == before
    audio, onsets = hats(1000)
    transcription = transcribe((audio, RATE), model=model, fine=True)
    truth = Transcription(tuple(Onset(time, Drum(code)) for time, code, _ in onsets))
    score = evaluate(truth, transcription, ["HH"], fine=True)
    for kind in ("CHH", "OHH"):
        score_of_kind = score.score(kind, 0.05)
        assert score_of_kind.matched >= 2
        assert score_of_kind.false <= 1


@pytest.mark.needs_torch
def test_a_seed_decides_everything() -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")
    rng = np.random.default_rng(4)
    classes = rng.integers(0, 3, 600)
    features = rng.normal(0, 1, (600, 20)).astype(np.float32)
    features[:, 3] += classes
    none = np.zeros(600, np.int64)
    hits = FineDrumExamples(features, classes, none, none)
    one, two, other = (
        fine_drums.fit_kinds(hits, ("A", "B", "C"), s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.hidden, two.hidden)
    np.testing.assert_array_equal(one.output, two.output)
    assert not np.array_equal(one.hidden, other.hidden)
    assert (one.surenesses > 1).all()


def test_too_few_clips(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_clips(tmp_path / "few", 6)  # one of them for validation
    assert main(["train", "finer", str(model), str(folder), "-q"]) == 2
    assert "too few clips" in capsys.readouterr().err
    assert ModelCard.read(model).finer is None


def test_a_model_without_a_level_rule(clips: Path, tiny_model: Path) -> None:
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network

    with pytest.raises(AdtError, match="'tiny' has no level rule"):
        fine_drums.learn([clips], Network(find_model(tiny_model)))


@pytest.mark.parametrize(
    ("drum", "time", "code"),
    [
        (Drum.HH, 1.0, "CHH"),
        (Drum.HH, 1.02, "OHH"),  # the louder of two that are near
        (Drum.HH, 1.2, None),
        (Drum.CY, 2.0, "RDC"),  # a stroke on the bell
        (Drum.CY, 3.0, ""),  # a china: known to be neither
        (Drum.TT, 4.0, "LFT"),
        (Drum.TT, 1.0, None),  # no tom but a hi-hat
    ],
)
def test_true_classes(drum: Drum, time: float, code: str | None) -> None:
    onsets = [
        (0.98, "CHH", 80),
        (1.04, "OHH", 90),
        (2.0, "RDB", 80),
        (3.0, "CHC", 80),
        (4.0, "HFT", 80),
    ]
    (actual,) = fine_drum_examples.true_classes([Onset(time, drum)], onsets, drum)
    assert actual == (
        -1 if code is None else fine_drum_examples.CLASSES[drum].index(code)
    )


def certain(values: list[tuple[float, int]]) -> tuple[Kinds, FineDrumExamples]:
    """Return hits with probabilities of two classes, and the true class."""
    one = np.ones((1, 1), np.float32)
    zero = np.zeros(1, np.float32)
    kinds = Kinds(
        ("CHH", "OHH"),
        np.full(2, 2, np.float32),
        zero,
        one[0],
        one * 1e-3,  # so small that the tangent is a line
        zero,
        np.array([[1e3, 0.0]], np.float32),
        np.zeros(2, np.float32),
    )
    wanted = np.array([value for value, _ in values])
    features = np.log(wanted / (1 - wanted)).astype(np.float32)[:, None]
    classes = np.array([k for _, k in values])
    none = np.zeros(len(values), np.int64)
    return kinds, FineDrumExamples(features, classes, none, none)


def test_as_much_is_said_as_is_precise() -> None:
    # In the first class 17 of the 20 most confident hits are right, and 17 of 21.
    rows = [(0.95 - 0.01 * n, 1 if n in (3, 8, 13, 20, 21) else 0) for n in range(22)]
    kinds, hits = certain(rows)
    kinds = fine_drums.calibrate(kinds, hits)
    assert kinds.surenesses[0] == pytest.approx(0.95 - 0.01 * 19, abs=1e-3)
    assert kinds.surenesses[1] > 1  # it was never the more probable one
    measured = fine_drums.measure([(kinds, hits)])
    assert measured["CHH"] == {"hits": 17, "precision": 0.85, "recall": 1.0}
    assert measured["OHH"] == {"hits": 5, "precision": None, "recall": 0.0}
    assert measured[fine_drums.ACCURACY] == round(17 / 22, 3)


def test_machines_are_measured_but_decide_nothing() -> None:
    kinds, hits = certain([(0.9, 0), (0.8, 0), (0.7, 1), (0.6, 1)] * 40)
    hits = replace(hits, clips=np.arange(160) // 4)
    machine = np.arange(160) % 4 >= 2
    measured = fine_drums.try_out(kinds, hits, ~machine)
    assert measured["recorded kits"]["CHH"]["precision"] == 1.0
    assert measured["recorded kits"]["CHH"]["hits"] == 80
    # A machine's hit at 0.7 is less certain than the 0.8 that was enough.
    assert measured["all kits"]["CHH"]["precision"] == 1.0
    assert measured["all kits"]["OHH"] == {"hits": 80, "precision": None, "recall": 0.0}
    measured = fine_drums.try_out(kinds, hits, machine)
    assert measured["recorded kits"]["CHH"] == {
        "hits": 0,
        "precision": None,
        "recall": None,
    }


@pytest.mark.parametrize(
    ("kit", "recorded"),
    [
        ("sams_sonor+muldjord", True),
        ("Red_Zeppelin_4_LV2", True),
        ("sf_GMbank_000+sams_sonor", False),
        ("sams_sonor+drum_machine_mrk2", False),
        ("drum_machine_mrk2", False),
        ("TR808EmulationKit", False),
    ],
)
def test_recorded_kits(tmp_path: Path, kit: str, recorded: bool) -> None:
    labels = tmp_path / "000001.json"
    labels.write_text(json.dumps({"kit": kit}))
    assert fine_drums._is_recorded(labels) is recorded


def test_the_mean_of_two_is_that_of_their_log_odds() -> None:
    one, hits = certain([(0.9, 0), (0.6, 1), (0.2, 0)])
    other = replace(
        one, output=-3 * one.output, output_bias=np.array([1.0, 0.0], np.float32)
    )
    both = fine_drums.mean_of(one, other)

    def odds(kinds: Kinds) -> np.ndarray:
        logarithms = np.log(kinds.probabilities(hits.features))
        return logarithms[:, 0] - logarithms[:, 1]

    mean = (odds(one) + odds(other)) / 2
    np.testing.assert_allclose(odds(both), mean, rtol=1e-3, atol=1e-3)


def test_kinds_are_judged_as_they_are_reported() -> None:
    """Hits agree with similar bars of their clip, false ones among them."""
    beats = [Beat(0.5 * n, n % 4 + 1) for n in range(33)]
    values = np.full((1700, 2), 0.01, np.float32)
    values[::100, 0] = values[50::100, 1] = 0.9
    card = ModelCard(
        "", "", "", ("KD", "SD"), FrontEnd(), Geometry(1, 0, 1), Picker(),
        {"KD": 0.3, "SD": 0.3},
    )  # fmt: skip
    _, bars = weigh(Activations(values, card.outputs, 100.0), beats, card)
    assert bars is not None
    kinds, hits = certain([(0.9, 0)] * 7 + [(0.45, 0)])
    hits = replace(hits, frames=25 + 200 * np.arange(8))
    assert hits.probabilities(kinds)[7, 0] < 0.5
    agreed = replace(hits, bars={0: bars})
    assert agreed.probabilities(kinds)[7, 0] > 0.5
    assert replace(hits, bars={1: bars}).probabilities(kinds)[7, 0] < 0.5
    assert agreed.only(np.arange(8) > 5).probabilities(kinds)[1, 0] > 0.5
    false = replace(agreed, classes=np.where(np.arange(8) < 7, -1, 0))
    assert fine_drums.measure([(kinds, false)])["CHH"]["hits"] == 1
    assert fine_drums.measure([(kinds, false)])[fine_drums.ACCURACY] == 1


def test_what_is_hardly_ever_sure_is_never_said() -> None:
    rows = [(0.9, 0)] + [(0.8 - 0.001 * n, n % 2) for n in range(100)]
    kinds, hits = certain(rows)
    assert fine_drums.calibrate(kinds, hits).surenesses[0] > 1


def test_shares_add_up() -> None:
    values = np.array([[100.0, -100.0, 3.0], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(softmax(values).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(softmax(values)[1], 1 / 3, rtol=1e-6)
