"""Songs whose drums and other sounds are known by themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins import Onset, Transcription
from adt_plugins.drums import Drum

RATE = 44100
SECONDS = 8
HITS = Transcription(
    onsets=tuple(
        Onset(0.5 * n + 0.2, drum, 100)
        for n in range(2 * SECONDS - 2)
        for drum in ((Drum.KD, Drum.HH) if n % 2 == 0 else (Drum.SD, Drum.HH))
    )
)

Floats = NDArray[np.float64]


def drum_track(
    hits: Transcription, rate: int = RATE, seconds: float = SECONDS
) -> Floats:
    """Return fading noises as drums, with a falling tone as kick."""
    track = np.zeros(round(seconds * rate))
    for onset in hits:
        random = np.random.default_rng(list(Drum).index(onset.drum))
        times = np.arange(round(0.15 * rate)) / rate
        noise = random.standard_normal(len(times))
        sound = {
            Drum.KD: np.sin(2 * np.pi * 60 * times) * np.exp(-times / 0.05),
            Drum.SD: 0.3 * noise * np.exp(-times / 0.04),
        }.get(onset.drum, 0.15 * np.diff(noise, prepend=0) * np.exp(-times / 0.02))
        begin = round(onset.time * rate)
        part = track[begin : begin + len(sound)]
        part += 0.4 * onset.velocity / 100 * sound[: len(part)]
    return track


def chords(rate: int = RATE, seconds: float = SECONDS) -> Floats:
    """Return a sustained chord."""
    times = np.arange(round(seconds * rate)) / rate
    notes = [np.sin(2 * np.pi * f * times + f) for f in (220.0, 277.2, 329.6, 523.3)]
    return np.asarray(0.08 * np.sum(notes, axis=0))
