"""Estimates which tempi a recording may have: a cheap search before the exact one.

A comb of evenly spaced beats is laid over every six seconds, for each length of a
beat, at the phase that fits best (a comb filterbank, as in Klapuri, Eronen and
Astola, IEEE Trans. ASLP 14(1), 2006, on the decoder's own scores). The likeliest
sequence of lengths is found, and with it nearly as likely ones, above all at twice or
half the tempo. The bar-pointer model then searches those lengths only: a third of all,
which almost always include the right ones (experiment 29).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adt_plugins.rhythm.bar_pointer import (
    OBSERVATION_LAMBDA,
    TRANSITION_LAMBDA,
    Floats,
    Ints,
    Ratios,
)
from adt_plugins.rhythm.evidence import Evidence, Singles

SEGMENT_S = 6.0
"""Time over which beats count as evenly spaced, within `_SLACK_FRAMES`."""

LEAST_SEGMENTS = 4
"""With fewer segments there is nothing to gain, and all lengths are searched."""

MULTIPLES = (1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0)
MARGIN = 9.0
"""Log probability a segment by which a multiple may be less likely (experiment 29)."""

NEAR = 0.12
"""Lengths within this ratio of a likely one are searched as well."""

_SLACK_FRAMES = 2
_MOST_CHANGE = 60.0  # log probability: no change of tempo costs more
_DOUBTFUL = 20.0  # log probability below a segment's best length


def likely_lengths(
    ratios: Ratios,
    lengths: Ints,
    frame_rate: float,
    evidence: Evidence | None = None,
) -> NDArray[np.bool_]:
    """Return which lengths of a beat are worth searching.

    Parameters
    ----------
    ratios, lengths, evidence
        See `adt_plugins.rhythm.bar_pointer.decode`.
    frame_rate
        Frames a second.

    Returns
    -------
    NDArray
        Same shape as `lengths`; all true for a short recording.
    """
    segment = round(SEGMENT_S * frame_rate)
    if ratios.frames < LEAST_SEGMENTS * segment:
        return np.ones(len(lengths), np.bool_)
    # The position in the bar does not matter here.
    if evidence is None:
        means: tuple[Singles, ...] = (np.zeros(ratios.frames, np.float32),)
    else:
        means = evidence.means()
    scores = _combs(ratios.best, means, lengths, segment)
    changes = np.abs(np.log(lengths[:, np.newaxis] / lengths))
    change = np.minimum(TRANSITION_LAMBDA * changes, _MOST_CHANGE)
    marginals = _marginals(scores, change)
    path = marginals.argmax(axis=1)
    wanted = [lengths[path].astype(np.float64)]
    doubtful = marginals >= marginals.max(axis=1, keepdims=True) - _DOUBTFUL
    wanted.append(lengths[doubtful.any(axis=0)].astype(np.float64))
    best = scores[np.arange(len(path)), path].sum()
    for multiple in MULTIPLES:
        near = _near(lengths, lengths[path] * multiple, NEAR / 2)
        if near.any(axis=1).all():
            other = np.where(near, scores, -np.inf).max(axis=1).sum()
            if other >= best - MARGIN * len(path):
                wanted.append(lengths[path] * multiple)
    searched = _near(lengths, np.unique(np.concatenate(wanted)), NEAR)
    return np.asarray(searched.any(axis=0), np.bool_)


def _near(lengths: Ints, wanted: Floats, ratio: float) -> NDArray[np.bool_]:
    """Return which lengths lie near each wanted one, shape (wanted, lengths)."""
    off = np.abs(lengths / wanted[:, np.newaxis] - 1)
    near: NDArray[np.bool_] = off <= ratio
    return near


def _combs(
    ratio: Floats, means: tuple[Singles, ...], lengths: Ints, segment: int
) -> Floats:
    """Return the score of the best comb of each length in each segment.

    The parts of a beat, one for each item of `means`, are equally long.
    """
    beginnings, *others = means
    frames, slack = len(beginnings), _SLACK_FRAMES
    count = -(-frames // segment)
    room = count * segment + 2 * int(lengths[-1])
    sums = np.zeros(frames + 1)
    np.cumsum(ratio, out=sums[1:])
    scores = np.empty((count, len(lengths)))
    gained = np.empty(frames + 2 * slack, np.float32)
    spread = np.zeros(room, np.float32)
    highest = spread[:frames]
    gained[:slack] = gained[-slack:] = -np.inf
    inner = gained[slack:-slack]
    head = 0
    for n, length in enumerate(lengths.tolist()):
        if head != -(-length // OBSERVATION_LAMBDA):
            head = -(-length // OBSERVATION_LAMBDA)
            scored = _sums_of(sums, head)
            scored += beginnings
        inner[:] = scored
        for number, part in enumerate(others, 1):
            at = number * length // len(means)
            inner[: frames - at] += part[at:]
        # The highest score within the slack of each frame.
        highest[:] = gained[: -2 * slack]
        for shift in range(1, 2 * slack + 1):
            np.maximum(highest, gained[shift : shift + frames], out=highest)
        teeth = -(-segment // length)
        size = spread.strides[0]
        combs = np.lib.stride_tricks.as_strided(
            spread,
            (count, teeth, length),
            (segment * size, length * size, size),
            writeable=False,
        )
        scores[:, n] = combs.sum(axis=1).max(axis=1) * (segment / (teeth * length))
    return scores


def _sums_of(sums: Floats, count: int) -> Singles:
    """Return the sum of this many values from each on, or of as many as there are."""
    windows = np.empty(len(sums) - 1, np.float32)
    whole = len(sums) - count
    np.subtract(sums[count:], sums[:whole], out=windows[:whole], casting="same_kind")
    np.subtract(sums[-1], sums[whole:-1], out=windows[whole:], casting="same_kind")
    return windows


def _marginals(scores: Floats, change: Floats) -> Floats:
    """Return the score of the best sequence through each length of each segment."""
    before, after = np.zeros_like(scores), np.zeros_like(scores)
    for n in range(1, len(scores)):
        through = before[n - 1] + scores[n - 1]
        before[n] = (through[:, np.newaxis] - change).max(axis=0)
        m = len(scores) - 1 - n
        goes = after[m + 1] + scores[m + 1]
        after[m] = (goes[np.newaxis] - change).max(axis=1)
    return before + scores + after
