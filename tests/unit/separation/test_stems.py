"""Stems: they sum to the song, hold what they should, and follow corrections."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins import Stems, Transcription, separate
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, AdtWarning, CancelledError
from adt_plugins.formats.click import sound_of
from adt_plugins.separation import separator as room
from adt_plugins.separation.files import stem_paths, write_stems
from adt_plugins.separation.frames import Grid
from adt_plugins.separation.separator import Separator
from tests.support.drum_tracks import HITS, RATE, chords, drum_track

Floats = NDArray[np.float64]


def improvement(estimate: Floats, truth: Floats, mix: Floats) -> float:
    """Return the improvement of the scale-invariant SDR in dB."""

    def ratio(sound: Floats) -> float:
        target = (sound @ truth) / (truth @ truth) * truth
        noise = sound - target
        return 10 * math.log10((target @ target) / (noise @ noise))

    return ratio(estimate) - ratio(mix)


@pytest.fixture(scope="module")
def song() -> tuple[Floats, Floats]:
    return drum_track(HITS), chords()


@pytest.fixture(scope="module")
def split(song: tuple[Floats, Floats]) -> Stems:
    mix = (np.stack([song[0] + song[1]] * 2, axis=1)).astype(np.float32)
    return separate(HITS, (mix, RATE), by_drum=True)


def test_drums_and_the_rest_are_told_apart(
    song: tuple[Floats, Floats], split: Stems
) -> None:
    drums, rest = song
    mix = drums + rest
    assert split.drums.shape == (len(mix), 2)
    assert improvement(split.drums[:, 0].astype(float), drums, mix) > 8
    assert improvement(split.drumless[:, 0].astype(float), rest, mix) > 6


def test_each_drum_is_by_itself_and_they_sum_to_all(
    song: tuple[Floats, Floats], split: Stems
) -> None:
    assert set(split.by_drum) == {Drum.KD, Drum.SD, Drum.HH}
    together = np.sum(list(split.by_drum.values()), axis=0)
    np.testing.assert_array_equal(together, split.drums)
    mix = sum(song)
    for drum, sound in split.by_drum.items():
        truth = drum_track(HITS.only([drum]))
        assert improvement(sound[:, 0].astype(float), truth, np.asarray(mix)) > 6


@pytest.mark.parametrize(
    ("dtype", "rate"), [("int16", 44100), ("float32", 48000), ("int16", 8000)]
)
def test_stems_sum_to_the_song_sample_for_sample(dtype: str, rate: int) -> None:
    random = np.random.default_rng(3)
    hits = HITS.between(0, 3)
    song = drum_track(hits, rate, 3.3) + chords(rate, 3.3)
    mix = np.stack([song, 0.5 * song[::-1]], axis=1)
    mix += random.normal(0, 1e-3, mix.shape)
    scale = 2.0 ** (15 if dtype == "int16" else 23)
    wanted = np.rint(mix * scale)
    given = wanted.astype(dtype)
    if dtype == "float32":
        given = (wanted / scale + 1e-9).astype(dtype)
    stems = separate(hits, (given, rate))
    total = (stems.drums.astype(float) + stems.drumless) * scale
    np.testing.assert_array_equal(total, wanted)
    assert np.abs(stems.drums).max() > 0.1
    assert stems.sample_rate == rate


@pytest.mark.slow
def test_what_is_too_loud_for_one_stem_is_in_the_other() -> None:
    hits = HITS.between(0, 3)
    song = np.clip(6 * (drum_track(hits, RATE, 3) + chords(RATE, 3)), -1, 1)
    mix = np.rint(song * 32767).astype(np.int16)
    stems = separate(hits, (mix, RATE), by_drum=True)
    total = (stems.drums.astype(float) + stems.drumless)[:, 0] * 2**15
    np.testing.assert_array_equal(total, mix)
    assert max(np.abs(stems.drums).max(), np.abs(stems.drumless).max()) <= 1


def test_a_hit_that_was_added_is_taken_out_and_a_deleted_one_stays(
    song: tuple[Floats, Floats],
) -> None:
    mix = (song[0] + song[1], RATE)
    time = 4.2  # of a kick and a hat
    at = slice(round(time * RATE), round((time + 0.1) * RATE))
    fewer = replace(HITS, onsets=tuple(o for o in HITS if abs(o.time - time) > 0.1))
    with_it, without = separate(HITS, mix).drums[at], separate(fewer, mix).drums[at]
    assert np.square(without).sum() < 0.2 * np.square(with_it).sum()


@pytest.mark.slow
def test_only_some_drums_are_taken_out(song: tuple[Floats, Floats]) -> None:
    mix = song[0] + song[1]
    snare = drum_track(HITS.only(["SD"]))
    stems = separate(HITS, (mix, RATE), drums=["snare"])
    assert improvement(stems.drums[:, 0].astype(float), snare, mix) > 6
    rest = stems.drumless[:, 0].astype(float)
    kick = drum_track(HITS.only(["KD"]))
    loud = np.abs(kick) > 0.1
    assert np.square((rest - mix)[loud]).sum() < 0.1 * np.square(kick[loud]).sum()


def test_nothing_is_taken_out_where_there_are_no_hits() -> None:
    mix = np.rint(chords(RATE, 2) * 32767).astype(np.int16)
    stems = separate(Transcription(), (mix, RATE), by_drum=True)
    assert not stems.drums.any()
    np.testing.assert_array_equal(stems.drumless[:, 0] * 2**15, mix)
    assert not stems.by_drum


def test_no_time_is_spent_on_drums_that_are_not_to_be_taken_out(
    song: tuple[Floats, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "drum_mask", None)
    stems = separate(HITS, (song[0], RATE), drums=["cowbell"])
    assert not stems.drums.any()
    assert len(stems.drums) == len(song[0])


def test_silence_and_hits_behind_the_end_do_no_harm() -> None:
    with pytest.warns(AdtWarning, match="24 of 28 hits are past its end"):
        stems = separate(HITS, (np.zeros((RATE, 1), np.float32), RATE))
    assert not stems.drums.any()
    assert not stems.drumless.any()
    assert len(stems.drums) == RATE
    with pytest.warns(AdtWarning, match="28 of 28"):
        assert len(separate(HITS, (np.zeros(3, np.int16), RATE)).drums) == 3


def test_drums_that_are_too_loud_together_do_not_wrap_around(tmp_path: Path) -> None:
    hits = HITS.between(0, 2)
    path = tmp_path / "song.wav"
    soundfile.write(path, 9 * drum_track(hits, RATE, 2), RATE, "FLOAT")
    with pytest.warns(AdtWarning, match="too loud"):
        paths = write_stems(
            Separator(hits, path, by_drum=True), tmp_path, "song", by_drum=True
        )
    whole = {
        name: soundfile.read(p, dtype="int32")[0] >> 8 for name, p in paths.items()
    }
    drums = whole["drums"]
    parts = [whole[name] for name in paths if name.startswith("drums.")]
    assert len(parts) == 3
    np.testing.assert_array_equal(np.sum(parts, axis=0), drums)
    song = soundfile.read(path)[0] * (1 << 23)
    loud = np.abs(song) > 3 << 23
    assert loud.sum() > 50
    assert (np.sign(drums + whole["drumless"]) == np.sign(song))[loud].all()


@pytest.mark.parametrize(("peak", "count"), [(1.9, 0), (2.1, 1)])
def test_what_stems_cannot_hold_is_told(peak: float, count: int) -> None:
    song = np.full((RATE // 4, 1), peak, np.float32)
    hits = HITS.between(0, 0.2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stems = separate(hits, (song, RATE))
    assert ["too loud" in str(w.message) for w in caught] == [True] * count
    same = np.allclose(stems.drums + stems.drumless, song, atol=1e-6)
    assert same is not bool(count)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_damaged_sample_leaves_all_others_as_they_are() -> None:
    mix = drum_track(HITS.between(0, 2), RATE, 2)[:, None].astype(np.float32)
    mix[RATE] = 1e30
    with pytest.warns(AdtWarning, match="too loud"):
        stems = separate(HITS.between(0, 2), (mix, RATE))
    others = np.flatnonzero(mix[:, 0] < 2)
    assert len(others) == len(mix) - 1
    total = (stems.drums + stems.drumless)[others]
    np.testing.assert_allclose(total, mix[others], atol=1e-6)
    assert np.square(stems.drums[: RATE // 2]).sum() > 1


@pytest.mark.slow
def test_cuts_between_stretches_cannot_be_heard(
    song: tuple[Floats, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    mix = (song[0] + song[1], RATE)
    whole = separate(HITS, mix).drums
    monkeypatch.setattr(room, "STRETCH", 300)
    cut = separate(HITS, mix).drums
    difference = np.square(cut - whole).sum() / np.square(whole).sum()
    assert 10 * math.log10(difference) < -20


@pytest.mark.slow
def test_channels_keep_their_places() -> None:
    drums, rest = drum_track(HITS), chords()
    mix = np.stack([drums + 0.2 * rest, 0.2 * drums + rest], axis=1)
    stems = separate(HITS, (mix.astype(np.float32), RATE))
    left, right = np.square(stems.drums).sum(axis=0)
    assert left > 5 * right  # 25 in the mix


@pytest.mark.slow
def test_progress_and_cancelling(song: tuple[Floats, Floats]) -> None:
    reports: list[float] = []
    mix = (song[0] + song[1], RATE)
    separate(HITS, mix, progress=reports.append)
    assert reports == sorted(reports)
    assert 0 <= reports[0] < 0.5 < reports[-1] <= 1
    with pytest.raises(CancelledError):
        separate(HITS, mix, cancel=lambda: True)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192000])
def test_frames_are_about_as_long_at_every_rate(rate: int) -> None:
    grid = Grid(rate)
    assert 0.03 < grid.size / rate < 0.07
    random = np.random.default_rng(1)
    samples = random.standard_normal(12 * grid.hop + 3 * grid.hop).astype(np.float32)
    back = grid.samples(grid.spectra(samples))
    inner = slice(3 * grid.hop, len(samples) - 3 * grid.hop)
    np.testing.assert_allclose(back[inner], samples[inner], atol=1e-5)
    middle = grid.frame(1.0) * grid.hop - (grid.size - grid.hop) + grid.size / 2
    assert abs(middle / rate - 1.0) <= grid.hop / rate


@pytest.fixture
def wave(song: tuple[Floats, Floats], tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, (song[0] + song[1])[: 4 * RATE], RATE, subtype="PCM_24")
    return path


def test_files_hold_the_bits_of_the_recording(wave: Path) -> None:
    hits = HITS.between(0, 4)
    paths = write_stems(
        Separator(hits, wave, by_drum=True), wave.parent, "song", by_drum=True
    )
    names = ["drumless", "drums", "drums.KD", "drums.SD", "drums.HH"]
    assert list(paths) == names
    assert paths["drums.KD"].name == "song.drums.KD.flac"
    stems = {k: soundfile.read(p, dtype="int32")[0] >> 8 for k, p in paths.items()}
    assert soundfile.info(paths["drums"]).subtype == "PCM_24"
    mix = soundfile.read(wave, dtype="int32")[0] >> 8
    np.testing.assert_array_equal(stems["drums"] + stems["drumless"], mix)
    parts = np.sum([stems[name] for name in names[2:]], axis=0)
    np.testing.assert_array_equal(parts, stems["drums"])


def test_all_files_are_written_or_none(
    wave: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(wave.parent.iterdir())
    separator = Separator(HITS.between(0, 4), wave)
    blocks = separator.blocks

    def interrupted(*given: object) -> Iterator[object]:
        yield from blocks()
        raise KeyboardInterrupt

    monkeypatch.setattr(separator, "blocks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_stems(separator, wave.parent, "song")
    assert sorted(wave.parent.iterdir()) == before


def test_what_somebody_else_has_written_stays(wave: Path) -> None:
    path = stem_paths(wave.parent, "song")["drumless"]
    soundfile.write(path, sound_of(Drum.KD), RATE)
    content = path.read_bytes()
    separator = Separator(HITS.between(0, 4), wave)
    with pytest.raises(AdtError, match=r"song\.drumless\.flac: exists"):
        write_stems(separator, wave.parent, "song")
    assert path.read_bytes() == content
    assert not stem_paths(wave.parent, "song")["drums"].exists()
