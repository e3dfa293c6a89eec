"""Applies bars that a user has moved in Audacity to the beats."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from adt_plugins.annotations import Beat, Label

_NEAR_BEATS = 0.25
"""Distance from a beat, in beats, at which a moved bar begins with that beat."""


def with_moved_bars(
    beats: Sequence[Beat],
    bars: Sequence[Label],
    original: Sequence[Beat],
    slack: Callable[[float], float],
) -> tuple[Beat, ...]:
    """Make bars begin where their labels do.

    Parameters
    ----------
    beats
        Beats in order of time.
    bars
        Regions named ``Bar 3``; a bar without a label begins as its beats say.
    original
        Beats that the labels were made from; if empty, `beats`.
    slack
        Tolerance of a time that was not changed.

    Returns
    -------
    tuple of Beat
        `beats` if no bar was moved. A bar that was moved to another beat makes that one
        its first; otherwise its first beat moves along. Beats are then renumbered from
        bar to bar.
    """
    before = [beat.time for beat in original or beats if beat.position == 1]
    downbeats = [beat.time for beat in beats if beat.position == 1]
    moves: dict[float, float | None] = {}  # new start to old start
    for bar in bars:
        number = int(bar.text.split()[1])
        was = before[number - 1] if 0 < number <= len(before) else None
        places = downbeats if was is None else [*downbeats, was]
        if not any(abs(bar.start - t) <= slack(bar.start) for t in places):
            moves[bar.start] = was
    if not moves:
        return tuple(beats)
    return _counted(beats, downbeats, moves, slack)


def _counted(
    beats: Sequence[Beat],
    downbeats: Sequence[float],
    moves: dict[float, float | None],
    slack: Callable[[float], float],
) -> tuple[Beat, ...]:
    """Move first beats, and renumber the others from bar to bar."""
    times = sorted({beat.time for beat in beats})
    first = set(downbeats)
    for to, was in moves.items():
        old = None if was is None else _find(times, was, slack(was))
        if old is not None:
            first.discard(old)
        reach = _NEAR_BEATS * _interval(times, to)
        near = _find(times, to, reach)
        if near is not None and near != old:
            first.add(near)
            continue
        if old is not None:
            times.remove(old)
        # A beat that was so near is the moved one, not a further beat.
        times = sorted({*times, to})
        first.add(to)
    counted: list[Beat] = []
    position = 0
    for time in times:
        position = 1 if time in first else position + 1
        counted.append(Beat(time, position))
    pickup = next((i for i, beat in enumerate(counted) if beat.time in first), 0)
    length = max((beat.position for beat in beats), default=pickup)
    for i in range(pickup):
        # Beats before the first bar are the last ones of an incomplete bar.
        counted[i] = replace(counted[i], position=(i - pickup) % max(length, 1) + 1)
    return tuple(counted)


def _find(times: Sequence[float], time: float, reach: float) -> float | None:
    """Return the nearest of some times, if it is within reach."""
    near = [
        t
        for t in times[bisect_left(times, time - reach) :][:3]
        if abs(t - time) <= reach
    ]
    return min(near, key=lambda t: abs(t - time), default=None)


def _interval(times: Sequence[float], time: float) -> float:
    """Return the length of the beat around a time."""
    at = min(max(bisect_left(times, time), 1), max(len(times) - 1, 1))
    return times[at] - times[at - 1] if len(times) > 1 else 0.0
