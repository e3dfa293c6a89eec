"""Steady noise before the first hit of a recording, which hides that hit.

The level rule makes the noise of a microphone as loud as music, until the first hit
brings it down at once: to the network that looks as if something stopped, not as if
something began. After silence the same hit is clear. So where a recording becomes far
louder than it ever was, and was steady before, the last of the noise goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_JUMP = 10 ** (12.0 / 10)  # of the power of 10 ms, above the loudest there was
_STEADY = 10 ** (4.0 / 10)  # the loudest of the frames before, above their mean
LATE_FRAMES = 20
"""So many frames are held back: they are looked at, and silenced."""
_LEAST = 3  # fewer are left alone
_INAUDIBLE = 1e-8  # of what is softer the level rule makes nothing


def without_noise_before_hits(blocks: Iterable[Floats], hop: int) -> Iterator[Floats]:
    """Pass on a recording's samples, and silence what hides a first hit.

    Parameters
    ----------
    blocks
        Samples, each of shape (n,).
    hop
        Samples of a frame, 10 ms.

    Yields
    ------
    NDArray[np.float32]
        As many samples in all; `LATE_FRAMES` of them late.
    """
    held = np.zeros(0, np.float32)
    powers = np.zeros(0)  # of the whole frames in `held`
    loudest = 0.0
    for block in blocks:
        known = len(powers)
        held = np.concatenate((held, block))
        count = len(held) // hop
        frames = held[known * hop : count * hop].reshape(-1, hop)
        powers = np.append(powers, np.einsum("tn,tn->t", frames, frames) / hop)
        before = np.maximum.accumulate(np.append(loudest, powers[known:]))
        jumps = (powers[known:] > _JUMP * before[:-1]) & (before[:-1] > _INAUDIBLE)
        for frame in (known + np.flatnonzero(jumps)).tolist():
            first = max(0, frame - LATE_FRAMES)
            if _is_steady(powers[first:frame]):
                _fade_out(held[first * hop : frame * hop])
        loudest = float(before[-1])
        kept = max(0, count - LATE_FRAMES)
        if kept:
            yield held[: kept * hop]
            held, powers = held[kept * hop :].copy(), powers[kept:]
    if len(held):
        yield held


def _is_steady(powers: NDArray[np.float64]) -> bool:
    return len(powers) >= _LEAST and bool(powers.max() <= _STEADY * powers.mean())


def _fade_out(samples: Floats) -> None:
    """Fade out within the first half, in place; the other half is silent."""
    half = len(samples) // 2
    samples[:half] *= np.linspace(1, 0, half, dtype=np.float32)
    samples[half:] = 0
