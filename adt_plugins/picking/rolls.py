"""Soft strokes of rolls, double kicks and blast beats.

In a roll of twelve strokes a second and more, the strokes between the accents leave
peaks that are as clear as the others and stay below the threshold. A local maximum of
`SOFT` times the threshold counts if it belongs to a run: peaks that follow each other
as fast, and evenly, and of which enough reach the threshold above the average. Chosen
on rolls of sampled drums and fonts and on renders: rows 40 and 57 of
``models/EXPERIMENTS.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRUMS = ("KD", "SD", "TT")
"""Drums that are rolled on; in blast beats every snare leaks into the hi-hat."""

SOFT = 0.4
"""Share of the threshold that a soft stroke reaches, whatever the average."""

LONGEST_S = 0.09
"""Strokes of a run are at most this far apart."""

SPREAD_S = 0.02
"""A stroke may deviate this much from its expected time, ..."""

SPREAD = 0.25
"""... or by this share of the time between two strokes, whichever is more."""

FEWEST = 8
"""Least number of strokes in a run."""

FIRM = 4
"""At least one stroke in this many reaches the threshold: the accents of sixteenths."""

_EPSILON = 1e-9


def add_soft_strokes(
    firm: NDArray[np.int64],
    soft: NDArray[np.int64],
    frame_rate: float,
    combine: float,
) -> NDArray[np.int64]:
    """Add the soft strokes of runs to the peaks of a drum.

    Parameters
    ----------
    firm
        Frames of the peaks that reach the threshold, rising.
    soft
        Frames of the local maxima from `SOFT` times the threshold on, rising.
    frame_rate
        Frames per second.
    combine
        Seconds within which two peaks are one stroke.

    Returns
    -------
    NDArray[np.int64]
        Frames of `firm` and of those of `soft` that belong to a run, rising.
    """
    near = int(combine * frame_rate + _EPSILON)
    places = np.searchsorted(firm, soft)
    padded = np.concatenate(([-near - 1], firm, [np.iinfo(np.int64).max]))
    is_own = (soft - padded[places] > near) & (padded[places + 1] - soft > near)
    frames = np.sort(np.concatenate((firm, soft[is_own])))
    kept = set(firm.tolist())
    for run in _runs(frames.tolist(), frame_rate):
        if len(run) >= FEWEST and FIRM * len(kept.intersection(run)) >= len(run):
            kept.update(run)
    return np.array(sorted(kept), dtype=np.int64)


def _runs(frames: list[int], frame_rate: float) -> list[list[int]]:
    """Divide frames into runs of fast and even strokes, one of which may be missing."""
    longest = LONGEST_S * frame_rate + _EPSILON
    runs: list[list[int]] = []
    run: list[int] = []
    step = 0.0  # frames between strokes; 0 before the second
    for frame in frames:
        gap = frame - run[-1] if run else 0
        spread = max(SPREAD_S * frame_rate, SPREAD * step) + _EPSILON
        is_next = gap <= longest and (not step or abs(gap - step) <= spread)
        if is_next:
            step = (step + gap) / 2 if step else gap
        elif not step or abs(gap - 2 * step) > spread:
            runs.append(run)
            run, step = (run[-1:], gap) if gap <= longest else ([], 0.0)
        run.append(frame)
    return [*runs, run]
