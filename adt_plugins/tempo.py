"""Fits a single tempo to beats, rounded as a person would have set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST_S = 0.04
"""Beats of a single tempo lie within this of its line, but for a share of `_STRAY`."""

DRIFT_S = 0.02
"""The mean deviation of eight consecutive beats is at most this."""

NEAR_S = 0.03
"""Hits within this of a beat are on it, and give its time more exactly than a frame."""

EXACT_S = 0.001
"""Beats that deviate less come from a sequencer: they are exact, hits may be late."""

SEQUENCED_S = 0.0005
"""Hits of a sequencer lie this near to a 24th of its beats."""

_GRID = 24
_MAPPED_S, _MAPPED = 4e-6, 0.6  # times are kept in microseconds; share of beats
_WHOLE = 0.02

_STRAY, _STRAY_S = 0.02, 0.08
_WINDOW = 8
_LEAST_BEATS = 3
_ROUND = (1.0, 0.5, 0.05, 0.01)
"""Steps of tempi that a person sets, in quarters a minute; the likeliest first."""

_ROUNDING = 1.7e-4
"""Most that rounding may change a tempo, as a ratio: 0.019 BPM at 110. The example,
20 s programmed at 104 BPM, is estimated at 103.983."""

_MOST_OFF_S = 0.01  # most that rounding may move the first and last beats
_STATED_S = 1e-6  # MIDI states the length of a quarter in whole microseconds


@dataclass(frozen=True)
class SteadyTempo:
    """A line through beats: length of a quarter, and time of place 0, in seconds."""

    quarter: float
    start: float

    def furthest(self, times: Sequence[float] | Floats, places: Floats) -> float:
        """Return the largest deviation of beats from the line, in seconds."""
        line = self.start + self.quarter * places
        return float(np.abs(np.asarray(times) - line).max())

    @property
    def bpm(self) -> float:
        """Quarters a minute."""
        return 60 / self.quarter


def are_exact(times: Sequence[float], hits: Sequence[float]) -> bool:
    """Return whether beats come from a sequencer.

    Most hits lie on 24ths of the beats, or the beats themselves on a tempo map: as far
    apart as the ones before, to the microsecond. Detected beats and hits are off by
    some milliseconds.
    """
    if len(times) < _WINDOW:
        return False
    if _are_mapped(np.array(times, np.float64)):
        return True
    struck = np.array(hits, np.float64)
    struck = struck[(struck >= times[0]) & (struck <= times[-1])]
    if len(struck) < _WINDOW:
        return False
    places = _GRID * np.interp(struck, times, np.arange(len(times)))
    grid = np.interp(np.round(places) / _GRID, np.arange(len(times)), times)
    return bool(np.median(np.abs(grid - struck)) <= SEQUENCED_S)


def _are_mapped(times: Floats) -> bool:
    """Return whether beats lie on lines, but not because they are found in frames."""
    halves = (times - times[0]) * 2000  # of a millisecond; beats may have been halved
    if np.abs(halves - np.rint(halves)).max() < _WHOLE:
        return False
    steps = times[1:] - times[:-1]
    bends = np.abs(steps[1:] - steps[:-1])
    return bool((bends <= _MAPPED_S).sum() >= _MAPPED * len(bends))


def refined(times: Floats, hits: Sequence[float]) -> Floats:
    """Refine the times of beats by the hits on them.

    A beat moves to the median of the hits within `NEAR_S` and an eighth of a beat; one
    without hits moves by the median of the others.
    """
    struck = np.sort(np.array(hits, np.float64))
    if len(times) < 2 or not len(struck):
        return times
    reach = min(NEAR_S, float(np.median(np.diff(times))) / 8)
    first = np.searchsorted(struck, times - reach)
    end = np.searchsorted(struck, times + reach, side="right")
    hit = end > first
    if not hit.any():
        return times
    # The median of sorted hits: the one or two in the middle.
    middles = (
        struck[(first + end - 1)[hit] // 2] + struck[(first + end)[hit] // 2]
    ) / 2
    moved = np.empty(len(times))
    moved[hit] = middles - times[hit]
    moved[~hit] = np.median(moved[hit])
    ascending: Floats = np.maximum.accumulate(np.maximum(times + moved, 0.0))
    return ascending


def steady_tempo(
    beats: Sequence[float],
    places: Floats,
    hits: Sequence[float] = (),
    *,
    anyway: bool = False,
) -> SteadyTempo | None:
    """Estimate the single tempo of beats.

    Parameters
    ----------
    beats
        Times of the beats in seconds, ascending.
    places
        Places of the beats, in quarters from the first.
    hits
        Times of onsets, which fix the line more exactly than the beats do.
    anyway
        Whether to return the best tempo even if it does not fit.

    Returns
    -------
    SteadyTempo or None
        None if no tempo fits, or if there are fewer than three beats.
    """
    times = np.array(beats, np.float64)
    if len(times) < (2 if anyway else _LEAST_BEATS) or places[-1] <= places[0]:
        return None
    line, _ = _fitted(times, places)
    off = times - (line.start + line.quarter * places)
    if not anyway and not _fits(off):
        return None
    if float(np.median(np.abs(off))) > EXACT_S:
        times = refined(times, hits)
    line, inliers = _fitted(times, places)
    return _rounded(line, places[inliers], line.furthest(times, places))


def tempo_range(times: Sequence[float], places: Floats) -> tuple[float, float, float]:
    """Return the slowest, the usual and the fastest tempo, in quarters a minute.

    Over eight beats each: what a tenth of them exceeds, the median, and what a tenth
    falls below.
    """
    apart = min(_WINDOW, len(times) - 1)
    beats = np.asarray(times, np.float64)
    lengths = (beats[apart:] - beats[:-apart]) / (places[apart:] - places[:-apart])
    longest, usual, shortest = np.percentile(np.maximum(lengths, 1e-3), [90, 50, 10])
    return 60 / float(longest), 60 / float(usual), 60 / float(shortest)


def _fitted(times: Floats, places: Floats) -> tuple[SteadyTempo, NDArray[np.bool_]]:
    """Fit a line by least squares, twice again without outliers."""
    inliers = np.ones(len(times), np.bool_)
    for _ in range(3):
        quarter, start = np.polyfit(places[inliers], times[inliers], 1)
        off = np.abs(times - (start + quarter * places))
        near = off <= max(4 * float(np.median(off)), 0.01)
        if near.sum() < _LEAST_BEATS or (near == inliers).all():
            break
        inliers = near
    return SteadyTempo(max(float(quarter), 1e-3), float(start)), inliers


def _fits(off: Floats) -> bool:
    far = np.abs(off)
    if (far > LARGEST_S).mean() > _STRAY or far.max() > _STRAY_S:
        return False
    if len(off) < _WINDOW:
        return True
    means = np.convolve(off, np.full(_WINDOW, 1 / _WINDOW), "valid")
    return bool(np.abs(means).max() <= DRIFT_S)


def _rounded(line: SteadyTempo, places: Floats, furthest: float) -> SteadyTempo:
    """Return the roundest tempo that the beats do not contradict.

    Beats of a sequencer, `furthest` from their line, contradict more than others do.
    """
    span, centre = float(places[-1] - places[0]), float(places.mean())
    is_exact = furthest <= EXACT_S
    most_off = max(furthest, _STATED_S * span) if is_exact else _MOST_OFF_S
    allowed = min(_ROUNDING * line.quarter, 2 * most_off / max(span, 1e-9))
    middle = line.start + line.quarter * centre
    for step in _ROUND:
        # Rounding errors of the fit must not decide a tie.
        bpm = round(round(line.bpm / step, 6)) * step
        if bpm > 0 and abs(60 / bpm - line.quarter) <= allowed:
            quarter = 60 / bpm
            return SteadyTempo(quarter, middle - quarter * centre)
    return line
