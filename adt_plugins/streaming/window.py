"""Picks hits among the last frames of a recording that is still being made."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.picking import velocity
from adt_plugins.picking.exclusive import DrumPicks
from adt_plugins.picking.onsets import onset_times, pick_hits, thresholds_in_force

# Frames that are kept to be picked again together with new ones, so that the picks of
# new frames do not depend on what was dropped: moving averages reach back 11 frames,
# and hits that exclude each other are less than 3 apart.
_BEHIND = 100
# Number of earlier hits to which velocities are relative.
_REMEMBERED = 1000


class Window:
    """Picks onsets among the last frames, each of them once.

    Parameters
    ----------
    card, wanted, thresholds
        See `adt_plugins.streaming.transcribe_stream`.
    ahead
        Frames after a hit that must be known.
    """

    def __init__(
        self,
        card: ModelCard,
        wanted: set[Drum] | None,
        thresholds: Mapping[str, float] | None,
        *,
        ahead: int,
    ) -> None:
        self._ahead = ahead
        self._card, self._wanted, self._thresholds = card, wanted, thresholds
        self._values = np.zeros((0, len(card.outputs)), np.float32)
        self._levels = np.zeros((0, len(card.drums)), np.float32)
        window = Activations(self._values, card.outputs, card.front_end.frame_rate)
        in_force = thresholds_in_force(window, card, thresholds)
        self._lowest = min(in_force.values())  # no hit is lower
        self._before = 0  # frames that are no longer kept
        self._reported = 0  # frames whose hits have been reported
        self._strengths = [deque[float](maxlen=_REMEMBERED) for _ in card.drums]

    def take(
        self, values: NDArray[np.float32], levels: NDArray[np.float32]
    ) -> list[Onset]:
        """Take the next frames, and return the hits that have become certain."""
        self._values = np.concatenate((self._values, values))
        self._levels = np.concatenate((self._levels, levels))
        return self._pick(self._before + len(self._values) - self._ahead)

    def finish(self) -> list[Onset]:
        """Return the last hits."""
        return self._pick(self._before + len(self._values))

    def _pick(self, end: int) -> list[Onset]:
        # Most frames have no hit, and picking is the costliest part of single frames.
        new = self._values[self._reported - self._before : max(end - self._before, 0)]
        onsets = self._picked(end) if (new >= self._lowest).any() else []
        self._reported = max(self._reported, end)
        drop = max(0, self._reported - _BEHIND - self._before)
        self._values, self._levels = self._values[drop:], self._levels[drop:]
        self._before += drop
        return sorted(onsets)

    def _picked(self, end: int) -> list[Onset]:
        card = self._card
        window = Activations(self._values, card.outputs, card.front_end.frame_rate)
        picked = pick_hits(window, card, thresholds=self._thresholds, rolls=False)
        onsets: list[Onset] = []
        for column, hits in enumerate(picked):
            frames = hits.frames + self._before
            new = hits.only((frames >= self._reported) & (frames < end))
            if self._wanted is None or self._wanted & {hits.drum, hits.drum.coarse}:
                onsets += self._described(new, column, window)
        return onsets

    def _described(
        self, hits: DrumPicks, column: int, window: Activations
    ) -> list[Onset]:
        if not len(hits.frames):
            return []
        rate, lag = window.frame_rate, self._card.delay
        times = onset_times(hits.positions + self._before, window, lag)
        attacks = np.rint(hits.positions - lag * rate).astype(np.int64)
        strength = velocity.strengths(self._levels[:, column], attacks, rate)
        self._strengths[column].extend(strength.tolist())
        velocities = velocity.relative(strength, self._strengths[column])
        rows = zip(
            times.tolist(), velocities.tolist(), hits.confidence.tolist(), strict=True
        )
        return [Onset(time, hits.drum, *rest) for time, *rest in rows]
