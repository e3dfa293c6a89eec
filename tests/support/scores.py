"""Transcriptions to compare, and what comparing them counts."""

from __future__ import annotations

from collections.abc import Iterable

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.evaluation.report import Score
from adt_plugins.transcription import Transcription

Counts = tuple[int, int, int]


def track(**times: Iterable[float]) -> Transcription:
    """Onsets by drum code."""
    return Transcription(
        onsets=tuple(
            Onset(float(t), Drum(code)) for code, ts in times.items() for t in ts
        )
    )


def counts(score: Score) -> Counts:
    """Matched, false and missed hits."""
    return score.matched, score.false, score.missed
