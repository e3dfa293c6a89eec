"""Tells beats that can be tapped to from the likeliest path through something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.rhythm.beats import find_beats, has_beats, observations
from adt_plugins.rhythm.known_beats import KnownBeats

CLEAR = 0.1
"""Mean activation of the beats below which there is no beat to tap to: between those of
speech and of music (experiment 30)."""

SEVERAL = 8
"""Unclear beats before or after the music that are left out: two bars, since a quiet
beginning or end has a few (experiment 64)."""

_AROUND = 2  # frames


def find_clear_beats(
    activations: Activations,
    known: KnownBeats = KnownBeats(),  # noqa: B008 - frozen
    *,
    changes: NDArray[np.float32] | None = None,
) -> tuple[Beat, ...]:
    """Find the beats of a recording, if they are clear or anything is known of them.

    Parameters
    ----------
    activations, changes
        See `find_beats`.
    known
        What the user knows of the beats.

    Returns
    -------
    tuple of Beat
        Empty if nothing is known of the beats and they are not clear, or the model
        detects none. Without those in noise or speech before and after the music,
        if nothing is known of them.

    Raises
    ------
    ModelError, ValueError
        See `find_beats`.
    """
    if not known and not has_beats(activations.outputs):
        return ()
    beats = find_beats(activations, changes=changes, **vars(known))
    return beats if known else _clear_ones(activations, beats)


def _clear_ones(activations: Activations, beats: tuple[Beat, ...]) -> tuple[Beat, ...]:
    """Return the beats of the music, if they are clear.

    One alone is not: it has no tempo.
    """
    heights = _heights(activations, beats)
    if len(heights) < 2 or float(np.mean(heights)) < CLEAR:
        return ()
    return beats[clear_part(heights)]


def _heights(activations: Activations, beats: Sequence[Beat]) -> NDArray[np.float64]:
    """Return the activation at each beat."""
    either = observations(activations).sum(axis=1)
    frames = [
        round((beat.time - activations.offset) * activations.frame_rate)
        for beat in beats
    ]
    return np.array(
        [either[max(n - _AROUND, 0) : n + _AROUND + 1].max(initial=0) for n in frames]
    )


def clear_part(heights: NDArray[np.float64]) -> slice:
    """Return the beats without `SEVERAL` or more unclear ones at either end.

    They are those outside the run whose activations exceed `CLEAR` by the largest sum
    (Bentley 1984, "Algorithm design techniques").

    Parameters
    ----------
    heights
        Activation at each beat, shape (beats,), 0-1.
    """
    start = stop = lowest = 0
    sums = np.concatenate([[0.0], np.cumsum(heights - CLEAR)])
    for n in range(1, len(sums)):
        if sums[n] - sums[lowest] > sums[stop] - sums[start]:
            start, stop = lowest, n
        if sums[n] < sums[lowest]:
            lowest = n
    return slice(
        start if start >= SEVERAL else 0,
        stop if len(heights) - stop >= SEVERAL else len(heights),
    )
