"""Resampling by SciPy, compared with soxr and with what is exact."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins import transcribe
from adt_plugins.audio.resample import PolyphaseResampler, open_resampler
from tests.support.paths import GROOVE

RATES = [8000, 22050, 32000, 44056, 48000, 96000, 192000]
WANTED = 44100

Samples = NDArray[np.float32]


def tones(rate: int, seconds: float = 1.3, highest: float = 3000.0) -> Samples:
    times = np.arange(round(rate * seconds)) / rate
    parts = [np.sin(2 * np.pi * f * times) for f in (110.0, 777.0, highest)]
    return np.asarray(np.sum(parts, axis=0) / 4, np.float32)


def in_blocks(rate: int, samples: Samples, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    resampler = PolyphaseResampler(rate, WANTED)
    parts, start = [], 0
    while start < len(samples):
        size = int(rng.integers(0, 9000))
        parts.append(resampler.resample_chunk(samples[start : start + size]))
        start += size
    parts.append(resampler.resample_chunk(samples[:0], last=True))
    return np.concatenate(parts)


@pytest.mark.parametrize("rate", RATES)
def test_tones_are_where_they_were(rate: int) -> None:
    """No delay, no gain, and as many samples as the recording lasts."""
    samples = tones(rate)
    result = in_blocks(rate, samples, 1)
    wanted = tones(WANTED)
    assert len(result) == round(len(samples) * WANTED / rate)
    middle = slice(2000, min(len(result), len(wanted)) - 2000)
    assert np.abs(result[middle] - wanted[middle]).max() < 2e-3


@pytest.mark.parametrize("rate", RATES)
def test_blocks_do_not_matter(rate: int) -> None:
    samples = tones(rate, 0.7)
    one, other = in_blocks(rate, samples, 2), in_blocks(rate, samples, 3)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    times = np.arange(96000) / 96000
    above = np.sin(2 * np.pi * 30000 * times).astype(np.float32)
    assert np.abs(in_blocks(96000, above, 1)[1000:-1000]).max() < 1e-3


def test_channels_stay_apart() -> None:
    left, right = tones(48000), tones(48000, highest=500.0)
    both = np.stack([left, right], axis=1)
    resampler = PolyphaseResampler(48000, WANTED)
    result = resampler.resample_chunk(both, last=True)
    for column, alone in enumerate((left, right)):
        expected = PolyphaseResampler(48000, WANTED).resample_chunk(alone, last=True)
        np.testing.assert_allclose(result[:, column], expected, atol=1e-6)


def test_a_recording_of_nothing() -> None:
    nothing = np.zeros(0, np.float32)
    assert (
        len(PolyphaseResampler(48000, WANTED).resample_chunk(nothing, last=True)) == 0
    )


def test_without_soxr_the_same_hits_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile = pytest.importorskip("soundfile")
    soxr = pytest.importorskip("soxr")
    samples, rate = soundfile.read(GROOVE, dtype="float32", stop=6 * 44100)
    faster = soxr.resample(samples, rate, 48000)
    with_soxr = transcribe((faster, 48000), beats=False)
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert isinstance(open_resampler(48000, WANTED), PolyphaseResampler)
    without = transcribe((faster, 48000), beats=False)
    assert len(with_soxr) > 20
    assert [o.drum for o in without] == [o.drum for o in with_soxr]
    np.testing.assert_allclose(
        [o.time for o in without], [o.time for o in with_soxr], atol=2e-3
    )
