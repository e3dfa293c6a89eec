"""The song with a sound on every hit."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.click import _SHARED, CLICK_GAIN, mix, sound_of
from adt_plugins.transcription import Transcription

RATE = 44100
OWN = [drum for drum in Drum if drum not in _SHARED]


def silence(seconds: float) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], int]:
    return np.zeros(round(seconds * RATE), np.float32), RATE


def centroid(sound: np.ndarray, power: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound.astype(np.float64), 1 << 16)) ** power
    frequencies = np.fft.rfftfreq(1 << 16, 1 / RATE)
    return float((spectrum * frequencies).sum() / spectrum.sum())


@pytest.mark.parametrize("power", [1, 2])
def test_any_two_sounds_can_be_told_apart(power: int) -> None:
    centroids = {drum: centroid(sound_of(drum), power) for drum in OWN}
    for one, other in itertools.combinations(OWN, 2):
        a, b = centroids[one], centroids[other]
        # Open and closed hi-hats differ in their lengths, as on a kit.
        long, short = (len(sound_of(drum)) for drum in (one, other))
        assert max(a, b) / min(a, b) >= 1.5 or max(long, short) >= 6 * min(long, short)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 96000])
@pytest.mark.parametrize("drum", OWN)
def test_nothing_essential_lies_above_8_khz(drum: Drum, rate: int) -> None:
    power = np.abs(np.fft.rfft(sound_of(drum, rate), 1 << 17)) ** 2
    frequencies = np.fft.rfftfreq(1 << 17, 1 / rate)
    assert power[frequencies > 8000].sum() < 0.002 * power.sum()


@pytest.mark.parametrize("rate", [22050, 48000, 96000])
def test_channels_and_rate_of_the_song_are_kept(tmp_path: Path, rate: int) -> None:
    rng = np.random.default_rng(0)
    song = rng.uniform(-0.4, 0.4, (rate, 2)).astype(np.float32)
    path = tmp_path / "a.click.wav"
    hit = Onset(0.25, Drum.SD, 127)
    formats.write(Transcription((hit,)), path, audio=(song, rate))
    samples, written = soundfile.read(path)
    assert (written, samples.shape) == (rate, song.shape)
    want = 0.5 * song.astype(np.float64)
    sound = sound_of(Drum.SD, rate)
    start = round(0.25 * rate)
    want[start : start + len(sound)] += CLICK_GAIN * sound[:, None]
    assert np.abs(samples - np.clip(want, -1, 1)).max() < 1.51 / (1 << 15)


def test_a_rate_that_is_too_low_for_the_sounds(tmp_path: Path) -> None:
    path = tmp_path / "a.click.wav"
    song = np.zeros((8000, 2), np.float32), 8000
    formats.write(Transcription((Onset(0.5, Drum.CHH),)), path, audio=song)
    samples, rate = soundfile.read(path)
    assert (rate, samples.shape) == (RATE, (RATE,))
    assert np.abs(samples[RATE // 2 :]).max() > 0.3


def test_every_family_has_a_sound_of_its_own() -> None:
    coarse = [drum for drum in Drum if drum is drum.coarse]
    sounds = {sound_of(drum).tobytes() for drum in (*coarse, Drum.SST, Drum.OHH)}
    assert len(sounds) == len(coarse) + 2
    for drum, other in _SHARED.items():
        assert drum.coarse is other.coarse


@pytest.mark.parametrize("drum", Drum)
def test_a_sound_begins_at_once_and_fades(drum: Drum) -> None:
    sound = sound_of(drum)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(1)
    assert np.flatnonzero(np.abs(sound) > 0.1)[0] < 0.003 * RATE
    assert abs(sound[-1]) < 1e-3


def test_hits_lie_on_their_sample(tmp_path: Path) -> None:
    hits = [
        Onset(0.0, Drum.KD, 127),
        Onset(0.5, Drum.SD, 64),
        Onset(1.23458, Drum.CHH, 127),
    ]
    path = tmp_path / "song.click.wav"
    assert formats.write(Transcription(tuple(hits)), path, audio=silence(2)) == [path]
    samples, rate = soundfile.read(path)
    assert (rate, samples.shape) == (RATE, (2 * RATE,))
    want = np.zeros(2 * RATE)
    for hit in hits:
        sound = sound_of(hit.drum)
        start = round(hit.time * RATE)
        want[start : start + len(sound)] += CLICK_GAIN * hit.velocity / 127 * sound
    assert np.abs(samples - want).max() < 1.01 / (1 << 15)


def test_the_song_stays_below(tmp_path: Path) -> None:
    song = np.sin(np.arange(RATE) / 50).astype(np.float32)
    path = tmp_path / "a.click.wav"
    formats.write(Transcription(), path, audio=(song, RATE))
    samples, _ = soundfile.read(path)
    assert np.abs(samples - song / 2).max() < 1.01 / (1 << 15)


@pytest.mark.parametrize("size", [1, 7, 100, 44_100])
def test_blocks_do_not_matter(size: int) -> None:
    rng = np.random.default_rng(1)
    song = rng.uniform(-1, 1, 20_000).astype(np.float32)
    hits = [Onset(t, d) for t, d in zip(np.arange(20) / 50, Drum, strict=False)]
    whole = np.concatenate(list(mix([song], hits)))
    blocks = (song[at : at + size] for at in range(0, len(song), size))
    np.testing.assert_allclose(
        np.concatenate(list(mix(blocks, hits))), whole, atol=1e-6
    )
    assert np.abs(whole).max() <= 1


def test_memory_does_not_grow_with_the_song() -> None:
    def blocks() -> Iterator[np.ndarray]:
        for _ in range(200):
            yield np.zeros(1 << 16, np.float32)

    hits = [Onset(t / 2, Drum.CRC) for t in range(500)]
    for drum in Drum:
        sound_of(drum)
    tracemalloc.start()
    for _ in mix(blocks(), hits):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # the whole song is 52 MB


def test_late_hits_are_told(tmp_path: Path) -> None:
    path, got = tmp_path / "a.click.wav", list[str]()
    late = Transcription((Onset(0.5, Drum.KD), Onset(1.0, Drum.SD)))
    formats.write(late, path, audio=silence(1), warn=got.append)
    assert got == [f"{path}: hits after the end of the recording: 'SD' (1)"]


def test_without_a_recording_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.click.wav"
    with pytest.raises(FormatError, match="needs the recording"):
        formats.write(Transcription(), path)
    broken = tmp_path / "song.wav"
    broken.write_bytes(b"nothing")
    with pytest.raises(AdtError, match="not an audio file"):
        formats.write(Transcription(), path, audio=broken)
    assert [p.name for p in tmp_path.iterdir()] == ["song.wav"]
