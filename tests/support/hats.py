"""Hi-hats that ring and hi-hats that do not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tests.support.tiny_model import RATE, TONES_HZ

SECONDS = 6.0


def ring(times: Iterable[float]) -> np.ndarray:
    """Let hi-hats that began at these times sound on, fading, for 0.35 s."""
    samples = np.zeros(round(SECONDS * RATE))
    t = np.arange(round(0.35 * RATE)) / RATE
    tone = 0.5 * np.sin(2 * np.pi * TONES_HZ["HH"] * t) * np.minimum(1, 20 * t)
    for time in times:
        start = round((time + 0.04) * RATE)
        samples[start : start + len(t)] += tone * (1 - t / t[-1])
    return samples.astype(np.float32)
