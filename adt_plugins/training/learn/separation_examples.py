"""Makes examples for the mask of `adt_plugins.separation`: bins of mixes.

A mix is a rendered clip's drums in its accompaniment or in real music without drums,
sometimes with a real voice or guitar. Its hits are those that the shipped network
detects or, sometimes, the true ones.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins import transcribe
from adt_plugins.annotations import Onset
from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.base.arrays import archived, read_arrays
from adt_plugins.base.files import make_folder, write_files
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtWarning
from adt_plugins.network.catalogue import find_model
from adt_plugins.separation import templates
from adt_plugins.separation.features import FEATURES, Features
from adt_plugins.separation.frames import Floats, Grid, Spectra
from adt_plugins.separation.learnt import FIRST, Learnt
from adt_plugins.separation.masks import first_pass
from adt_plugins.separation.second_pass import SecondFeatures
from adt_plugins.separation.separator import STRETCH
from adt_plugins.separation.templates import EPSILON, Hits, Mixture, hits_between
from adt_plugins.training.learn.clips import Clip, cut
from adt_plugins.training.learn.real_sounds import RealSound, draw

GRID = Grid(SAMPLE_RATE)

_FEWEST_HITS = 6
_SILENT = 1e-6  # mean square
_BASS_HZ, _COLOUR_DB = 40.0, 3.0
_FRAMES_AT_ONCE = 32
# Share of the bins that are drawn whatever their power.
_EVENLY = 0.1


@dataclass(frozen=True)
class MixSettings:
    """Settings of the mixes.

    Parameters
    ----------
    seconds
        Length of the part of a clip that is used, at most.
    turns
        How often its drums are heard, each time in another accompaniment: templates of
        a song are learnt from minutes.
    within_s
        Seconds of the mix from which bins are drawn.
    places
        Bins that are drawn from each mix, by the root of their power.
    below_db
        Level of the drums below the rest: mean and standard deviation.
    real_music
        Share of the mixes with real music instead of a rendered accompaniment; clips
        without an accompaniment always have it.
    with_solo, solo_db
        Share of the mixes with a voice or a guitar, and its level below the rest.
    coloured
        Share of the drums, and of what else plays, whose bass, middle and treble are
        raised or lowered.
    true_hits
        Share of the mixes with true hits instead of detected ones.
    seed
        Seed of everything that is drawn.
    """

    seconds: float = 12.0
    turns: int = 1
    within_s: float = 15.0
    places: int = 12_000
    below_db: tuple[float, float] = (4.0, 3.0)
    real_music: float = 0.25
    with_solo: float = 0.5
    solo_db: tuple[float, float] = (2.0, 4.0)
    coloured: float = 0.0
    true_hits: float = 0.35
    seed: int = 0


#: Mixes of a minute.
LONGER = MixSettings(
    seconds=20.0,
    turns=3,
    within_s=13.0,
    places=20_000,
    real_music=0.5,
    coloured=0.6,
    true_hits=0.0,
)


@dataclass(frozen=True)
class MaskExamples:
    """Bins of a mix, with the features and the mask of each.

    Parameters
    ----------
    features
        Features, shape (bins, `FEATURES`), and perhaps `SECOND_FEATURES` more.
    masks
        Target: the best real-valued mask, 0-1, shape (bins,).
    weights
        Weights of squared errors, shape (bins,), with which their mean estimates the
        power of the error relative to the geometric mean of drums and rest.
    """

    features: NDArray[np.float16]
    masks: Floats
    weights: Floats


class ExampleFolder:
    """Makes the examples of mixes, and stores them in a folder.

    Parameters
    ----------
    folder
        Folder of the files, one per mix.
    learnt
        Parameters with the general templates. With the first networks, too, examples
        are for the second ones.
    settings
        Settings of the mixes.
    real
        Voices, guitars and music without drums; perhaps none.
    """

    def __init__(
        self,
        folder: Path,
        learnt: Learnt,
        settings: MixSettings,
        real: list[RealSound],
    ) -> None:
        make_folder(folder)
        self._folder, self._learnt = folder, learnt
        self._music = [sound for sound in real if sound.kind == "music"]
        self._solos = [sound for sound in real if sound.kind != "music"]
        self._settings = settings
        # The key identifies the model, the settings, the templates and the sounds.
        about = hashlib.sha256(json.dumps(asdict(settings)).encode())
        about.update(find_model(None).sha256.encode())
        for name in sorted(learnt):
            about.update(name.encode() + learnt[name].tobytes())
        about.update("\n".join(sound.name for sound in real).encode())
        self._about = about

    def draw(self, clips: Sequence[Clip], count: int) -> Iterator[MaskExamples]:
        """Yield the examples of at most `count` clips, in random order."""
        order = np.random.default_rng(self._settings.seed).permutation(len(clips))
        mixes = (self.of(clips[place]) for place in order)
        return islice((mix for mix in mixes if mix is not None), count)

    def of(self, clip: Clip) -> MaskExamples | None:
        """Return the examples of a clip; None if it is soft or has hardly any hits."""
        about = self._about.copy()
        about.update(repr(clip.onsets).encode())
        path = self._folder / f"{clip.name}.{about.hexdigest()[:12]}.npz"
        if path.exists():
            stored = read_arrays(path, ("features", "masks", "weights"))
            return MaskExamples(**stored) if len(stored["masks"]) else None
        examples = self._make(clip)
        written = examples or MaskExamples(
            np.empty((0, FEATURES), np.float16),
            np.empty(0, np.float32),
            np.empty(0, np.float32),
        )
        write_files({path: archived(vars(written))}, overwrite=True)
        return examples

    def _make(self, clip: Clip) -> MaskExamples | None:
        rng = np.random.default_rng([self._settings.seed, *clip.name.encode()])
        stems = self._stems(clip, rng)
        if stems is None:
            return None
        drums, mix, begin = stems
        onsets = self._onsets(clip, mix, begin, rng)
        return self._examples(drums, mix, onsets, rng)

    def _stems(
        self, clip: Clip, rng: np.random.Generator
    ) -> tuple[Floats, Floats, int] | None:
        """Return the drums, the mix and its first sample in the clip."""
        settings = self._settings
        count = min(len(clip.drums), round(settings.seconds * SAMPLE_RATE))
        begin = int(rng.integers(len(clip.drums) - count + 1))
        once = cut(clip.drums, begin, count)
        power = float(np.mean(once**2))
        below = rng.normal(*settings.below_db)
        turns = []
        for _ in range(settings.turns):
            rest = self._accompaniment(clip, begin, count, rng)
            beside = float(np.mean(rest**2))
            if min(power, beside) < _SILENT:
                return None
            if self._solos and rng.random() < settings.with_solo:
                solo = draw(self._solos, count, rng)
                rest += _scaled(solo, beside, -rng.normal(*settings.solo_db))
            turns.append(_scaled(rest, power, below))
        drums = self._coloured(np.tile(once, settings.turns), rng)
        rest = self._coloured(np.concatenate(turns), rng)
        gain = 0.5 * 10 ** -rng.uniform(0, 1) / np.abs(drums + rest).max()
        drums, mix = drums * np.float32(gain), (drums + rest) * np.float32(gain)
        return drums, mix, begin

    def _coloured(self, sound: Floats, rng: np.random.Generator) -> Floats:
        """Raise and lower bass, middle and treble, as equalisers do; keep the level."""
        if rng.random() >= self._settings.coloured:
            return sound
        spectrum = np.fft.rfft(sound)
        hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        octaves = np.log2(np.maximum(hz, _BASS_HZ) / _BASS_HZ)
        decibels = sum(
            rng.normal(0, _COLOUR_DB) * np.cos(np.pi * part * octaves / octaves[-1])
            for part in (1, 2, 3)
        )
        other = np.fft.irfft(spectrum * 10 ** (decibels / 20), len(sound))
        return _scaled(other.astype(np.float32), float(np.mean(sound**2)), 0.0)

    def _accompaniment(
        self, clip: Clip, begin: int, count: int, rng: np.random.Generator
    ) -> Floats:
        """Cut what plays beside the drums; silence if there is nothing."""
        own = clip.accompaniment
        if self._music and (own is None or rng.random() < self._settings.real_music):
            return draw(self._music, count, rng)
        return np.zeros(count, np.float32) if own is None else cut(own, begin, count)

    def _onsets(
        self, clip: Clip, mix: Floats, begin: int, rng: np.random.Generator
    ) -> list[Onset]:
        if rng.random() >= self._settings.true_hits:
            with warnings.catch_warnings():
                # Mixes with doubtful hits are examples, too.
                warnings.simplefilter("ignore", AdtWarning)
                song = transcribe((mix, SAMPLE_RATE), beats=False, fine=True)
            return list(song.onsets)
        first, turns = begin / SAMPLE_RATE, self._settings.turns
        length = len(mix) / SAMPLE_RATE / turns
        return [
            Onset(time - first + turn * length, Drum(code), velocity)
            for turn in range(turns)
            for time, code, velocity in clip.onsets
            if first <= time < first + length
        ]

    def _examples(
        self, drums: Floats, mix: Floats, onsets: list[Onset], rng: np.random.Generator
    ) -> MaskExamples | None:
        if len(onsets) < _FEWEST_HITS:
            return None
        kinds = templates.kinds_of(onset.drum for onset in onsets)
        hits: dict[Drum, list[int]] = {}
        for onset in onsets:
            hits.setdefault(kinds[onset.drum], []).append(GRID.frame(onset.time) - 1)
        mix_spectra, drum_spectra = _spectra(mix), _spectra(drums)
        magnitudes = np.abs(mix_spectra)
        level = 0.5 * float(
            np.log(np.square(magnitudes).mean(dtype=np.float64) + EPSILON**2)
        )
        learnt = templates.learn(
            list(_stretches(magnitudes, hits)), list(hits), GRID, self._learnt
        )
        count = round(self._settings.within_s * SAMPLE_RATE / GRID.hop)
        begin = int(rng.integers(max(len(magnitudes) - count, 0) + 1))
        # Drums that were struck before still sound.
        lead = min(begin, templates.LONGEST)
        inside = slice(begin - lead, begin + count)
        hits = hits_between(hits, begin - lead, begin + count)
        if not hits:
            return None
        spectra, drum_spectra = mix_spectra[inside], drum_spectra[inside]
        mixture = Mixture(magnitudes[inside], hits, learnt)
        mixture.settle(learnt)
        return self._drawn(mixture, spectra, drum_spectra, level, rng, lead=lead)

    def _drawn(
        self,
        mixture: Mixture,
        spectra: Spectra,
        drum_spectra: Spectra,
        level: float,
        rng: np.random.Generator,
        *,
        lead: int,
    ) -> MaskExamples:
        """Draw bins of a part of a mix, after its first frames."""
        power = np.square(mixture.magnitudes)
        chances = np.sqrt(power).astype(np.float64)
        chances = (1 - _EVENLY) * chances / chances[lead:].sum()
        chances += _EVENLY / chances[lead:].size
        chances[:lead] = 0
        chances = chances.reshape(-1)
        rows = np.sort(rng.choice(chances.size, self._settings.places, p=chances))
        masks = np.real(drum_spectra * spectra.conj()) / (power + EPSILON)
        powers = [
            np.square(np.abs(some[lead:])).sum()
            for some in (drum_spectra, spectra - drum_spectra)
        ]
        both = np.sqrt(powers[0] * powers[1])
        weights = power.reshape(-1)[rows] / (chances[rows] * both)
        kinds: list[Features | SecondFeatures] = [Features(mixture, GRID, level)]
        if f"{FIRST}weights.1" in self._learnt:
            first = first_pass(mixture, GRID, level, self._learnt)
            kinds = [first.features, SecondFeatures(spectra, first.mask)]
        return MaskExamples(
            np.concatenate(list(_described(kinds, len(power), rows))),
            np.clip(masks, 0, 1).reshape(-1)[rows].astype(np.float32),
            weights.astype(np.float32),
        )


def _stretches(magnitudes: Floats, hits: Hits) -> Iterator[tuple[Floats, Hits]]:
    """Cut a mix into stretches to learn templates from, as songs are cut."""
    for begin in range(0, len(magnitudes), STRETCH):
        inside = hits_between(hits, begin, begin + STRETCH)
        if inside:
            yield magnitudes[begin : begin + STRETCH], inside


def _described(
    kinds: Sequence[Features | SecondFeatures], count: int, rows: NDArray[np.int64]
) -> Iterator[NDArray[np.float16]]:
    """Yield the features of bins, ascending, of so many frames."""
    for begin in range(0, count, _FRAMES_AT_ONCE):
        end = min(begin + _FRAMES_AT_ONCE, count)
        first, last = np.searchsorted(rows, (begin * GRID.bins, end * GRID.bins))
        block = np.concatenate([features.of(begin, end) for features in kinds])
        inside = rows[first:last] - begin * GRID.bins
        yield block.reshape(len(block), -1)[:, inside].T.astype(np.float16)


def _scaled(sound: Floats, power: float, db: float) -> Floats:
    """Scale a sound to a level in dB above a mean square."""
    level = float(np.mean(sound**2)) + _SILENT**2
    return np.asarray(sound * np.float32(np.sqrt(power / level * 10 ** (db / 10))))


def _spectra(samples: Floats) -> NDArray[np.complex64]:
    lead = GRID.size - GRID.hop
    return GRID.spectra(np.pad(samples, (lead, GRID.size)))
