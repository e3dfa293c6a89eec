"""What drums play where in a bar: kick on 1, snare on 2 and 4, crashes on 1.

A beat tracker that only listens for downbeats confuses 1 with 3, and 3/4 with 4/4.
How often each drum is hit at each eighth of a bar was counted in the performances
that train the network (Groove MIDI Dataset and MIDI songs; 7100 bars of 4/4, 400 of
3/4), rounded to what both have in common. No recording of the accuracy tables in the
README took part.

Hits are independent in this model, and in music they are not: bars repeat. Therefore
`WEIGHT`, chosen on 221 renders of such performances in 4/4: F of downbeats 0.487
without, 0.507 at 0.2, 0.527 at 0.5, 0.521 at 1 and 0.515 at 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations

WEIGHT = 0.5
UNUSUAL = 0.3
"""How much likelier than 4/4 a beat of 3/4 must be, in log probability: 4/4 is far
more frequent. With it 2 % of 221 renders in 4/4 and 37 % of 30 in 3/4 are mistaken for
the other, instead of 8 % and 27 %."""

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
# And of moments that are anywhere.
_ANYWHERE = {"KD": 0.10, "SD": 0.10, "CY": 0.08}
_BLOCK = 4096  # frames
_SURE = 0.99  # the network is never surer than this

Singles = NDArray[np.float32]


class BarEvidence:
    """Return the evidence for a beat of the bar at a frame, besides the activations.

    Parts of it are computed when they are asked for: of an hour, all would take 20 MB.

    Parameters
    ----------
    activations
        Activations; those of ``KD``, ``SD`` and ``CY`` count.
    bars
        Beats in a bar of each meter in question; of those but 3 and 4 nothing is
        known.
    patterns
        Whether it counts what the drums play.
    changes
        Log odds of a downbeat at each frame for other reasons.
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
        """The evidence of frames; none outside of the recording.

        Returns
        -------
        beginnings, middles
            Log ratios of the probabilities that the drums play what they do at the
            beginning of a beat, or in its middle, and anywhere. Shape (beats of all
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
        """The mean over the beats of all bars, shape (frames,) each."""
        beginnings, middles = block_means(self.cut, self._frames)
        return beginnings, middles

    def _fill(
        self, beginnings: Singles, middles: Singles, first: int, end: int
    ) -> None:
        """Add all evidence of frames of the recording."""
        for drum, column in self._hits.items():
            hit = column[first:end].clip(1 - _SURE, _SURE)
            background = np.log(likelihood(hit, _ANYWHERE[drum]))
            beat = 0
            for bar in self._bars:
                pattern = _PATTERNS.get(bar, {}).get(drum, ())
                for place, share in enumerate(pattern):
                    into = middles if place % 2 else beginnings
                    ratio = np.log(likelihood(hit, share)) - background
                    into[beat + place // 2] += WEIGHT * ratio
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
    """Return the means over beats of evidence, a block of frames at a time."""
    blocks = [
        [part.mean(axis=0) for part in cut(first, min(first + _BLOCK, frames))]
        for first in range(0, frames, _BLOCK)
    ]
    return tuple(np.concatenate(parts) for parts in zip(*blocks, strict=True))


def likelihood(hit: Singles, share: float) -> Singles:
    """Probability of the observation, a hit or none, where so many are."""
    return hit * share + (1 - hit) * (1 - share)


def nearby(column: Singles) -> Singles:
    """Highest value within `NEAR_FRAMES` of each frame."""
    padded = np.pad(column, NEAR_FRAMES)
    parts = (padded[n : n + len(column)] for n in range(2 * NEAR_FRAMES + 1))
    highest: Singles = next(parts).copy()
    for part in parts:
        np.maximum(highest, part, out=highest)
    return highest
