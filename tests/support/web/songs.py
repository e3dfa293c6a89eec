"""Songs for the engine: a drummer, slower, softer, in noise; and a machine."""

from __future__ import annotations

from functools import cache

import numpy as np

from adt_plugins.audio.channels import ChannelReader
from tests.support.audio import RATE, music, noise
from tests.support.paths import GROOVE
from tests.support.web.engine import Floats, Song


@cache
def groove() -> tuple[Floats, Floats]:
    """Left and right of the example."""
    reader = ChannelReader(GROOVE)
    try:
        both = np.concatenate(list(reader))
    finally:
        reader.close()
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def played(samples: Floats, speed: float) -> Floats:
    """Return the sound resampled: faster and higher, or slower and lower."""
    at = np.arange(0, len(samples) - 1, speed)
    samples_at = np.interp(at, np.arange(len(samples)), samples)
    return np.asarray(samples_at, np.float32)


@cache
def machine(seconds: float) -> Floats:
    """A drum machine: the same ten seconds again and again."""
    again = music(10.0)
    samples = round(seconds * RATE)
    return np.tile(again, -(-samples // len(again)))[:samples]


@cache
def songs() -> list[Song]:
    """Return all songs, about four minutes."""
    left, right = groove()
    time = np.arange(len(left)) / RATE
    pitches = np.array([[196.0], [246.9], [293.7]])
    waves = np.sin(2 * np.pi * pitches * time).sum(axis=0)
    chord = np.asarray(0.05 * waves, np.float32)
    slow = played(left, 0.83)
    loud = 3 * np.concatenate((played(right, 1.3), played(left, 1.15)))
    return [
        Song("groove", (left, right)),
        Song("slow and soft", (0.1 * slow,)),
        Song("fast, loud and clipped", (np.clip(loud, -1, 1),)),
        Song("in noise", (left + noise(len(left), level=0.02), right)),
        Song("over a chord", (left + chord, right + chord, 0.5 * right)),
        Song("in one ear", (np.zeros_like(left), played(left, 0.95)[: len(left)])),
        Song("cut in mid-sound", (left[2 * RATE : 6 * RATE],)),
        Song("a machine", (machine(60.0),)),
        Song("no drums", (chord + noise(len(left), level=0.003),)),
    ]
