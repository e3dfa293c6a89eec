"""The front end against madmom's, and against itself in other blocks."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, LevelRule
from adt_plugins.features.spectrogram import (
    Spectrogram,
    band_frequencies,
    filterbank,
    spectrogram,
)
from tests.support.audio import RATE, impulses, music, noise

LOG = FrontEnd()
LINEAR = FrontEnd(kind="linear", hop_size=512)
RULE = LevelRule(target=10.0, decay_db_per_second=6.0, floor=0.01)

Floats = NDArray[np.float32]

SIGNALS = {
    "one sample": noise(1),
    "shorter than a hop": noise(440),
    "a hop": noise(441),
    "a hop and a sample": noise(442),
    "half a frame": noise(1024),
    "shorter than a frame": noise(2047),
    "a frame": noise(2048),
    "longer than a frame": noise(2049),
    "64 frames exactly": noise(64 * 441),
    "noise": noise(5 * RATE),
    "quiet noise": noise(RATE, level=1e-4),
    "impulses": impulses(2 * RATE),
    "music": music(3.0),
    "silence": np.zeros(RATE, np.float32),
}


@pytest.mark.needs_madmom
@pytest.mark.parametrize("name", SIGNALS)
def test_log_filterbank_equals_madmom(name: str, madmom: ModuleType) -> None:
    audio = madmom.audio
    signal = audio.signal.Signal(SIGNALS[name], sample_rate=RATE)
    expected = audio.spectrogram.LogarithmicFilteredSpectrogram(
        signal,
        frame_size=2048,
        hop_size=441,
        filterbank=audio.filters.LogarithmicFilterbank,
        num_bands=12,
        fmin=20,
        fmax=20000,
        norm_filters=True,
        unique_filters=True,
    )
    frames = spectrogram(SIGNALS[name])
    assert frames.dtype == np.float32
    assert frames.shape == expected.shape
    # The bound is 1e-4; measured 5e-7.
    assert np.abs(frames - np.asarray(expected)).max() < 1e-5


@pytest.mark.needs_madmom
@pytest.mark.parametrize("name", SIGNALS)
def test_linear_equals_madmom(name: str, madmom: ModuleType) -> None:
    signal = madmom.audio.signal.Signal(SIGNALS[name], sample_rate=RATE)
    expected = np.asarray(
        madmom.audio.spectrogram.Spectrogram(signal, frame_size=2048, hop_size=512)
    )
    frames = spectrogram(SIGNALS[name], LINEAR)
    assert frames.shape == expected.shape == (len(expected), 1024)
    # Magnitudes here reach 1000; float32 has 24 bits.
    assert np.abs(frames - expected).max() < 1e-4


@pytest.mark.needs_madmom
@pytest.mark.parametrize(
    "front_end",
    [
        LOG,
        FrontEnd(frame_size=1024),
        FrontEnd(frame_size=4096, bands_per_octave=24),
        FrontEnd(sample_rate=22050, fmax=10000.0),
        FrontEnd(bands_per_octave=3, fmin=30.0, fmax=17000.0),
    ],
    ids=str,
)
def test_filterbank_equals_madmom(front_end: FrontEnd, madmom: ModuleType) -> None:
    audio = madmom.audio
    expected = audio.filters.LogarithmicFilterbank(
        audio.stft.fft_frequencies(front_end.frame_size // 2, front_end.sample_rate),
        num_bands=front_end.bands_per_octave,
        fmin=front_end.fmin,
        fmax=front_end.fmax,
        norm_filters=True,
        unique_filters=True,
    )
    np.testing.assert_array_equal(filterbank(front_end), np.asarray(expected))
    peaks = expected.bin_frequencies[np.argmax(expected, axis=0)]
    np.testing.assert_allclose(band_frequencies(front_end), peaks, rtol=1e-12)


@pytest.mark.needs_madmom
def test_madmom_leaves_numpy_alone(madmom: ModuleType) -> None:
    assert madmom.__version__ == "0.16.1"
    assert not hasattr(np, "float")
    assert not hasattr(np, "int")
    assert madmom.features.downbeats.np.int is int


def test_default_front_end_has_84_bands() -> None:
    assert filterbank().shape == (1024, 84)
    assert Spectrogram().bands == 84
    assert Spectrogram(LINEAR).bands == 1024
    frequencies = band_frequencies()
    assert (np.diff(frequencies) > 0).all()
    assert 20 < frequencies[0] < 60
    assert 15000 < frequencies[-1] < 20000


def test_every_filter_sums_to_one() -> None:
    np.testing.assert_allclose(filterbank().sum(axis=0), 1.0, rtol=1e-6)


def in_blocks(front: Spectrogram, samples: Floats, size: int) -> Floats:
    parts = [
        front.process(samples[start : start + size]).values
        for start in range(0, len(samples), size)
    ]
    return np.concatenate([*parts, front.finish().values])


@pytest.mark.parametrize("level", [None, RULE], ids=["as it is", "level rule"])
@pytest.mark.parametrize("front_end", [LOG, LINEAR], ids=lambda f: f.kind)
@pytest.mark.parametrize("size", [1, 440, 441, 10000, 65536])
def test_blocks_do_not_matter(
    size: int, front_end: FrontEnd, level: LevelRule | None
) -> None:
    samples = music({1: 0.2, 440: 1.0, 441: 1.0}.get(size, 3.0))
    front = Spectrogram(front_end, level)
    expected = spectrogram(samples, front_end, level)
    frames = in_blocks(front, samples, size)
    np.testing.assert_array_equal(frames, expected)
    # Nothing is left of the first recording.
    np.testing.assert_array_equal(in_blocks(front, samples, size), expected)


def test_blocks_of_any_size() -> None:
    samples = music(2.0)
    rng = np.random.default_rng(3)
    front = Spectrogram(level=RULE)
    parts, start = [], 0
    while start < len(samples):
        size = int(rng.integers(0, 9000))
        parts.append(front.process(samples[start : start + size]).values)
        start += size
    frames = np.concatenate([*parts, front.finish().values])
    np.testing.assert_array_equal(frames, spectrogram(samples, level=RULE))


def test_no_samples_no_frames() -> None:
    assert Spectrogram().finish().values.shape == (0, 84)
    assert spectrogram(np.zeros(0, np.float32)).shape == (0, 84)


def test_an_impulse_is_in_the_frames_around_it() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[50 * 441] = 1.0
    energy = spectrogram(samples).sum(axis=1)
    assert np.argmax(energy) == 50
    assert np.flatnonzero(energy > 1e-6).tolist() == list(range(48, 53))


def test_a_tone_is_in_its_band() -> None:
    frequencies = band_frequencies()
    for band in (5, 40, 70, 83):
        time = np.arange(RATE) / RATE
        tone = np.sin(2 * np.pi * frequencies[band] * time)
        frames = spectrogram(tone)
        assert np.argmax(frames[50]) == band


@pytest.mark.parametrize("shape", [(2, 100), (100, 2), ()])
def test_channels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        Spectrogram().process(np.zeros(shape, np.float32))


def test_a_front_end_without_filters_says_so() -> None:
    with pytest.raises(ValueError, match="linear"):
        filterbank(LINEAR)
    with pytest.raises(ValueError, match="too few bins"):
        filterbank(FrontEnd(fmin=400.0, fmax=440.0))


# The level rule


def reference_loop(magnitudes: Floats, rule: LevelRule, rate: float) -> Floats:
    """Apply the card's rule literally, one frame after the other."""
    fall = 10 ** (-rule.decay_db_per_second / rate / 20)
    reference, out = 0.0, np.empty_like(magnitudes)
    for frame, bands in enumerate(magnitudes):
        energy = np.sqrt(np.mean(bands.astype(np.float64) ** 2))
        reference = max(energy, reference * fall, rule.floor)
        out[frame] = np.log10(1 + bands * (rule.target / reference))
    return out


@pytest.mark.parametrize("decay", [0.5, 6.0, 60.0, 1000.0])
@pytest.mark.parametrize("gain", [1e-3, 1.0])
def test_level_rule_is_the_cards(decay: float, gain: float) -> None:
    rule = LevelRule(target=3.0, decay_db_per_second=decay, floor=0.02)
    pause = np.zeros(RATE, np.float32)
    samples = np.concatenate((music(2.0), pause, music(1.0))) * np.float32(gain)
    magnitudes = 10.0 ** spectrogram(samples).astype(np.float64) - 1.0
    expected = reference_loop(magnitudes.astype(np.float32), rule, 100.0)
    np.testing.assert_allclose(spectrogram(samples, level=rule), expected, atol=2e-4)


@pytest.mark.parametrize("front_end", [LOG, LINEAR], ids=lambda f: f.kind)
@pytest.mark.parametrize("decibels", [-30.0, -12.0, 6.0])
def test_gain_does_not_matter(decibels: float, front_end: FrontEnd) -> None:
    rule = LevelRule(target=1.0, decay_db_per_second=3.0, floor=1e-4)
    samples = music(3.0)
    loud = spectrogram(samples, front_end, rule)
    quiet = spectrogram(samples * 10 ** (decibels / 20), front_end, rule)
    assert loud.max() > 0.5
    assert np.abs(quiet - loud).max() < 1e-3
    # Without the rule, it does.
    plain = spectrogram(samples * 10 ** (decibels / 20), front_end)
    assert np.abs(plain - spectrogram(samples, front_end)).max() > 0.1


def test_level_rule_leaves_silence_silent() -> None:
    hiss = noise(RATE, level=1e-6)
    assert spectrogram(hiss, level=RULE).max() < 0.1
    assert spectrogram(np.zeros(RATE), level=RULE).max() == 0.0
    after_music = spectrogram(np.concatenate((music(1.0), hiss)), level=RULE)
    assert after_music[-50:].max() < 0.1


def test_level_rule_looks_only_back() -> None:
    samples = music(2.0)
    louder = samples.copy()
    louder[RATE:] *= 10.0
    before, after = spectrogram(samples, level=RULE), spectrogram(louder, level=RULE)
    np.testing.assert_array_equal(before[:97], after[:97])
