"""Learning the templates of separation, from clips and one-shots made here."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import Onset, Transcription, separate
from adt_plugins.base.arrays import archived, read_arrays
from adt_plugins.cli import main
from adt_plugins.cli._train_split import TrainSplitOptions
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.separation.features import FEATURES
from adt_plugins.separation.learnt import SHIPPED, shipped_learnt
from adt_plugins.training.learn.clips import load_clip
from adt_plugins.training.learn.general_templates import CLASSES, general_templates
from adt_plugins.training.learn.separation import MaskSettings, learn_separation
from adt_plugins.training.learn.separation_examples import ExampleFolder, MixSettings
from tests.support.drum_tracks import RATE, chords, drum_track

SETTINGS = MaskSettings(
    mixes=5,
    units=(80, 40),
    epochs=10,
    batch=512,
    examples=MixSettings(seconds=4, places=4000, true_hits=1.0),
    longer=MixSettings(
        seconds=4, turns=2, within_s=6, places=4000, coloured=0.5, true_hits=1.0
    ),
)
SECONDS = 5.0
TWO_HITS = Transcription(onsets=(Onset(1.0, Drum.KD, 100), Onset(1.6, Drum.SD, 100)))


def hits(number: int) -> Transcription:
    """Return kicks, snares and hats, otherwise in each clip."""
    rng = np.random.default_rng(number)
    times = np.arange(0.2, SECONDS - 0.4, 0.25) + rng.uniform(0, 0.1, 18)
    drums = rng.choice([Drum.KD, Drum.SD, Drum.HH], len(times))
    return Transcription(
        onsets=tuple(
            Onset(float(time), Drum(str(drum)), 100)
            for time, drum in zip(times, drums, strict=True)
        )
    )


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("renders")
    for number in range(8):
        played = hits(number)
        rest = np.roll(chords(RATE, SECONDS), 300 * number)
        stems = {"drums": drum_track(played, RATE, SECONDS), "accomp": rest}
        for name, stem in stems.items():
            np.save(
                folder / f"{number:06d}.{name}.npy", (stem * 32767).astype(np.int16)
            )
        labels = {
            "onsets": [(o.time, str(o.drum), o.velocity) for o in played],
            "beats": [],
            "split": "validation" if number == 7 else "train",
        }
        (folder / f"{number:06d}.json").write_text(json.dumps(labels))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "oneshots"
    folder.mkdir()
    with (folder / "oneshots.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "kit", "class", "licence", "source"])
        for drum, classes in CLASSES.items():
            hit = Transcription(onsets=(Onset(0.0, drum.coarse, 100),))
            for name in classes:
                sound = drum_track(hit, RATE, 0.5)
                soundfile.write(folder / f"{name}.flac", sound, RATE)
                rows.writerow([f"{name}.flac", "mine", name, "CC0", "my kit"])
    return folder.parent


@pytest.mark.slow
@pytest.mark.needs_torch
def test_what_is_learnt_takes_drums_out(
    renders: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")
    reports: list[float] = []
    path = learn_separation(
        renders, data, tmp_path, settings=SETTINGS, progress=reports.append
    )
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1)

    drums, rest = drum_track(TWO_HITS, RATE, 3), chords(RATE, 3)
    mix = (drums + rest).astype(np.float32)
    stems = separate(TWO_HITS, (mix, RATE), learnt=path)
    error = np.square(stems.drums[:, 0] - drums).sum()
    # Better than taking out nothing, or all.
    assert error < 0.2 * min(np.square(drums).sum(), np.square(rest).sum())
    arrays = dict(read_arrays(path))
    for name in ("bias.3", "second.bias.3"):  # networks that hear no drums
        arrays[name] = arrays[name] - 20
    deaf = tmp_path / "deaf.npz"
    deaf.write_bytes(archived(arrays))
    left = separate(TWO_HITS, (mix, RATE), learnt=deaf).drums
    assert np.square(left).sum() < 0.01 * np.square(drums).sum()

    assert {name: a.dtype for name, a in arrays.items()} == {
        name: a.dtype for name, a in shipped_learnt().items()
    }
    assert {name: a.shape for name, a in arrays.items()} == {
        name: a.shape for name, a in shipped_learnt().items()
    }
    card = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["training"]["one-shots of the templates"] == ["my kit, CC0"]

    # Existing files are not made again, and the same seed gives the same file.
    content = path.read_bytes()
    monkeypatch.setattr(ExampleFolder, "_make", None)
    learn_separation(renders, data, tmp_path, settings=SETTINGS)
    assert path.read_bytes() == content


@pytest.mark.slow
def test_found_hits_and_other_settings_make_other_examples(
    renders: Path, data: Path, tmp_path: Path
) -> None:
    learnt = general_templates(data / "oneshots")
    clip = load_clip(renders / "000000.json")
    true = ExampleFolder(tmp_path, learnt, SETTINGS.examples, []).of(clip)
    finding = replace(SETTINGS.examples, true_hits=0.0)
    examples = ExampleFolder(tmp_path, learnt, finding, []).of(clip)
    assert true is not None
    assert examples is not None
    assert true.features.shape == examples.features.shape == (4000, FEATURES)
    assert not np.array_equal(true.features, examples.features)
    assert true.masks.min() >= 0
    assert true.masks.max() <= 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_general_template_is_the_mean_of_its_one_shots(data: Path) -> None:
    learnt = general_templates(data / "oneshots")
    middle = (learnt["edges_hz"][:-1] + learnt["edges_hz"][1:]) / 2
    loudness = {
        drum: learnt[f"template.{drum}"].astype(float) for drum in (Drum.KD, Drum.SD)
    }
    assert middle[loudness[Drum.KD].sum(axis=0).argmax()] == pytest.approx(60, abs=25)
    assert loudness[Drum.SD][:, middle > 1000].sum() > 5 * (
        loudness[Drum.KD][:, middle > 1000].sum()
    )
    for values in loudness.values():
        assert values[:4].sum() > 5 * values[-4:].sum()


def test_what_is_missing_is_named(renders: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(AdtError, match=r"oneshots\.csv: no such file"):
        general_templates(tmp_path)
    with pytest.raises(AdtError, match="no train clips"):
        learn_separation(tmp_path, data, tmp_path / "out", settings=SETTINGS)
    assert not (tmp_path / "out").exists()
    (tmp_path / "learnt.npz").write_bytes(b"mine")
    with pytest.raises(AdtError, match=r"learnt\.npz: exists"):
        learn_separation(renders, data, tmp_path, settings=SETTINGS)
    assert (tmp_path / "learnt.npz").read_bytes() == b"mine"


def test_files_that_were_not_learnt_for_this_are_refused(tmp_path: Path) -> None:
    path, arrays = tmp_path / "learnt.npz", dict(shipped_learnt())
    given = (TWO_HITS, (np.zeros(RATE, np.float32), RATE))
    path.write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"learnt\.npz: "):
        separate(*given, learnt=path)
    path.write_bytes(archived({**arrays, "weights.1": arrays["weights.1"][:, 1:]}))
    with pytest.raises(FormatError, match=r"weights\.1 are not of 44 values"):
        separate(*given, learnt=path)
    second = arrays["second.weights.1"][:, 1:]
    path.write_bytes(archived({**arrays, "second.weights.1": second}))
    with pytest.raises(FormatError, match=r"second\.weights\.1 are not of 85 values"):
        separate(*given, learnt=path)
    path.write_bytes(archived({**arrays, "bias.2": arrays["bias.2"][1:]}))
    with pytest.raises(FormatError, match=r"bias\.2 are not of 40 values"):
        separate(*given, learnt=path)
    del arrays["bias.2"]
    path.write_bytes(archived(arrays))
    with pytest.raises(FormatError, match=r"it has no bias\.2"):
        separate(*given, learnt=str(path))


def test_the_shipped_file_has_its_card() -> None:
    card = json.loads(SHIPPED.with_suffix(".json").read_text("utf-8"))
    assert card["file"] == SHIPPED.name
    assert card["sha256"] == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert card["licence"] == "BSD-3-Clause"
    named = " ".join(str(value) for value in card["training"].values())
    for source in ("MuldjordKit", "Sam's Sonor", "everythingisremixed, CC0"):
        assert source in named


@pytest.mark.needs_torch
def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")
    out = tmp_path / "out"
    given = ["train", "split", str(tmp_path), str(out), "--data", str(tmp_path), "-q"]
    assert main(given) != 0
    assert "oneshots.csv: no such file" in capsys.readouterr().err
    assert not out.exists()


def test_command_and_library_learn_from_as_many_mixes() -> None:
    assert TrainSplitOptions.mixes == MaskSettings().mixes
