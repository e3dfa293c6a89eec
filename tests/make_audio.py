"""Audio for tests, made on the spot: nothing recorded, nothing random twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 44100

Floats = NDArray[np.float32]


def noise(samples: int, *, seed: int = 0, level: float = 0.3) -> Floats:
    """White noise, shape (samples,)."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(samples)).astype(np.float32)


def impulses(samples: int, *, every: int = 5000, level: float = 1.0) -> Floats:
    """Single samples of full scale, shape (samples,), the first at sample 100."""
    out = np.zeros(samples, np.float32)
    out[100::every] = level
    return out


def music(seconds: float, *, rate: int = RATE, seed: int = 1) -> Floats:
    """Something like music: a falling kick, a noisy snare, hats and a chord."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * rate)
    time = np.arange(samples) / rate
    out = np.zeros(samples)
    for pitch in (220.0, 277.2, 329.6, 440.0):
        out += 0.03 * np.sin(2 * np.pi * pitch * time)
    for beat in range(int(seconds * 4)):
        age = time - beat / 4
        on = age >= 0
        if beat % 4 == 0:
            phase = 2 * np.pi * (50 * age - 4 * np.exp(-30 * age * on))
            out += on * 0.6 * np.sin(phase) * np.exp(-12 * age * on)
        if beat % 4 == 2:
            out += on * 0.2 * rng.standard_normal(samples) * np.exp(-25 * age * on)
        hat = np.diff(rng.standard_normal(samples + 1))
        out += on * 0.06 * hat * np.exp(-70 * age * on)
    return np.clip(out, -0.99, 0.99).astype(np.float32)
