"""Recorded songs: only what models are sure of is learnt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.activations import Activations
from adt_plugins.card import Geometry
from adt_plugins.errors import AdtError
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.training.learn import recorded_songs
from adt_plugins.training.learn.clips import SONGS, find_clips, load_clip
from adt_plugins.training.learn.configuration import FRONT_END, LEVEL
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.recorded_songs import (
    UNLABELLED,
    Labels,
    label_songs,
    sort_peaks,
)
from adt_plugins.training.learn.targets import OUTPUTS, column, target_mask
from adt_plugins.training.sources import real_sounds
from adt_plugins.training.sources.recorded_songs import RecordedSong, read_table
from tests.support.paths import GROOVE


def test_the_table() -> None:
    songs = read_table()
    assert len({song.file for song in songs}) == len(songs) > 30
    # What benchmarks play over drums, or under them, stays out of training.
    held_out = {row.file for row in real_sounds.read_table() if row.split != "train"}
    for song in songs:
        for file in song.files:
            assert not file.startswith("/")
            assert "\\" not in file
            assert file not in held_out


def test_peaks_are_hits_unsure_or_silence() -> None:
    values = np.zeros((400, len(OUTPUTS)), np.float32)
    for frame, height in ((100, 0.9), (200, 0.3), (300, 0.05)):
        values[frame - 1 : frame + 2, column("SD")] = height * np.array([0.5, 1, 0.5])
    labels = sort_peaks(
        Activations(values, OUTPUTS, 100.0), dict.fromkeys(OUTPUTS, 0.3)
    )
    assert labels == Labels([(1.0, "SD", 100)], [(2.0, "SD")])
    assert labels.part(0.5, 2.0) == Labels([(0.5, "SD", 100)], [])


def test_uncertain_frames_are_masked() -> None:
    mask = target_mask(
        [(1.0, "HH"), (9.0, "KD")], ["OT"], start=0.5, frames=100, frame_rate=100.0
    )
    assert np.flatnonzero(mask[:, column("HH")] == 0).tolist() == list(range(46, 55))
    assert not mask[:, OUTPUTS.index("OT")].any()
    mask[:, [column("HH"), OUTPUTS.index("OT")]] = 1
    assert mask.all()


def test_songs_become_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds, renders = tmp_path / "sounds", tmp_path / "renders"
    sounds.mkdir()
    shutil.copy(GROOVE, sounds / "song.flac")
    shutil.copy(GROOVE, sounds / "guitar.flac")
    songs = [RecordedSong("song.flac", "guitar.flac"), RecordedSong("none.flac", "")]
    monkeypatch.setattr(recorded_songs, "read_table", lambda: songs)
    network = Network(find_model("drums"))
    seen = []
    count = label_songs(
        sounds, renders, [network, network], progress=lambda *call: seen.append(call)
    )
    assert count == 1
    assert seen == [(0, 1), (1, 1)]
    assert not find_clips(renders)
    (path,) = find_clips(renders / SONGS)
    clip = load_clip(path)
    assert clip.split == "train"
    assert not clip.beats
    assert clip.accompaniment is not None
    assert set(clip.unlabelled) == set(UNLABELLED)
    kicks = sorted(time for time, drum, _ in clip.onsets if drum == "KD")
    assert 30 <= len(kicks) <= 42
    rows = (clip.drums[round(t * 44100) :][:2000] for t in kicks)
    assert all(np.abs(row).max() > 1000 for row in rows)
    # An example learns from what is sure alone.
    mixer = Mixer(FRONT_END, LEVEL, [], Recipe(accompanied=0.0, voiced=0.0))
    example = mixer.example(clip, 1000, np.random.default_rng(0), start=0.0)
    assert example.targets[:, column("KD")].max() > 0.5
    assert not example.mask[:, [OUTPUTS.index(name) for name in UNLABELLED]].any()
    expected = target_mask(
        clip.unsure,
        UNLABELLED,
        start=0.0,
        frames=1000,
        frame_rate=FRONT_END.frame_rate,
    )
    np.testing.assert_array_equal(example.mask, expected)


def test_training_reads_them(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch (extra `train`) is missing")
    from adt_plugins.training.learn.fit import Batches, Settings

    songs = tmp_path / SONGS
    songs.mkdir()
    labels = {"onsets": [], "beats": [], "split": "train", "unlabelled": ["OT"]}
    (songs / "000000.json").write_text(json.dumps(labels))
    np.save(songs / "000000.drums.npy", np.ones(5 * 44100, np.int16))
    settings = Settings(batch=2, workers=0)
    geometry = Geometry(core=64, context=16, batch=2)
    batches = Batches(tmp_path, (FRONT_END, LEVEL), settings, geometry, 0)
    mask = next(iter(batches))["mask"]
    assert mask.shape == (96, 2, len(OUTPUTS))
    assert not mask[:, :, OUTPUTS.index("OT")].any()


def test_no_songs(tmp_path: Path) -> None:
    with pytest.raises(AdtError, match="none of the songs"):
        label_songs(tmp_path, tmp_path, [])
