"""Real sounds: the table, decoding, and how examples are mixed with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.training.learn.clips import Clip
from adt_plugins.training.learn.configuration import FRONT_END, LEVEL
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.real_sounds import RealSound, draw, find_real
from adt_plugins.training.learn.targets import OUTPUTS
from adt_plugins.training.sources.real_sounds import (
    KINDS,
    SPLITS,
    decode,
    prepare,
    read_table,
)
from tests.support.recordings import write_wave

SECOND = SAMPLE_RATE


def tone(hz: float, seconds: float, peak: float = 0.5) -> np.ndarray:
    return peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * SECOND)) / SECOND)


def sound(kind: str, samples: np.ndarray) -> RealSound:
    return RealSound(kind, kind, (samples * 32767).astype(np.int16))


def test_the_table() -> None:
    rows = read_table()
    assert {row.kind for row in rows} == set(KINDS)
    assert {row.split for row in rows} == set(SPLITS)
    assert len({row.file for row in rows}) == len(rows) > 90
    assert not any(row.file.startswith("/") or "\\" in row.file for row in rows)
    # In these samples of a voice sounds the song's kick, too.
    assert not any("Caesium-BGVOX_ALT" in row.file for row in rows)
    # A song is whole in one split, or what is held out would be known.
    songs: dict[str, set[str]] = {}
    for row in rows:
        if row.kind != "music":
            name = row.file.split("-")[0] if row.kind == "voice" else row.file
            songs.setdefault(name, set()).add(row.split)
    assert all(len(splits) == 1 for splits in songs.values())


def test_preparing_what_is_there(tmp_path: Path) -> None:
    data, sounds, renders = (tmp_path / name for name in ("data", "sounds", "renders"))
    assert prepare(data, sounds, renders) == 0
    assert find_real(renders, "train") == []
    chosen = {}
    for split in SPLITS:
        row = next(
            r for r in read_table() if r.split == split and r.file.endswith(".ogg")
        )
        path = sounds / row.file
        path.parent.mkdir(parents=True, exist_ok=True)
        # Files are recognised by their content.
        write_wave(path, tone(440, 2.0))
        chosen[split] = row
    assert prepare(data, sounds, renders) == 2
    for split in ("train", "validation"):
        (sound,) = find_real(renders, split)
        assert sound.kind == chosen[split].kind
        assert abs(int(np.abs(sound.samples).max()) - 0.7 * 32767) < 2
    assert find_real(renders, "test") == []
    before = {
        path: path.stat().st_mtime_ns for path in (renders / "real").glob("*.npy")
    }
    assert len(before) == prepare(data, sounds, renders) == 2
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_rests_go(tmp_path: Path) -> None:
    phrases = [
        tone(300, 1.0),
        np.zeros(6 * SECOND),
        tone(300, 1.0),
        np.zeros(9 * SECOND),
    ]
    kept = decode(write_wave(tmp_path / "voice.wav", np.concatenate(phrases)))
    assert 3.0 < len(kept) / SECOND < 4.2


def test_drawing_changes_pitch_and_avoids_silence() -> None:
    samples = np.concatenate([np.zeros(30 * SECOND), tone(1000, 90.0)])
    pitches, silent = set(), 0
    for seed in range(20):
        cut = draw([sound("voice", samples)], SECOND, np.random.default_rng(seed))
        assert cut.dtype == np.float32
        assert len(cut) == SECOND
        silent += not cut.any()
        if np.sqrt(np.mean(cut**2)) > 0.3:
            pitches.add(int(np.abs(np.fft.rfft(cut)).argmax()))
    assert silent <= 1
    assert len(pitches) > 10
    assert 790 < min(pitches) < max(pitches) < 1262


def test_each_kind_is_as_likely() -> None:
    sounds = [sound("voice", tone(200, 2.0)), sound("music", tone(3000, 200.0))]
    rng = np.random.default_rng(0)
    low = sum(
        int(np.abs(np.fft.rfft(draw(sounds, SECOND, rng))).argmax()) < 1000
        for _ in range(60)
    )
    assert 18 < low < 42


@pytest.mark.parametrize("level", [-6.0, 9.0])
def test_level_of_real_sounds(level: float) -> None:
    drums = (tone(100, 4.0, 0.2) * 32767).astype(np.int16)
    clip = Clip("clip", drums, None, [(1.0, "KD", 100)], [(1.0, 1)], "train")
    recipe = Recipe(
        accompanied=0.0, voiced=0.0, real=1.0, real_only=1.0, real_db=(level, level)
    )
    mixer = Mixer(FRONT_END, LEVEL, [], recipe, [sound("voice", tone(500, 60.0))])
    assert mixer.has_real
    stem = mixer._stem(clip.drums, SECOND, 200)
    others = mixer._others(clip, stem, SECOND, 200, np.random.default_rng(0))
    assert others is not None
    ratio = np.sqrt(np.mean(others**2) / np.mean(stem**2))
    assert 20 * np.log10(ratio) == pytest.approx(level, abs=0.2)
    mixer.recipe = replace(recipe, drumless=1.0)
    example = mixer.example(clip, 200, np.random.default_rng(0), start=0.0)
    assert not example.targets[:, OUTPUTS.index("KD")].any()


def test_without_real_sounds_nothing_changes() -> None:
    drums = (tone(100, 4.0, 0.2) * 32767).astype(np.int16)
    clip = Clip("clip", drums, None, [], [], "train")
    plain, real = (
        Mixer(FRONT_END, LEVEL, [], Recipe(real=share)).example(
            clip, 100, np.random.default_rng(3)
        )
        for share in (0.0, 1.0)
    )
    np.testing.assert_array_equal(plain.frames, real.frames)
