"""Remarks on the level of a recording that may explain missing or wrong hits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Recordings whose peak is below this lose soft hits; only microphones record so
# quietly.
_QUIET_DB = -55.0

# Three samples in a row this near to full scale count as clipped.
_FULL_SCALE = 0.98
_CLIPPED_SHARE = 0.005


def peak_of(block: NDArray[np.float32]) -> float:
    """Return the largest magnitude of a block; not finite if any of its samples is not.

    Parameters
    ----------
    block
        Shape (n,) or (n, channels).
    """
    if not block.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        return float(max(block.max(), -block.min()))


class LevelMeter:
    """Measures the level of a recording, block by block."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._clipped = self._count = 0

    def add(self, block: NDArray[np.float32], peak: float) -> None:
        """Measure a block, full scale at 1, of which `peak_of` is known."""
        if not block.size:
            return
        self._peak = max(self._peak, peak)
        self._count += len(block)
        if peak >= _FULL_SCALE:
            high = np.abs(block) >= _FULL_SCALE
            self._clipped += int(
                np.count_nonzero(high[:-2] & high[1:-1] & high[2:])
                // (block.size // len(block))
            )

    def remarks(self) -> list[str]:
        """Return remarks on an unusual level."""
        if not self._count:
            return []
        if not self._peak:
            return ["silent: all of its samples are zero"]
        level = 20 * math.log10(self._peak)
        if level < _QUIET_DB:
            return [f"very quiet: its peak is at {level:.0f} dB; hits may be missing"]
        share = self._clipped / self._count
        if share >= _CLIPPED_SHARE:
            return [f"clipped: {100 * share:.1f} % of its samples are at full scale"]
        return []
