"""What the search for beats may weigh besides the network's beats."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]


class Evidence(Protocol):
    """Further evidence for a beat of the bar, besides the activations."""

    @property
    def division(self) -> int:
        """Number of equal parts of a beat."""

    def cut(self, first: int, end: int) -> tuple[Singles, ...]:
        """Return log ratios for beats whose parts begin at frames, for each part.

        Each has the shape (beats of all meters, frames); frames may lie outside.
        """

    def means(self) -> tuple[Singles, ...]:
        """Return the mean over all beats at every frame, for each part of a beat."""
