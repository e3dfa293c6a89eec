"""Weighs hits by the same places of similar bars: what drummers play recurs.

A weak hit is likelier where other bars have one, and one that stands alone in its place
less so. Bars count by how similar they are, so a verse hardly affects a fill. Clear
hits stay as they are: the log odds of a hit change by at most `WEIGHT` times `MOST`.
Chosen on held-out renders and songs whose drums are known (experiment 45). What kind of
stroke a hit is follows the other bars in the same way (experiment 48).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations, highest_near
from adt_plugins.annotations import Beat
from adt_plugins.card import Picking
from adt_plugins.picking.log_odds import FLOOR, log_odds, probability

WEIGHT = 1.5
"""Weight of the mean log odds of other bars, beside the hit's own."""

MOST = 0.7
"""Greatest log odds above or below a drum's threshold that count from another bar."""

REACH = 16
"""Units, half bars where bars can be halved, that are compared to either side."""

SHARPNESS = 4
"""Power of the similarity of two units: similar ones count, others hardly."""

PRIOR = 0.5
"""Weight of no evidence, as a number of equal units, beside that of the others."""

NEAR_S = 0.02
"""Hits this far from their place in the bar still lie in it."""

SLOT_S = 0.02
"""About the time between two places of the bar."""

LEAST_BEATS = 9

_AT_ONCE = 1 << 14
"""Frames that are weighed together, for the memory of an hour in double precision."""

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]


def weigh(
    activations: Activations, beats: Sequence[Beat], picking: Picking
) -> tuple[Activations, SimilarBars | None]:
    """Weigh the activations of drums by recurrence.

    Parameters
    ----------
    activations
        Activations of the recording.
    beats
        Its beats.
    picking
        The drums and their thresholds.

    Returns
    -------
    weighed : Activations
        The same where there are fewer than `LEAST_BEATS` beats, or if the model's
        thresholds are not fixed.
    bars : SimilarBars or None
        What they were weighed by; None if they are the same.
    """
    if len(beats) < LEAST_BEATS or picking.picker.kind == "adtlib":
        return activations, None
    grid = _Grid.of(beats, activations)
    columns = [activations.outputs.index(drum) for drum in picking.drums]
    thresholds = np.array([picking.thresholds[drum] for drum in picking.drums])
    usual = log_odds(thresholds)
    reach = round(NEAR_S * activations.frame_rate)
    units = np.zeros((*grid.frames.shape, len(columns)), np.float32)
    for number, column in enumerate(columns):  # one by one, for an hour's memory
        near = highest_near(activations.values[:, column], reach)
        np.copyto(units[:, :, number], near[grid.frames], where=grid.inside)
    bars = SimilarBars(grid, _similarities(units))
    values = activations.values.copy()
    for number, column in enumerate(columns):
        odds = log_odds(units[:, :, number]) - usual[number]
        evidence = bars.mean(np.clip(odds, -MOST, MOST), grid.inside)
        raised = WEIGHT * evidence.ravel()
        for start in range(0, len(values), _AT_ONCE):
            part = values[start : start + _AT_ONCE, column]
            slots = grid.slots[start : start + _AT_ONCE]
            part[:] = probability(log_odds(part) + raised[slots])
    return replace(activations, values=values), bars


@dataclass(frozen=True)
class _Grid:
    """Places of the bar in frames.

    Parameters
    ----------
    frames
        Shape (units, places): nearest frame of each place.
    inside
        Same shape: whether it lies in the recording.
    slots
        Shape (frames,): nearest place of each frame, units one after the other.
    """

    frames: NDArray[np.int64]
    inside: NDArray[np.bool_]
    slots: NDArray[np.int64]

    @classmethod
    def of(cls, beats: Sequence[Beat], activations: Activations) -> _Grid:
        """Divide a recording; the first and last beats' tempo is that of its ends."""
        count = len(activations.values)
        rate = activations.frame_rate
        times = np.array([beat.time for beat in beats])
        at = (times - activations.offset) * rate
        number = np.arange(len(at), dtype=np.float64)
        bar = max(beat.position for beat in beats)
        unit = bar // 2 if bar % 2 == 0 else bar
        places = unit * max(1, round(float(np.median(np.diff(at))) / rate / SLOT_S))
        phase = -(beats[0].position - 1) % unit
        begin, end = _continued(np.array([0.0, count]), at, number)
        first = phase + unit * np.floor((begin - phase) / unit)
        units = max(1, int(np.ceil((end - first) / unit)))
        steps = np.arange(units * places, dtype=np.float64)
        frames = np.rint(_continued(first + steps * unit / places, number, at))
        inside = (frames >= 0) & (frames < count)
        slots = np.empty(count, np.int64)
        for start in range(0, count, _AT_ONCE):
            part = slots[start : start + _AT_ONCE]
            moments = np.arange(start, start + len(part), dtype=np.float64)
            near = np.rint((_continued(moments, at, number) - first) * places / unit)
            part[:] = np.clip(near, 0, len(steps) - 1)
        return cls(
            np.clip(frames, 0, count - 1).astype(np.int64).reshape(units, places),
            inside.reshape(units, places),
            slots,
        )


@dataclass(frozen=True)
class SimilarBars:
    """Which half bars of a recording resemble each other.

    Parameters
    ----------
    grid
        Places of the bar.
    alike
        For each lag from 1, how much each pair of units so far apart counts.
    """

    grid: _Grid
    alike: Sequence[Floats]

    def mean(self, odds: Floats, known: NDArray[np.bool_]) -> Floats:
        """Return the mean log odds of the other units.

        Parameters
        ----------
        odds
            Log odds at each place, shape (units, places).
        known
            Same shape: which of them count.
        """
        total = np.zeros_like(odds)
        weight = np.full_like(odds, PRIOR)
        for lag, counts in enumerate(self.alike, start=1):
            early, late = slice(-lag), slice(lag, None)
            for one, other in ((late, early), (early, late)):
                share = counts[:, None] * known[other]
                total[one] += share * odds[other]
                weight[one] += share
        total /= weight
        return total

    def mean_of_hits(self, frames: NDArray[np.int64], odds: Floats) -> Floats:
        """Return the mean log odds of the hits in the same place of other units.

        Parameters
        ----------
        frames
            Frame of each hit of a drum, ascending, shape (hits,).
        odds
            Log odds of each hit, shape (hits, kinds).
        """
        shape = self.grid.frames.shape
        slots = self.grid.slots[frames]
        hits = np.full(self.grid.frames.size, -1)  # nearest to each place
        for shift in (1, -1, 0):
            inside = (slots + shift >= 0) & (slots + shift < len(hits))
            hits[slots[inside] + shift] = np.flatnonzero(inside)
        has_hit = (hits >= 0).reshape(shape)
        means = [
            self.mean(np.where(hits >= 0, column[hits], 0.0).reshape(shape), has_hit)
            for column in odds.T
        ]
        return np.stack([mean.ravel()[slots] for mean in means], axis=1)


def _continued(x: Floats, xs: Floats, ys: Floats) -> Floats:
    """Interpolate linearly, and beyond the ends go on with the slope there."""
    y: Floats = np.interp(x, xs, ys)
    for beyond, end, other in ((x < xs[0], 0, 1), (x > xs[-1], -1, -2)):
        slope = (ys[end] - ys[other]) / (xs[end] - xs[other])
        y[beyond] = slope * (x[beyond] - xs[end]) + ys[end]
    return y


def _similarities(units: Singles) -> list[Floats]:
    """Return, for each lag from 1, how much each pair of units so far apart counts."""
    norms = np.sqrt(np.einsum("ups,ups->u", units, units))
    similarities = []
    for lag in range(1, min(REACH, len(units) - 1) + 1):
        products = np.einsum("ups,ups->u", units[lag:], units[:-lag])
        scale = np.maximum(norms[lag:] * norms[:-lag], FLOOR)
        similarities.append((products / scale).astype(np.float64) ** SHARPNESS)
    return similarities
