"""Real voices, guitars and music beside the renders, and drawing from them."""

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
    """Find the sounds of a split beside the renders; perhaps none."""
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
    """Draw a cut of the sounds, played faster or slower by up to four semitones.

    Each kind is equally likely, and each second within it. Of a few cuts the first one
    that is not silent is taken.
    """
    kinds = sorted({sound.kind for sound in sounds})
    kind = kinds[int(rng.integers(len(kinds)))]
    candidates = [sound for sound in sounds if sound.kind == kind]
    lengths = np.array([len(sound.samples) for sound in candidates], float)
    cut = np.zeros(count, np.float32)
    for _ in range(_TRIES):
        samples = candidates[
            int(rng.choice(len(candidates), p=lengths / lengths.sum()))
        ].samples
        ratio = 2 ** (float(rng.uniform(-_SEMITONES, _SEMITONES)) / 12)
        needed = min(int(np.ceil(count * ratio)) + 1, len(samples))
        first = int(rng.integers(len(samples) - needed + 1))
        samples_cut = samples[first : first + needed] * np.float32(1 / 32768)
        places = np.arange(count) * ratio
        cut = np.interp(places, np.arange(needed), samples_cut, right=0.0).astype(
            np.float32
        )
        if float(np.sqrt(np.mean(cut**2))) > _LEAST_RMS:
            break
    return cut
