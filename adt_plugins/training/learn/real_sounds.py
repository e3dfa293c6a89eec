"""Finds real voices, guitars and music beside the renders, and draws from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.training.sources.real_sounds import FOLDER

Floats = NDArray[np.float32]

_SEMITONES = 4.0
_LEAST_RMS = 3e-3
_TRIES = 4


@dataclass(frozen=True)
class RealSound:
    """A decoded file: int16, mono, 44.1 kHz, mapped from disk."""

    name: str
    kind: str
    samples: NDArray[np.int16]


def find_real(renders: Path, split: str) -> list[RealSound]:
    """Return the sounds of a split beside the renders; empty if there are none."""
    index = renders / FOLDER / "index.json"
    if not index.is_file():
        return []
    return [
        RealSound(
            Path(entry["file"]).stem,
            entry["kind"],
            np.load(index.parent / entry["file"], mmap_mode="r", allow_pickle=False),
        )
        for entry in json.loads(index.read_text(encoding="utf-8"))["sounds"]
        if entry["split"] == split
    ]


def draw(sounds: list[RealSound], count: int, rng: np.random.Generator) -> Floats:
    """Draw a part of one of the sounds, up to four semitones higher or lower.

    Parameters
    ----------
    sounds
        The sounds. Kinds are equally likely, and so are the seconds of a kind.
    count
        Length of the part in samples.
    rng
        Generator of all random choices.

    Returns
    -------
    array, shape (count,)
        The first of a few parts that is not silent, or the last one.
    """
    kinds = sorted({sound.kind for sound in sounds})
    kind = kinds[int(rng.integers(len(kinds)))]
    candidates = [sound for sound in sounds if sound.kind == kind]
    lengths = np.array([len(sound.samples) for sound in candidates], float)
    part = np.zeros(count, np.float32)
    for _ in range(_TRIES):
        samples = candidates[
            int(rng.choice(len(candidates), p=lengths / lengths.sum()))
        ].samples
        ratio = 2 ** (float(rng.uniform(-_SEMITONES, _SEMITONES)) / 12)
        needed = min(int(np.ceil(count * ratio)) + 1, len(samples))
        first = int(rng.integers(len(samples) - needed + 1))
        source = samples[first : first + needed] * np.float32(1 / 32768)
        places = np.arange(count) * ratio
        resampled = np.interp(places, np.arange(needed), source, right=0.0)
        part = resampled.astype(np.float32)
        if float(np.sqrt(np.mean(part**2))) > _LEAST_RMS:
            break
    return part
