"""Estimates a delay that all hits of an estimate share, such as a sound card's."""

from __future__ import annotations

import numpy as np

from adt_plugins.transcription import Transcription

_MOST_S = 0.5
_TOGETHER_S = 0.03
_LEAST_HITS = 8


def constant_shift(reference: Transcription, estimate: Transcription) -> float | None:
    """Return by how much most hits of an estimate are late, in seconds.

    It is where the distances between hits of the same coarse drum are densest.

    Parameters
    ----------
    reference, estimate
        Transcriptions of the same music.

    Returns
    -------
    float or None
        Within half a second; negative if they are early. None if too few hits of the
        same drums are that near.
    """
    reference, estimate = reference.coarse(), estimate.coarse()
    pairs = [np.zeros(0)]
    for drum in {onset.drum for onset in reference}:
        true, estimated = reference.times(drum), estimate.times(drum)
        first = np.searchsorted(estimated, true - _MOST_S)
        last = np.searchsorted(estimated, true + _MOST_S)
        pairs += [
            estimated[begin:end] - time
            for time, begin, end in zip(true, first, last, strict=True)
        ]
    distances = np.sort(np.concatenate(pairs))
    ends = np.searchsorted(distances, distances + _TOGETHER_S, "right")
    counts = ends - np.arange(len(distances))
    if not len(counts) or counts.max() < _LEAST_HITS:
        return None
    begin = int(counts.argmax())
    return float(np.median(distances[begin : ends[begin]]))
