"""Mixes rendered stems during training, differently in every epoch.

Drums, accompaniment and voices are cut, levelled and equalised again for every
example, and become frames by the same filterbank and level rule as at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, LevelRule
from adt_plugins.features.spectrogram import LevelFollower, filterbank
from adt_plugins.training.learn.clips import Clip, cut
from adt_plugins.training.learn.real_sounds import RealSound, draw
from adt_plugins.training.learn.targets import frame_targets, target_mask

Floats = NDArray[np.float32]

_BLOCK = 32


@dataclass(frozen=True)
class Recipe:
    """Probabilities and ranges of mixing.

    Parameters
    ----------
    accompanied
        Share of examples with their accompaniment, where the clip has one.
    accompaniment_db
        Range of the accompaniment's level above the drums, in dB, like all ranges.
    voiced
        Share of examples with voices.
    voice_db
        Range of the voices' level above everything else.
    equaliser_db
        Standard deviation of each equaliser's control points, in dB.
    gain_db
        Range of a gain after the level rule: the network then tolerates its errors.
    drumless
        Share of examples whose drums are silent: music or voices alone.
    real
        Share of examples with real voices, guitars or music, where there are some.
    real_only
        Share of these with nothing but such a sound beside the drums.
    real_db
        Range of their level above everything else.
    """

    accompanied: float = 0.68
    accompaniment_db: tuple[float, float] = (-10.0, 12.0)
    voiced: float = 0.35
    voice_db: tuple[float, float] = (-12.0, 6.0)
    equaliser_db: float = 3.5
    gain_db: tuple[float, float] = (-8.0, 6.0)
    drumless: float = 0.0
    real: float = 0.0
    real_only: float = 0.4
    real_db: tuple[float, float] = (-10.0, 12.0)


@dataclass(frozen=True)
class Example:
    """A training example.

    Parameters
    ----------
    frames
        Input of the network, shape (frames, bands).
    targets
        See `frame_targets`, shape (frames, outputs).
    mask
        See `target_mask`, shape (frames, outputs).
    """

    frames: Floats
    targets: Floats
    mask: Floats


class Mixer:
    """Makes examples from clips.

    Parameters
    ----------
    front_end, level
        As in the model card.
    voices
        Files of the voice pool; may be empty.
    recipe
        Probabilities and ranges.
    real
        Real voices, guitars and music; may be empty.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        level: LevelRule,
        voices: list[Path],
        recipe: Recipe | None = None,
        real: Sequence[RealSound] = (),
    ) -> None:
        self.front_end = front_end
        self.level = level
        self.recipe = recipe or Recipe()
        self._voices = [
            np.load(path, mmap_mode="r", allow_pickle=False) for path in voices
        ]
        self._real = list(real)
        self._window = np.hanning(front_end.frame_size).astype(np.float32)
        self._bank = filterbank(front_end).astype(np.float32)
        bins = front_end.frame_size // 2
        hz = np.arange(bins) * front_end.sample_rate / front_end.frame_size
        self._octaves = np.log2(np.maximum(hz, 20.0) / 20.0)

    @property
    def has_real(self) -> bool:
        """Whether there are real voices, guitars and music."""
        return bool(self._real)

    def example(
        self, clip: Clip, frames: int, rng: np.random.Generator, *, start: float = -1.0
    ) -> Example:
        """Mix a window of a clip.

        Parameters
        ----------
        clip
            The clip.
        frames
            Length of the window in frames.
        rng
            Generator of all random choices.
        start
            Time of frame 0 in seconds; negative: random.
        """
        rate = self.front_end.frame_rate
        if start < 0:
            start = rng.uniform(0.0, max(0.0, clip.duration - frames / rate))
        first = round(start * self.front_end.sample_rate)
        start = first / self.front_end.sample_rate
        drums = self._stem(clip.drums, first, frames)
        others = self._others(clip, drums, first, frames, rng)
        onsets, beats, unsure = clip.onsets, clip.beats, clip.unsure
        unlabelled = clip.unlabelled
        if others is not None and self._silences(rng):
            # Speech has no audible beats, and nothing distinguishes music from it here.
            drums, onsets, beats = np.zeros_like(drums), [], []
            unsure, unlabelled = (), ()
        bands = self._mix_bands(drums, others, rng)
        targets = frame_targets(
            onsets, beats, start=start, frames=frames, frame_rate=rate
        )
        if not beats:
            unlabelled = (*unlabelled, "beat", "downbeat")
        mask = target_mask(
            unsure, unlabelled, start=start, frames=frames, frame_rate=rate
        )
        return Example(self._level(bands, rng), targets, mask)

    def _silences(self, rng: np.random.Generator) -> bool:
        return bool(self.recipe.drumless) and rng.random() < self.recipe.drumless

    def _stem(self, stem: NDArray[np.int16], first: int, frames: int) -> Floats:
        size, hop = self.front_end.frame_size, self.front_end.hop_size
        return cut(stem, first - size // 2, (frames - 1) * hop + size)

    def _others(
        self,
        clip: Clip,
        drums: Floats,
        first: int,
        frames: int,
        rng: np.random.Generator,
    ) -> Floats | None:
        """Return the sum of everything beside the drums; None if there is nothing."""
        recipe, others = self.recipe, None
        drum_level = _rms(drums) or 0.05
        real = None
        if self._real and rng.random() < recipe.real:
            real = draw(self._real, len(drums), rng)
            if rng.random() < recipe.real_only:
                level = _gain(rng.uniform(*recipe.real_db))
                return np.asarray(real * (drum_level * level / (_rms(real) or 1.0)))
        if clip.accompaniment is not None and rng.random() < recipe.accompanied:
            others = self._stem(clip.accompaniment, first, frames)
            level = _gain(rng.uniform(*recipe.accompaniment_db))
            others *= drum_level * level / (_rms(others) or 1.0)
        if self._voices and rng.random() < recipe.voiced:
            voice = self._voices[rng.integers(len(self._voices))]
            place = int(rng.integers(max(1, len(voice) - len(drums))))
            voice = cut(voice, place, len(drums))
            reference = _rms(drums if others is None else drums + others) or drum_level
            voice *= reference * _gain(rng.uniform(*recipe.voice_db))
            voice /= max(_rms(voice), 0.02)
            others = voice if others is None else others + voice
        if real is not None:
            reference = _rms(drums if others is None else drums + others) or drum_level
            real *= reference * _gain(rng.uniform(*recipe.real_db))
            real /= max(_rms(real), 0.003)
            others = real if others is None else others + real
        return others

    def _mix_bands(
        self, drums: Floats, others: Floats | None, rng: np.random.Generator
    ) -> Floats:
        """Return band magnitudes (frames, bands) of the equalised sum."""
        limit = self._band_limit(rng)
        stems = [(drums, self._equaliser(rng) * limit)]
        if others is not None:
            stems.append((others, self._equaliser(rng) * limit))
        bands = self._sum_bands(stems)
        if rng.random() < 0.3:
            hiss = _gain(rng.uniform(-80.0, -45.0)) * bands.max(initial=0.0)
            bands += hiss * rng.rayleigh(size=bands.shape).astype(np.float32)
        return bands

    def _sum_bands(self, stems: list[tuple[Floats, Floats]]) -> Floats:
        """Return band magnitudes of the sum of (samples, gain per bin) stems."""
        size, hop = self.front_end.frame_size, self.front_end.hop_size
        views = [
            np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
            for samples, _ in stems
        ]
        bands = np.empty((len(views[0]), self._bank.shape[1]), np.float32)
        # Blocks that stay in the cache.
        for first in range(0, len(bands), _BLOCK):
            rows = slice(first, first + _BLOCK)
            spectrum: NDArray[np.complex64] | None = None
            for view, (_, gains) in zip(views, stems, strict=True):
                part = scipy.fft.rfft(view[rows] * self._window)[:, : size // 2]
                part *= gains
                spectrum = part if spectrum is None else spectrum + part
            bands[rows] = np.abs(spectrum) @ self._bank  # type: ignore[arg-type]
        return bands

    def _equaliser(self, rng: np.random.Generator) -> Floats:
        """Return random gains, one per bin: bends of a curve, and a tilt."""
        points = np.linspace(0.0, 10.0, 8)
        gains = np.clip(rng.normal(0.0, self.recipe.equaliser_db, len(points)), -9, 9)
        gains += rng.normal(0.0, 0.6) * (points - 5.0)
        decibels = np.interp(self._octaves, points, gains)
        return np.asarray(10.0 ** (decibels / 20.0), dtype=np.float32)

    def _band_limit(self, rng: np.random.Generator) -> Floats:
        """Return gains that sometimes limit the band: old records, phones, MP3."""
        gains = np.zeros_like(self._octaves)
        if rng.random() < 0.2:
            corner = np.log2(rng.uniform(4000.0, 16000.0) / 20.0)
            gains -= rng.uniform(12, 96) * np.maximum(0.0, self._octaves - corner)
        if rng.random() < 0.1:
            corner = np.log2(rng.uniform(40.0, 180.0) / 20.0)
            gains -= rng.uniform(6, 24) * np.maximum(0.0, corner - self._octaves)
        return np.asarray(10.0 ** (gains / 20.0), dtype=np.float32)

    def _level(self, bands: Floats, rng: np.random.Generator) -> Floats:
        """Apply the level rule as if the window lay anywhere in a recording."""
        loudest = float(np.sqrt((bands**2).mean(axis=1)).max(initial=0.0))
        before = 0.0
        if rng.random() < 0.7:
            before = loudest * _gain(rng.uniform(-8.0, 3.0))
        follower = LevelFollower(self.level, self.front_end)
        follower.reset(before)
        gains = follower.gains(bands, len(bands))
        gains *= np.float32(_gain(rng.uniform(*self.recipe.gain_db)))
        return np.asarray(np.log10(1.0 + bands * gains), dtype=np.float32)


def _rms(samples: Floats) -> float:
    """Return the root mean square; 0 for silence."""
    level = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    return level if level > 1e-4 else 0.0


def _gain(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))
