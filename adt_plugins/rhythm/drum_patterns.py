"""Knows which drums play where in a bar: kick on 1, snare on 2 and 4, crashes on 1.

The activations of beats alone confuse 1 with 3, and 3/4 with 4/4. How often each drum
is hit at each eighth of a bar was counted in the performances that train the network
(Groove MIDI Dataset and MIDI songs; 7100 bars of 4/4, 400 of 3/4), rounded to what both
have in common. The recordings that measure accuracy took no part.

The model treats hits as independent, which they are not, since bars repeat; `WEIGHT`
makes up for it (experiment 28).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations, highest_near

WEIGHT = 0.5
UNUSUAL = 0.3
"""Log probability by which a beat of 3/4 must beat one of 4/4, which is far more
frequent (experiment 28)."""

USUAL_BAR = 4
NEAR_FRAMES = 3  # from a beat's first frame to a hit that belongs to it

# Share of bars with a hit at each eighth.
_PATTERNS: dict[int, dict[str, tuple[float, ...]]] = {
    4: {
        "KD": (0.68, 0.18, 0.25, 0.25, 0.43, 0.28, 0.25, 0.20),
        "SD": (0.10, 0.14, 0.48, 0.14, 0.19, 0.15, 0.46, 0.17),
        "CY": (0.45, 0.14, 0.28, 0.13, 0.30, 0.12, 0.27, 0.12),
    },
    3: {
        "KD": (0.78, 0.08, 0.20, 0.20, 0.30, 0.15),
        "SD": (0.08, 0.03, 0.48, 0.20, 0.48, 0.03),
        "CY": (0.55, 0.10, 0.35, 0.10, 0.35, 0.10),
    },
}
# Share of arbitrary frames with a hit nearby.
_ANYWHERE = {"KD": 0.10, "SD": 0.10, "CY": 0.08}
_BLOCK = 4096  # frames
_SURE = 0.99  # highest probability that an activation may mean

Singles = NDArray[np.float32]


class BarEvidence:
    """Evidence for each beat of the bar at each frame, from the drums.

    Parts of it are computed on request: that of a whole hour would take 20 MB.

    Parameters
    ----------
    activations
        Activations, of which ``KD``, ``SD`` and ``CY`` count.
    bars
        Beats in a bar of each candidate meter; patterns are known for 3 and 4.
    patterns
        Whether what the drums play counts.
    changes
        Log odds of a downbeat at each frame, from other evidence.
    """

    def __init__(
        self,
        activations: Activations,
        bars: Sequence[int],
        *,
        patterns: bool = True,
        changes: Singles | None = None,
    ) -> None:
        self._bars = bars
        self._changes = changes
        self._frames = len(activations.values)
        names = activations.outputs
        self._hits = {
            drum: nearby(activations.values[:, names.index(drum)])
            for drum in _ANYWHERE
            if patterns and drum in names
        }
        self._unusual = UNUSUAL if patterns and len(bars) > 1 else 0.0

    division = 2
    """Beats have a beginning and a middle."""

    def cut(self, first: int, end: int) -> tuple[Singles, Singles]:
        """Return the evidence at frames; 0 outside the recording.

        Returns
        -------
        beginnings, middles
            Log ratios of the probabilities of what the drums play at the beginning of a
            beat, or in its middle, against an arbitrary frame. Shape (beats of all
            bars, frames).
        """
        shape = (sum(self._bars), end - first)
        beginnings, middles = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        start, stop = max(first, 0), min(end, self._frames)
        if start < stop:
            inner = slice(start - first, stop - first)
            self._fill(beginnings[:, inner], middles[:, inner], start, stop)
        return beginnings, middles

    def means(self) -> tuple[Singles, Singles]:
        """Return the mean over the beats of all bars, shape (frames,) each."""
        beginnings, middles = block_means(self.cut, self._frames)
        return beginnings, middles

    def _fill(
        self, beginnings: Singles, middles: Singles, first: int, end: int
    ) -> None:
        """Add all evidence at frames within the recording."""
        for drum, column in self._hits.items():
            hit = column[first:end].clip(1 - _SURE, _SURE)
            background = np.log(likelihood(hit, _ANYWHERE[drum]))
            # Places with equal shares have equal ratios.
            ratios: dict[float, NDArray[np.floating]] = {}
            beat = 0
            for bar in self._bars:
                pattern = _PATTERNS.get(bar, {}).get(drum, ())
                for place, share in enumerate(pattern):
                    if share not in ratios:
                        ratio = np.log(likelihood(hit, share)) - background
                        ratios[share] = WEIGHT * ratio
                    into = middles if place % 2 else beginnings
                    into[beat + place // 2] += ratios[share]
                beat += bar
        beat = 0
        for bar in self._bars:
            if self._changes is not None:
                beginnings[beat] += self._changes[first:end]
            if bar != USUAL_BAR:
                beginnings[beat : beat + bar] -= self._unusual
            beat += bar


def block_means(
    cut: Callable[[int, int], tuple[Singles, ...]], frames: int
) -> tuple[Singles, ...]:
    """Return the means of evidence over beats, computed a block of frames at a time."""
    blocks = [
        [part.mean(axis=0) for part in cut(first, min(first + _BLOCK, frames))]
        for first in range(0, frames, _BLOCK)
    ]
    return tuple(np.concatenate(parts) for parts in zip(*blocks, strict=True))


def likelihood(hit: Singles, share: float) -> Singles:
    """Return the probability of an observed hit or rest where hits have this share."""
    return hit * share + (1 - hit) * (1 - share)


def nearby(column: Singles) -> Singles:
    """Return the highest value within `NEAR_FRAMES` of each frame."""
    return highest_near(column, NEAR_FRAMES)
