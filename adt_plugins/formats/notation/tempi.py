"""Finds the bars of a part that need a tempo mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from adt_plugins.formats.notation.bars import Bar

WOBBLE = 100.0
"""A change explains this many times the usual variance between neighbours, ..."""

LEAST_COST = 1e-5
"""... and at least this much, if a sequencer played: 0.3 % over four bars."""

SLOWING_BARS = 2
"""Longest stretches of a ritardando; longer ones have tempi of their own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TempoMark:
    """A tempo, from the bar at which it stands.

    Parameters
    ----------
    quarters
        Quarters a minute.
    beats
        What is printed: the tempo in the bar's own unit (`Meter.tempo_unit`), rounded.
    text
        What is printed instead: ``"rit."``, or nothing where a ritardando goes on.
    """

    quarters: float
    beats: int
    text: str | None = None


def tempo_marks(
    bars: Sequence[Bar], end: float, quarters: float, *, is_steady: bool
) -> dict[int, TempoMark]:
    """Return the tempo marks of a part, by the index of their bars.

    Bars are divided into stretches of one tempo each so that the squared deviations
    from it, plus a cost for each stretch, are least. The cost grows with what the
    tempo of neighbouring bars differs by, so that a drummer's wobble has no marks.

    Parameters
    ----------
    bars
        The bars.
    end
        Time at which the last one ends, in seconds.
    quarters
        The usual tempo in quarters a minute, for parts with a single mark.
    is_steady
        Whether it is that of all bars.
    """
    starts = [0] if is_steady else _changes(bars, end)
    ends = [*starts[1:], len(bars)]
    times = [*(bar.beats[0].time for bar in bars), end]
    tempi = [
        60 * float(sum(bar.quarters for bar in bars[a:b])) / (times[b] - times[a])
        for a, b in zip(starts, ends, strict=True)
    ]
    if len(starts) == 1:
        tempi = [quarters]
    slowing = _slowing(starts, ends, tempi)
    marks: dict[int, TempoMark] = {}
    printed = None
    for n, (start, tempo) in enumerate(zip(starts, tempi, strict=True)):
        unit = bars[start].meter.tempo_unit
        text = None if n < slowing else "rit." if n == slowing else ""
        if text is not None or printed != (now := (round(tempo / unit), unit)):
            marks[start] = TempoMark(tempo, round(tempo / unit), text)
            printed = None if text is not None else now
    return marks


def _changes(bars: Sequence[Bar], end: float) -> list[int]:
    """Return the indices of the bars with which stretches begin."""
    times = np.array([*(bar.beats[0].time for bar in bars), end])
    lengths = np.array([float(bar.quarters) for bar in bars])
    steps = np.diff(times) / lengths
    steps /= np.median(steps)
    apart = float(np.median(np.abs(np.diff(steps)))) if len(bars) > 1 else 0.0
    cost = max(WOBBLE * apart * apart, LEAST_COST)
    weights, sums, squares = (
        np.concatenate([np.zeros(1), np.cumsum(values)])
        for values in (lengths / 4, lengths / 4 * steps, lengths / 4 * steps * steps)
    )
    best = np.zeros(len(bars) + 1)
    before = [0] * (len(bars) + 1)
    for n in range(1, len(bars) + 1):
        total = sums[n] - sums[:n]
        off = squares[n] - squares[:n] - total * total / (weights[n] - weights[:n])
        all_ = best[:n] + off + cost
        before[n] = int(all_.argmin())
        best[n] = all_[before[n]]
    starts = [before[-1]]
    while starts[-1]:
        starts.append(before[starts[-1]])
    return starts[::-1]


def _slowing(starts: Sequence[int], ends: Sequence[int], tempi: Sequence[float]) -> int:
    """Return the index of the stretch at which a ritardando begins, or their number."""
    first = len(starts)
    for n, (faster, tempo) in reversed(list(enumerate(pairwise(tempi), 1))):
        if tempo >= faster or ends[n] - starts[n] > SLOWING_BARS:
            break
        first = n
    return first
