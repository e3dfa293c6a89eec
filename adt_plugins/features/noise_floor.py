"""Removes steady noise before the first hit of a recording, which would mask that hit.

The level rule makes the noise of a microphone as loud as music, until the first hit
brings it down at once: to the network that looks like an end rather than an onset.
After silence the same hit is clear. So where a recording becomes far louder than it
ever was, and was steady before, the last of the noise is faded out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_JUMP = 10 ** (12.0 / 10)  # ratio of the power of 10 ms to the loudest before
_STEADY = 10 ** (4.0 / 10)  # ratio of the loudest of the frames before to their mean
LATE_FRAMES = 20
"""Frames that are held back, to be inspected and silenced."""
_LEAST = 3  # fewer frames are left alone
_INAUDIBLE = 1e-8  # the level rule keeps softer sound silent


def without_noise_before_hits(blocks: Iterable[Floats], hop: int) -> Iterator[Floats]:
    """Pass on the samples of a recording, but silence noise that masks a first hit.

    Parameters
    ----------
    blocks
        Samples, each of shape (n,).
    hop
        Samples in a frame, 10 ms.

    Yields
    ------
    NDArray[np.float32]
        The same number of samples in all, `LATE_FRAMES` late.
    """
    held = np.zeros(0, np.float32)
    powers = np.zeros(0)  # of the complete frames in `held`
    loudest = 0.0
    for block in blocks:
        measured = len(powers)
        held = np.concatenate((held, block))
        count = len(held) // hop
        frames = held[measured * hop : count * hop].reshape(-1, hop)
        new = (np.einsum("tn,tn->t", frames, frames) / hop).astype(np.float64)
        powers = np.concatenate((powers, new))
        highest = float(new.max(initial=0.0))
        if highest > _JUMP * loudest:
            for frame in _jumps(new, loudest):
                first = max(0, measured + frame - LATE_FRAMES)
                if _is_steady(powers[first : measured + frame]):
                    _fade_out(held[first * hop : (measured + frame) * hop])
        loudest = max(loudest, highest)
        kept = max(0, count - LATE_FRAMES)
        if kept:
            yield held[: kept * hop]
            held, powers = held[kept * hop :].copy(), powers[kept:]
    if len(held):
        yield held


def _jumps(powers: NDArray[np.float64], loudest: float) -> list[int]:
    """Return the frames that are far louder than all before, and than `loudest`."""
    before = np.maximum.accumulate(np.append(loudest, powers))[:-1]
    jumps: list[int] = np.flatnonzero(
        (powers > _JUMP * before) & (before > _INAUDIBLE)
    ).tolist()
    return jumps


def _is_steady(powers: NDArray[np.float64]) -> bool:
    return len(powers) >= _LEAST and bool(powers.max() <= _STEADY * powers.mean())


def _fade_out(samples: Floats) -> None:
    """Fade out over the first half, in place; the second half becomes silent."""
    half = len(samples) // 2
    samples[:half] *= np.linspace(1, 0, half, dtype=np.float32)
    samples[half:] = 0
