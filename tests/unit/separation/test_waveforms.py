"""Low drums are taken out with their own phase, beside notes in the same bins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins import Onset, Transcription, separate
from adt_plugins.drums import Drum
from adt_plugins.separation import separator as room
from adt_plugins.separation.frames import Floats, Grid, Spectra
from adt_plugins.separation.low_band import (
    LOW_BINS,
    READ_BINS,
    low_place,
    low_spectra,
    low_wave,
)
from adt_plugins.separation.waveforms import (
    Strokes,
    Waveform,
    beside_predicted,
    learn_waveforms,
    predict,
)

RATE = 44100
GRID = Grid(RATE)
SECONDS = 12

Samples = NDArray[np.float64]


def kicks(times: list[float], gains: list[float]) -> Samples:
    """Return a kick that falls from 120 to 60 Hz, at these times."""
    track = np.zeros(SECONDS * RATE)
    since = np.arange(round(0.3 * RATE)) / RATE
    phase = 2 * np.pi * (60 * since + 60 * 0.03 * (1 - np.exp(-since / 0.03)))
    kick = np.sin(phase) * np.exp(-since / 0.08)
    for time, gain in zip(times, gains, strict=True):
        begin = round(time * RATE)
        part = track[begin : begin + len(kick)]
        part += 0.4 * gain * kick[: len(part)]
    return track


def bass(seed: int = 3) -> Samples:
    """Return a note in the kick's bins every half a second, each with its phase."""
    rng = np.random.default_rng(seed)
    count = RATE // 2
    times = np.arange(count) / RATE
    notes = [
        np.sin(2 * np.pi * (rng.uniform(50, 120) * times + rng.random()))
        for _ in range(2 * SECONDS)
    ]
    fading_in = np.tile(np.minimum(times / 0.01, 1), 2 * SECONDS)
    return np.asarray(0.2 * np.concatenate(notes) * fading_in)


def spectra_of(samples: Samples) -> Spectra:
    lead = GRID.size - GRID.hop
    return GRID.spectra(np.pad(samples, lead).astype(np.float32))


def strokes_at(times: list[float]) -> Strokes:
    return {Drum.KD: [low_place(time, GRID) for time in times]}


TIMES = [0.4 + 0.53 * n for n in range(20)]
GAINS = [0.6 + 0.4 * math.cos(n) for n in range(20)]


def power(values: NDArray[np.complexfloating]) -> float:
    return float(np.square(np.abs(values)).sum())


def test_the_low_bins_survive_the_way_to_samples_and_back() -> None:
    spectra = spectra_of(kicks(TIMES, GAINS) + bass())
    back = low_spectra(low_wave(spectra))
    wanted = spectra[:, :LOW_BINS]
    inside = slice(4, -4)
    assert power(back[inside] - wanted[inside]) < 1e-4 * power(wanted[inside])


def test_a_waveform_is_found_under_notes_and_told_late_and_early_hits() -> None:
    drums, rest = kicks(TIMES, GAINS), 0.5 * bass()
    rng = np.random.default_rng(1)
    told = [time + rng.uniform(-0.004, 0.004) for time in TIMES]
    spectra = spectra_of(drums + rest)
    waveforms = learn_waveforms([(spectra, strokes_at(told))])
    found = predict(spectra, strokes_at(told), waveforms)[Drum.KD]
    wanted = spectra_of(drums)[:, :LOW_BINS]
    assert power(spectra[:, :LOW_BINS] - wanted) > 1.5 * power(wanted)
    assert power(found - wanted) < 0.2 * power(wanted)
    assert waveforms[Drum.KD].sureness[[1, 3, 4]].min() > 0.5


def test_what_does_not_return_is_hardly_believed() -> None:
    spectra = spectra_of(bass() + bass(4))
    waveforms = learn_waveforms([(spectra, strokes_at(TIMES))])
    assert waveforms[Drum.KD].sureness[2:5].max() < 0.5


def test_few_hits_and_high_drums_have_no_waveform() -> None:
    spectra = spectra_of(kicks(TIMES, GAINS))
    assert learn_waveforms([(spectra, strokes_at(TIMES[:3]))]) == {}
    assert learn_waveforms([(spectra, {Drum.KD: [-1e6, 1e6] * 4})]) == {}
    assert predict(spectra, {}, learn_waveforms([(spectra, strokes_at(TIMES))])) == {}


def test_hits_that_are_told_twice_are_taken_out_once() -> None:
    spectra = spectra_of(kicks(TIMES, GAINS))
    twice = sorted([*TIMES, *(time + 0.001 for time in TIMES)])
    waveforms = learn_waveforms([(spectra, strokes_at(twice))])
    found = predict(spectra, strokes_at(twice), waveforms)[Drum.KD]
    wanted = spectra[:, :LOW_BINS]
    assert power(found - wanted) < 0.02 * power(wanted)


def test_hits_at_the_ends_of_a_stretch_are_predicted_as_far_as_they_sound() -> None:
    drums = kicks(TIMES, GAINS)
    waveforms = learn_waveforms([(spectra_of(drums), strokes_at(TIMES))])
    cut = round((TIMES[-1] + 0.1) * RATE)
    spectra = spectra_of(drums[:cut])[:-6]
    predicted = predict(spectra, strokes_at(TIMES), waveforms)[Drum.KD]
    assert predicted.shape == (len(spectra), LOW_BINS)
    last = slice(GRID.frame(TIMES[-1]) - 2, GRID.frame(TIMES[-1]) + 3)
    wanted = spectra[last, :LOW_BINS]
    assert power(predicted[last] - wanted) < 0.1 * power(wanted)


def test_the_mask_is_lower_where_a_sure_waveform_was_taken_out_already() -> None:
    spectra: Spectra = np.full((3, READ_BINS), 1, np.complex64)
    mask: Floats = np.full((3, READ_BINS), 0.5, np.float32)
    part = np.zeros((3, LOW_BINS), complex)
    part[1] = 1

    def left(sureness: float) -> Floats:
        waveform = Waveform(np.zeros(1), np.full(LOW_BINS, sureness))
        return beside_predicted(mask, spectra, {Drum.KD: part}, {Drum.KD: waveform})

    np.testing.assert_allclose(left(0.9)[[0, 2]], 0.5, atol=1e-6)
    assert left(0.9)[1].max() < left(0.5)[1].min() < 0.5
    np.testing.assert_allclose(left(0), 0.5, atol=1e-6)


def test_kicks_leave_the_bass_under_them(monkeypatch: pytest.MonkeyPatch) -> None:
    drums, rest = kicks(TIMES, GAINS), bass()
    hits = Transcription(onsets=tuple(Onset(time, Drum.KD, 100) for time in TIMES))
    mix = ((drums + rest).astype(np.float32), RATE)

    def error() -> float:
        stems = separate(hits, mix, by_drum=True)
        np.testing.assert_array_equal(stems.by_drum[Drum.KD], stems.drums)
        off = np.square(stems.drums[:, 0] - drums).sum() / np.square(drums).sum()
        return 10 * math.log10(off)

    with_waveforms = error()
    monkeypatch.setattr(room, "learn_waveforms", lambda _: {})
    assert with_waveforms < error() - 1
