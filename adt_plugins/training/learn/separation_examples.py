"""Places of mixes, described as `adt_plugins.separation` does, with their true masks.

A mix is a rendered clip's drums in its accompaniment, some with a voice. Its hits are
those that the shipped network finds or, in some, the true ones.
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
from adt_plugins.base.files import write_files
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtWarning
from adt_plugins.network.catalogue import find_model
from adt_plugins.separation import templates
from adt_plugins.separation.frames import Floats, Grid
from adt_plugins.separation.learnt import Learnt
from adt_plugins.separation.masks import FEATURES, Features
from adt_plugins.separation.templates import EPSILON, Mixture
from adt_plugins.training.learn.clips import Clip, cut
from adt_plugins.training.learn.real_sounds import RealSound, draw

GRID = Grid(SAMPLE_RATE)

_FEWEST_HITS = 6
_SILENT = 1e-6  # mean square
_FRAMES_AT_ONCE = 32
# So many of the places are drawn whatever their power.
_EVENLY = 0.1


@dataclass(frozen=True)
class MixSettings:
    """How mixes are made.

    Parameters
    ----------
    seconds
        How much of a clip is used, at most.
    places
        Times and frequencies that are drawn from each mix, by the root of their power.
    below_db
        How much softer than the rest the drums are: mean, standard deviation.
    voiced, voice_db
        Share of the mixes with a voice; how much softer than the rest that is.
    true_hits
        Share of the mixes with true hits instead of those that are found.
    seed
        Of all that is drawn.
    """

    seconds: float = 12.0
    places: int = 40_000
    below_db: tuple[float, float] = (4.0, 3.0)
    voiced: float = 0.4
    voice_db: tuple[float, float] = (3.0, 3.0)
    true_hits: float = 0.35
    seed: int = 0


@dataclass(frozen=True)
class MaskExamples:
    """Places of a mix.

    Parameters
    ----------
    features
        Shape (places, `FEATURES`).
    masks
        Shape (places,): the best real mask there, 0-1.
    weights
        Shape (places,): of squared errors, so that their mean estimates the error's
        power as a part of the geometric mean of the powers of drums and rest.
    """

    features: NDArray[np.float16]
    masks: Floats
    weights: Floats


class ExampleFolder:
    """Makes the examples of mixes, and keeps them: what is there is not made again.

    Parameters
    ----------
    folder
        Where they are kept.
    learnt
        The general templates.
    settings
        See the class.
    voices
        Voices alone; perhaps none.
    """

    def __init__(
        self,
        folder: Path,
        learnt: Learnt,
        settings: MixSettings,
        voices: list[RealSound],
    ) -> None:
        self._folder, self._learnt = folder, learnt
        self._voices, self._settings = voices, settings
        # With another model, settings, templates or voices they would be others.
        about = hashlib.sha256(json.dumps(asdict(settings)).encode())
        about.update(find_model(None).sha256.encode())
        for name in sorted(learnt):
            about.update(name.encode() + learnt[name].tobytes())
        about.update("\n".join(voice.name for voice in voices).encode())
        self._about = about

    def some(self, clips: Sequence[Clip], count: int) -> Iterator[MaskExamples]:
        """Yield the examples of so many clips, if there are so many, in any order."""
        order = np.random.default_rng(self._settings.seed).permutation(len(clips))
        found = (self.of(clips[place]) for place in order)
        return islice((mix for mix in found if mix is not None), count)

    def of(self, clip: Clip) -> MaskExamples | None:
        """Return the examples of a clip; None: too soft, or nearly without hits."""
        about = self._about.copy()
        about.update(repr(clip.onsets).encode())
        path = self._folder / f"{clip.name}.{about.hexdigest()[:12]}.npz"
        if path.exists():
            kept = read_arrays(path, ("features", "masks", "weights"))
            return MaskExamples(**kept) if len(kept["masks"]) else None
        made = self._make(clip)
        written = made or MaskExamples(
            np.empty((0, FEATURES), np.float16),
            np.empty(0, np.float32),
            np.empty(0, np.float32),
        )
        write_files({path: archived(vars(written))}, overwrite=True)
        return made

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
        if clip.accompaniment is None:
            return None
        drums = cut(clip.drums, begin, count)
        rest = cut(clip.accompaniment, begin, count)
        power = float(np.mean(drums**2))
        if min(power, float(np.mean(rest**2))) < _SILENT:
            return None
        if self._voices and rng.random() < settings.voiced:
            voice = draw(self._voices, count, rng)
            beside = float(np.mean(rest**2))
            rest += _at(voice, beside, -rng.normal(*settings.voice_db))
        rest = _at(rest, power, rng.normal(*settings.below_db))
        gain = 0.5 * 10 ** -rng.uniform(0, 1) / np.abs(drums + rest).max()
        drums, mix = drums * np.float32(gain), (drums + rest) * np.float32(gain)
        return drums, mix, begin

    def _onsets(
        self, clip: Clip, mix: Floats, begin: int, rng: np.random.Generator
    ) -> list[Onset]:
        if rng.random() >= self._settings.true_hits:
            with warnings.catch_warnings():
                # A mix that it has doubts about is one to learn from, too.
                warnings.simplefilter("ignore", AdtWarning)
                found = transcribe((mix, SAMPLE_RATE), beats=False, fine=True)
            return list(found.onsets)
        first = begin / SAMPLE_RATE
        last = first + len(mix) / SAMPLE_RATE
        return [
            Onset(time - first, Drum(code), velocity)
            for time, code, velocity in clip.onsets
            if first <= time < last
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
        heard, wanted = _spectra(mix), _spectra(drums)
        magnitudes = np.abs(heard)
        power = np.square(magnitudes)
        known = templates.learn([(magnitudes, hits)], list(hits), GRID, self._learnt)
        mixture = Mixture(magnitudes, hits, known)
        mixture.settle(known)
        level = 0.5 * float(np.log(power.mean(dtype=np.float64) + EPSILON**2))
        chances = np.sqrt(power).reshape(-1).astype(np.float64)
        chances = (1 - _EVENLY) * chances / chances.sum() + _EVENLY / chances.size
        rows = np.sort(rng.choice(chances.size, self._settings.places, p=chances))
        masks = np.real(wanted * heard.conj()) / (power + EPSILON)
        rest = np.square(np.abs(heard - wanted))
        both = np.sqrt(np.square(np.abs(wanted)).sum() * rest.sum())
        weights = power.reshape(-1)[rows] / (chances[rows] * both)
        return MaskExamples(
            np.concatenate(list(_described(Features(mixture, GRID, level), rows))),
            np.clip(masks, 0, 1).reshape(-1)[rows].astype(np.float32),
            weights.astype(np.float32),
        )


def _described(
    features: Features, rows: NDArray[np.int64]
) -> Iterator[NDArray[np.float16]]:
    """Yield the features of some places, ascending."""
    for begin in range(0, len(features), _FRAMES_AT_ONCE):
        end = min(begin + _FRAMES_AT_ONCE, len(features))
        first, last = np.searchsorted(rows, (begin * GRID.bins, end * GRID.bins))
        block = features.of(begin, end).reshape(-1, FEATURES)
        yield block[rows[first:last] - begin * GRID.bins].astype(np.float16)


def _at(sound: Floats, power: float, db: float) -> Floats:
    """Bring a sound to so many dB above a mean square."""
    own = float(np.mean(sound**2)) + _SILENT**2
    return np.asarray(sound * np.float32(np.sqrt(power / own * 10 ** (db / 10))))


def _spectra(samples: Floats) -> NDArray[np.complex64]:
    lead = GRID.size - GRID.hop
    return GRID.spectra(np.pad(samples, (lead, GRID.size)))
