"""Waveforms of low drums, which return with every hit, while other sounds do not.

A mask scales what was recorded: where a kick and a bass sound in one bin, it cannot
give each its own phase. But a skin moves in nearly the same way at every stroke, and
below some hundred hertz a drum's waveform in this song is the mean over its aligned
hits, in which all else cancels out (coherent averaging). What it predicts is taken out
as it is, and a mask is applied to what is left: the conditional mean of one of two
Gaussian variables, given their sum, if its own mean is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats, Spectra
from adt_plugins.separation.hit_waves import LENGTHS, HitWaves, mean_of_others
from adt_plugins.separation.low_band import (
    LOW_BINS,
    LowSpectra,
    LowWave,
    low_spectra,
    low_wave,
)
from adt_plugins.separation.templates import EPSILON, Mixture

Strokes = Mapping[Drum, Sequence[float]]
"""Where the hits of each low drum are, in low samples, ascending."""

_LEAST_HITS = 4
_LEARNING_ROUNDS = 4
_ROUNDS = 2
_MOST_SURE = 0.95
# Power beside the mixture's at which a prediction counts half.
_FAINT = 0.05
_TINY = 1e-12


@dataclass(frozen=True)
class Waveform:
    """What returns with every hit of a drum.

    Parameters
    ----------
    samples
        The waveform, shape (low samples,).
    sureness
        How much of the drum it is, shape (`LOW_BINS`,), 0-1: the correlation between a
        hit and the waveform of all others.
    """

    samples: LowWave
    sureness: NDArray[np.float64]


def low_share(mixture: Mixture, bins: int) -> Floats:
    """Return the share of low drums in the lowest bins, as a plain Wiener mask."""
    background = np.square(mixture.background[:, :bins])
    low, total = np.zeros_like(background), background + EPSILON**2
    for drum, sound in mixture.drums.items():
        power = np.square(sound[:, :bins])
        total += power
        if drum.coarse in LENGTHS:
            low += power
    return np.asarray(low / total, np.float32)


def learn_waveforms(
    stretches: Sequence[tuple[Spectra, Strokes]],
) -> dict[Drum, Waveform]:
    """Learn the waveforms of a song.

    Parameters
    ----------
    stretches
        Masked spectra of low drums, and the hits in them.

    Returns
    -------
    dict
        Those of drums with at least four hits.
    """
    waves = [low_wave(spectra) for spectra, _ in stretches]
    hits: dict[Drum, list[HitWaves]] = {}
    for drum in {drum: None for _, strokes in stretches for drum in strokes}:
        hits[drum] = [
            HitWaves(strokes.get(drum, ()), LENGTHS[drum.coarse], len(wave))
            for wave, (_, strokes) in zip(waves, stretches, strict=True)
        ]
        if sum(map(len, hits[drum])) < _LEAST_HITS:
            del hits[drum]
    learnt: dict[Drum, Waveform] = {}
    predicted = {drum: [np.zeros_like(wave) for wave in waves] for drum in hits}
    for _ in range(_LEARNING_ROUNDS):
        for drum, own in hits.items():
            left = [
                wave - sum(sounds[n] for d, sounds in predicted.items() if d != drum)
                for n, wave in enumerate(waves)
            ]
            learnt[drum], predicted[drum] = _learn_one(own, left)
    return learnt


def _learn_one(
    hits: Sequence[HitWaves], waves: Sequence[LowWave]
) -> tuple[Waveform, list[LowWave]]:
    """Return a waveform, and what each hit's others predict of the sound."""
    for some, wave in zip(hits, waves, strict=True):
        if not some.gains.any():
            some.guess_gains(wave)
    usual = np.median(np.concatenate([some.gains for some in hits])) + _TINY
    for some in hits:
        some.gains = np.clip(some.gains / usual, 0.05, 4)
    sounds = [some.aligned(wave) for some, wave in zip(hits, waves, strict=True)]
    samples, others = mean_of_others(hits, sounds)
    predicted = []
    cross, own, all_ = (np.zeros(LOW_BINS) for _ in range(3))
    for some, wave, rows, left in zip(hits, waves, sounds, others, strict=True):
        means = left * some.sounding
        level = (rows * means).sum(axis=1) / (np.square(means).sum(axis=1) + _TINY)
        predicted.append(some.placed(np.maximum(level, 0)[:, None] * means))
        there, heard = low_spectra(predicted[-1]), low_spectra(wave)
        heard[~there.any(axis=1)] = 0
        cross += np.real(there.conj() * heard).sum(axis=0)
        own += np.square(np.abs(there)).sum(axis=0)
        all_ += np.square(np.abs(heard)).sum(axis=0)
        some.align(wave, samples)
    sureness = np.clip(cross / np.sqrt(own * all_ + _TINY), 0, _MOST_SURE)
    return Waveform(samples, sureness), predicted


def predict(
    masked: Spectra, strokes: Strokes, waveforms: Mapping[Drum, Waveform]
) -> dict[Drum, LowSpectra]:
    """Return what the waveforms predict of a stretch of sound.

    Parameters
    ----------
    masked
        Spectra of its drums.
    strokes
        Hits in it.
    waveforms
        The waveforms of the song.

    Returns
    -------
    dict
        Spectra, shape (frames, `LOW_BINS`), of each drum that has hits.
    """
    wave = low_wave(masked)
    hits: dict[Drum, HitWaves] = {}
    for drum, waveform in waveforms.items():
        own = HitWaves(strokes.get(drum, ()), len(waveform.samples), len(wave))
        if len(own):
            hits[drum] = own
    sounds = {drum: np.zeros_like(wave) for drum in hits}
    for _ in range(_ROUNDS):
        for drum, own in hits.items():
            samples = waveforms[drum].samples
            others = sum(sound for d, sound in sounds.items() if d != drum)
            own.align(wave - others, samples)
            sounds[drum] = own.placed(own.gains[:, None] * samples)
    return {drum: low_spectra(sound) for drum, sound in sounds.items()}


def beside_predicted(
    mask: Floats,
    spectra: Spectra,
    predicted: Mapping[Drum, LowSpectra],
    waveforms: Mapping[Drum, Waveform],
) -> Floats:
    """Return the mask of what the waveforms leave, in the lowest bins.

    Parameters
    ----------
    mask, spectra
        Those of the sound, shape (frames, bins).
    predicted
        What `predict` has returned, of at least one drum.
    waveforms
        The waveforms of the song.
    """
    powers = {drum: np.square(np.abs(part)) for drum, part in predicted.items()}
    power = np.square(np.abs(np.sum(list(predicted.values()), axis=0)))
    of_each = [powers[drum] * waveforms[drum].sureness for drum in powers]
    sureness = np.sum(of_each, axis=0) / (np.sum(list(powers.values()), axis=0) + _TINY)
    heard = np.square(np.abs(spectra[:, :LOW_BINS]))
    known = sureness * power / (power + _FAINT * heard + _TINY)
    share = mask[:, :LOW_BINS]
    left = (1 - known) * share
    return np.asarray(left / (left + 1 - share + _TINY), np.float32)
