"""One tempo through beats, where one fits, as a person would have set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST_S = 0.04
"""Beats of one tempo lie within so much of its line, but for `_STRAY` of them."""

DRIFT_S = 0.02
"""The mean of eight beats in a row lies within so much of it."""

NEAR_S = 0.03
"""Hits within so much of a beat are on it, and tell its time better than a frame of
10 ms does."""

_EXACT_S = 0.001
"""Beats that stray less come from a sequencer: hits may be late, they are not."""

_STRAY, _STRAY_S = 0.02, 0.08
_WINDOW = 8
_LEAST_BEATS = 3
_ROUND = (1.0, 0.5, 0.05, 0.01)
"""Quarters a minute that a person sets, the likeliest first."""

_ROUNDING = 1.7e-4
"""The most that rounding changes a tempo, as a ratio: 0.019 BPM of 110. Of the
example, 20 s that were programmed at 104 BPM, 103.983 is heard."""

_MOST_OFF_S = 0.01  # that rounding moves the first and last beats by


@dataclass(frozen=True)
class SteadyTempo:
    """A line through beats: seconds of a quarter, and the time of place 0."""

    quarter: float
    start: float

    @property
    def bpm(self) -> float:
        """Quarters a minute."""
        return 60 / self.quarter


def refined(times: Floats, hits: Sequence[float]) -> Floats:
    """Times of beats by the hits on them.

    A beat becomes the median of the hits within `NEAR_S` and an eighth of a beat;
    one without moves as the others do in the middle.
    """
    struck = np.sort(np.array(hits, np.float64))
    if len(times) < 2 or not len(struck):
        return times
    reach = min(NEAR_S, float(np.median(np.diff(times))) / 8)
    first = np.searchsorted(struck, times - reach)
    end = np.searchsorted(struck, times + reach, side="right")
    moved = np.full(len(times), np.nan)
    for n in np.flatnonzero(end > first):
        moved[n] = np.median(struck[first[n] : end[n]]) - times[n]
    known = ~np.isnan(moved)
    if not known.any():
        return times
    moved[~known] = np.median(moved[known])
    found: Floats = np.maximum.accumulate(np.maximum(times + moved, 0.0))
    return found


def steady_tempo(
    beats: Sequence[float],
    places: Floats,
    hits: Sequence[float] = (),
    *,
    anyway: bool = False,
) -> SteadyTempo | None:
    """Find the one tempo of beats.

    Parameters
    ----------
    beats
        Their times, in seconds, ascending.
    places
        Where they lie, in quarters from the first.
    hits
        Times of onsets, which place the line more finely than the beats do.
    anyway
        Find the best there is where none fits.

    Returns
    -------
    SteadyTempo or None
        None if none fits, or if there are fewer than three beats.
    """
    heard = np.array(beats, np.float64)
    if len(heard) < (2 if anyway else _LEAST_BEATS) or places[-1] <= places[0]:
        return None
    line, _ = _fitted(heard, places)
    off = heard - (line.start + line.quarter * places)
    if not anyway and not _fits(off):
        return None
    if float(np.median(np.abs(off))) > _EXACT_S:
        heard = refined(heard, hits)
    line, kept = _fitted(heard, places)
    return _rounded(line, places[kept])


def _fitted(times: Floats, places: Floats) -> tuple[SteadyTempo, NDArray[np.bool_]]:
    """Least squares, twice without what lies apart."""
    kept = np.ones(len(times), np.bool_)
    for _ in range(3):
        quarter, start = np.polyfit(places[kept], times[kept], 1)
        off = np.abs(times - (start + quarter * places))
        near = off <= max(4 * float(np.median(off)), 0.01)
        if near.sum() < _LEAST_BEATS or (near == kept).all():
            break
        kept = near
    return SteadyTempo(max(float(quarter), 1e-3), float(start)), kept


def _fits(off: Floats) -> bool:
    far = np.abs(off)
    if (far > LARGEST_S).mean() > _STRAY or far.max() > _STRAY_S:
        return False
    if len(off) < _WINDOW:
        return True
    means = np.convolve(off, np.full(_WINDOW, 1 / _WINDOW), "valid")
    return bool(np.abs(means).max() <= DRIFT_S)


def _rounded(line: SteadyTempo, places: Floats) -> SteadyTempo:
    """The roundest tempo that the beats do not speak against."""
    span, centre = float(places[-1] - places[0]), float(places.mean())
    allowed = min(_ROUNDING * line.quarter, 2 * _MOST_OFF_S / max(span, 1e-9))
    middle = line.start + line.quarter * centre
    for step in _ROUND:
        # What lies between two is so to the last bit of a line that is fitted.
        bpm = round(round(line.bpm / step, 6)) * step
        if bpm > 0 and abs(60 / bpm - line.quarter) <= allowed:
            quarter = 60 / bpm
            return SteadyTempo(quarter, middle - quarter * centre)
    return line
