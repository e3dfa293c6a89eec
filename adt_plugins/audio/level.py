"""How loud a recording is, where that may be why hits are missing or wrong."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# The example, made quieter, loses hits when its peak is lower than this; where
# microphones are not in question, nothing is recorded so.
_QUIET_DB = -55.0

# So near to full scale a sample counts as cut off, if its neighbours are, too.
_FULL_SCALE = 0.98
_CLIPPED_SHARE = 0.005


class LevelMeter:
    """Meter of a recording's blocks, as they are heard."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._clipped = self._heard = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Take a block, shape (n,) or (n, channels), full scale at 1."""
        if not block.size:
            return
        peak = float(max(block.max(), -block.min()))
        self._peak = max(self._peak, peak)
        self._heard += len(block)
        if peak >= _FULL_SCALE:
            high = np.abs(block) >= _FULL_SCALE
            self._clipped += int(
                np.count_nonzero(high[:-2] & high[1:-1] & high[2:])
                // (block.size // len(block))
            )

    def remarks(self) -> list[str]:
        """Say in a line what is unusual of the level."""
        if not self._heard:
            return []
        if not self._peak:
            return ["silent: all of its samples are zero"]
        level = 20 * math.log10(self._peak)
        if level < _QUIET_DB:
            return [f"very quiet: its peak is at {level:.0f} dB; hits may be missing"]
        share = self._clipped / self._heard
        if share >= _CLIPPED_SHARE:
            return [f"clipped: {100 * share:.1f} % of its samples are at full scale"]
        return []
