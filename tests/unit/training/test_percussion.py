"""Tambourines, shakers and claps in rendered clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.training.render import percussion, programming, synth
from adt_plugins.training.sources import kits

RATE = 44100
NAMES = ("Kick", "Snare", "Hat Closed", "Cowbell", "Tambourine", "Shaker", "Hand Clap")


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hydrogen kit of decaying noise, built as a bank."""
    import soundfile

    kit = tmp_path_factory.mktemp("kits") / "Small"
    kit.mkdir()
    rng = np.random.default_rng(0)
    instruments = []
    for name in NAMES:
        samples = rng.standard_normal(RATE // 5) * np.exp(-np.arange(RATE // 5) / 1000)
        soundfile.write(kit / f"{name}.wav", 0.2 * samples, RATE)
        instruments.append(
            f"<instrument><name>{name}</name>"
            f"<filename>{name}.wav</filename></instrument>"
        )
    (kit / "drumkit.xml").write_text(f"<drumkit>{''.join(instruments)}</drumkit>")
    banks = tmp_path_factory.mktemp("banks")
    kits.build_kit(kits.KitJob("hydrogen", "Small", kit), banks)
    return banks


def test_instruments_are_found_by_name(banks: Path) -> None:
    instruments = percussion.find_instruments(banks, {"Small"})
    names = kits.read_names(banks, "OT")["Small"]
    assert {
        kind: [names[n] for _, n in groups] for kind, groups in instruments.items()
    } == {
        "tambourine": ["Tambourine"],
        "shaker": ["Shaker"],
        "clap": ["Hand Clap"],
    }
    assert percussion.find_instruments(banks, {"another"}) == {}


@pytest.mark.parametrize(
    ("number", "kinds"), [("39", ["clap"]), ("54", ["tambourine"]), ("56", [])]
)
def test_instruments_of_soundfonts(
    tmp_path: Path, number: str, kinds: list[str]
) -> None:
    content = {"pieces": {"OT": [[]]}, "names": {"OT": [number]}}
    (tmp_path / "font").mkdir()
    (tmp_path / "font" / "index.json").write_text(json.dumps(content))
    assert list(percussion.find_instruments(tmp_path, {"font"})) == kinds


def test_a_bank_without_names_is_built_again(banks: Path, tmp_path: Path) -> None:
    bank = tmp_path / "empty"
    bank.mkdir()
    (bank / "index.json").write_text(json.dumps({"pieces": {}}))
    (tmp_path / "drumkit.xml").write_text("<drumkit/>")
    kits.build_kit(kits.KitJob("hydrogen", "empty", tmp_path), tmp_path)
    assert json.loads((bank / "index.json").read_text())["names"] == {}


@pytest.mark.parametrize("seed", range(3))
def test_they_play_along_and_are_labelled(
    banks: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(percussion, "SHARE", 1.0)
    rng = np.random.default_rng(seed)
    performance = programming.programmed(8.0, rng)
    kit = synth.ClipKit(banks, kits.read_index(banks), rng)
    instruments = percussion.find_instruments(banks, {"Small"})
    strokes = percussion.play_along(performance, kit, instruments, 8.0, rng)
    steps = [4 * (s.time - performance.downbeat_s) for s in strokes]
    places = np.array(steps) / performance.quarter_s
    late_s = (places - np.round(places)) * performance.quarter_s / 4
    assert np.abs(late_s).max() < 0.08
    assert np.abs(np.median(late_s)) < 0.025
    audio, placed = synth.place(strokes, kit, 8.0, rng)
    assert len(placed) >= 4
    assert {hit.code for hit in placed} == {"OT"}
    for hit in placed:
        at = round(hit.time * RATE)
        assert np.abs(audio[at : at + 1000]).max() > 1e-4
    performance.hits += strokes
    assert percussion.play_along(performance, kit, instruments, 8.0, rng) == []


def test_most_clips_have_none(banks: Path) -> None:
    instruments = percussion.find_instruments(banks, {"Small"})
    performance = programming.programmed(2.0, np.random.default_rng(0))
    index = kits.read_index(banks)
    count = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        kit = synth.ClipKit(banks, index, rng)
        count += bool(percussion.play_along(performance, kit, instruments, 2.0, rng))
    assert 10 < count < 40
