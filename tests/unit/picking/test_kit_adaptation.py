"""Adapting to a kit from corrections: what changes, what does not, the file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import cli, formats
from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.picking.kit_adaptation import MISTAKES, Adaptation, learn
from adt_plugins.picking.onsets import pick_onsets
from adt_plugins.transcription import Transcription
from tests.support.tiny_model import RATE, play

FRAMES, FPS = 3000, 100.0
CARD = ModelCard(
    name="made up",
    file="none.tflite",
    sha256="5" * 64,
    outputs=("KD", "SD", "SST", "HH", "beat"),
    front_end=FrontEnd(),
    geometry=Geometry(100, 10, 1),
    picker=Picker(),
    thresholds={"KD": 0.3, "SD": 0.3, "SST": 0.3, "HH": 0.3},
)
KICKS = np.arange(0.5, 29, 1.0)
STICKS = np.arange(1.0, 29, 1.0)


def activations(seed: int = 0) -> Activations:
    """Kicks, and side sticks that look like snares, hats and a little themselves."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 0.03, (FRAMES, 5))
    for times, heights in ((KICKS, {0: 0.8}), (STICKS, {1: 0.5, 2: 0.2, 3: 0.5})):
        frames = np.rint(times * FPS).astype(int)
        for column, height in heights.items():
            values[frames, column] = height + rng.uniform(-0.05, 0.05, len(frames))
    return Activations(values.astype(np.float32), CARD.outputs, FPS)


def onsets(**times: np.ndarray) -> Transcription:
    return Transcription(
        tuple(Onset(float(t), Drum(d)) for d, row in times.items() for t in row)
    )


TRUTH = onsets(KD=KICKS, SST=STICKS)


def test_it_learns_the_side_stick() -> None:
    raw = activations()
    before = Transcription(pick_onsets(raw, CARD))
    assert len(before.times("SD")) == len(STICKS) > len(before.times("SST"))
    adaptation = learn(raw, TRUTH, CARD)
    assert set(adaptation.weights) == {"SD", "SST", "HH"}
    after = Transcription(pick_onsets(adaptation.apply(activations(1), CARD), CARD))
    assert after.counts() == {Drum.KD: len(KICKS), Drum.SST: len(STICKS)}
    np.testing.assert_allclose(after.times("SST"), STICKS, atol=0.011)


def test_what_was_right_stays_as_it_is() -> None:
    raw = activations()
    adaptation = learn(raw, TRUTH, CARD)
    applied = adaptation.apply(raw, CARD)
    for name in ("KD", "beat"):
        column = CARD.outputs.index(name)
        np.testing.assert_array_equal(applied.values[:, column], raw.values[:, column])
    right = Transcription(pick_onsets(raw, CARD))
    assert learn(raw, right, CARD).weights == {}
    assert raw.values.dtype == applied.values.dtype == np.float32


@pytest.mark.parametrize(("wrong", "learnt"), [(MISTAKES - 1, False), (MISTAKES, True)])
def test_few_mistakes_change_nothing(wrong: int, learnt: bool) -> None:
    right = Transcription(pick_onsets(activations(), CARD))
    times = {str(d): right.times(d) for d in ("KD", "SD", "HH", "SST")}
    corrected = onsets(**{**times, "KD": times["KD"][wrong:]})
    assert ("KD" in learn(activations(), corrected, CARD).weights) is learnt


def test_only_the_corrected_part_counts() -> None:
    """Beyond it the corrections may be missing."""
    part = TRUTH.between(10.0, 20.0)
    adaptation = learn(activations(), part, CARD, start=10.0, end=20.0)
    assert "KD" not in adaptation.weights
    assert "KD" in learn(activations(), part, CARD).weights


def test_other_may_be_a_side_stick_or_not() -> None:
    corrected = onsets(KD=KICKS, OT=STICKS)
    assert set(learn(activations(), corrected, CARD).weights) == {"SD", "HH"}


def test_finer_drums_count_as_their_kind() -> None:
    corrected = onsets(KD=KICKS, CHH=STICKS[::2], OHH=STICKS[1::2])
    assert "HH" not in learn(activations(), corrected, CARD).weights


def test_a_part_without_sound() -> None:
    with pytest.raises(AdtError, match="shorter than a second"):
        learn(activations(), TRUTH, CARD, start=29.5)


@pytest.mark.parametrize(
    ("corrected", "start"), [(Transcription(), 0.0), (TRUTH.between(0.0, 5.0), 5.0)]
)
def test_a_part_without_hits(corrected: Transcription, start: float) -> None:
    with pytest.raises(AdtError, match="holds no hit"):
        learn(activations(), corrected, CARD, start=start)


def test_another_model() -> None:
    adaptation = learn(activations(), TRUTH, CARD)
    with pytest.raises(ModelError, match="another model than 'made up'"):
        adaptation.apply(activations(), replace(CARD, sha256="6" * 64))


def test_the_file(tmp_path: Path) -> None:
    adaptation = learn(activations(), TRUTH, CARD, end=10.0)
    path = tmp_path / "kit.json"
    path.write_text(adaptation.to_json(), encoding="utf-8")
    assert Adaptation.read(path) == adaptation


GOOD = json.loads(learn(activations(), TRUTH, CARD).to_json())
BAD = {
    "no JSON": "{",
    "a list": "[]",
    "another format": json.dumps({**GOOD, "format": "x"}),
    "a newer version": json.dumps({**GOOD, "version": 2}),
    "no drum": json.dumps({**GOOD, "inputs": ["beat"]}),
    "too few weights": json.dumps({**GOOD, "weights": {"SD": [1.0]}}),
    "not a number": json.dumps({**GOOD, "weights": {"SD": ["1", 0, 0, 0, 0]}}),
    "infinite": json.dumps({**GOOD, "weights": {"SD": [1e999, 0, 0, 0, 0]}}),
    "no weights": json.dumps({k: v for k, v in GOOD.items() if k != "weights"}),
    "weights in a list": json.dumps({**GOOD, "weights": [1]}),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    path = tmp_path / "kit.json"
    path.write_text(BAD[case], encoding="utf-8")
    with pytest.raises(AdtError, match=r"kit\.json: not an adaptation") as caught:
        Adaptation.read(path)
    assert "\n" not in str(caught.value)


def test_the_commands(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A snare that is no drum of this kit is gone from the next song."""
    hits = [(0.5 + 0.5 * k, "SD" if k % 2 else "KD") for k in range(12)]
    song, kit = tmp_path / "song ä.wav", tmp_path / "new" / "kit.json"
    soundfile.write(song, play(hits, 7.0), RATE)
    lines = "".join(f"{t}\t{t}\tKick\n" for t, drum in hits if drum == "KD")
    (tmp_path / "corrected.txt").write_text(lines, encoding="utf-8")
    run = ["adapt", str(song), str(tmp_path / "corrected.txt"), "-o", str(kit)]
    run += ["--model", str(tiny_model), "-q"]
    assert cli.main(run) == 0
    assert set(Adaptation.read(kit).weights) == {"SD"}
    kit.write_text(kit.read_text() + "\n")
    assert cli.main(run) == 2
    assert "kit.json" in capsys.readouterr().err
    assert cli.main([*run, "-o", str(kit / "kit.json")]) == 2
    assert capsys.readouterr().err == f"adt: {kit}: is not a folder\n"
    command = ["transcribe", str(song), "--model", str(tiny_model), "--format", "json"]
    for options, counts in (
        ([], {"KD": 6, "SD": 6}),
        (["--adapt", str(kit)], {"KD": 6}),
    ):
        assert cli.main([*command, *options, "--overwrite", "-q"]) == 0
        back = formats.read(tmp_path / "song ä.drums.json")
        assert back.counts() == {Drum(d): n for d, n in counts.items()}
    assert back.model["adapted"] == ["SD"]


def test_that_nothing_was_wrong_is_told(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every hit of the part is right, however many they are."""
    hits = [(0.5 + 0.5 * k, "KD") for k in range(12)]
    song, corrected = tmp_path / "song.wav", tmp_path / "corrected.txt"
    soundfile.write(song, play(hits, 7.0), RATE)
    lines = "".join(f"{t}\t{t}\tKick\n" for t, _ in hits)
    corrected.write_text(lines, encoding="utf-8")
    run = ["adapt", str(song), str(corrected), "-o", str(tmp_path / "kit.json")]
    assert cli.main([*run, "--model", str(tiny_model)]) == 0
    said = f"learnt nothing: of no drum were {MISTAKES} hits missed or wrong\n"
    assert capsys.readouterr().out.endswith(said)


def test_damage_and_hits_of_another_song_are_told(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song, corrected = tmp_path / "song.wav", tmp_path / "corrected.txt"
    soundfile.write(song, play([(0.5, "KD")], 4.0), RATE)
    content = song.read_bytes()
    song.write_bytes(content[: len(content) // 2])
    corrected.write_text("0.5\t0.5\tKick\n3.0\t3.0\tKick\n", encoding="utf-8")
    run = ["adapt", str(song), str(corrected), "-o", str(tmp_path / "kit.json"), "-q"]
    assert cli.main([*run, "--model", str(tiny_model)]) == 0
    damage, behind = capsys.readouterr().err.splitlines()
    assert damage.startswith(f"adt: warning: {song}: cut short or damaged")
    assert behind.startswith(f"adt: warning: {song}: 1 of 2 hits is past its end")


def test_adapting_to_another_model_says_so(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kit.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    soundfile.write(tmp_path / "a.wav", play([], 1.0), RATE)
    command = ["transcribe", str(tmp_path / "a.wav"), "--model", str(tiny_model)]
    assert cli.main([*command, "--adapt", str(path)]) == 2
    assert "another model than 'tiny'" in capsys.readouterr().err
