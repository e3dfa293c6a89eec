"""Parts of drum grooves, for tests of what stands on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.meter import meter_changes
from adt_plugins.transcription import Transcription

BEAT = 0.5  # seconds


def played(
    places: Sequence[float], drum: Drum = Drum.CHH, *, jitter: float = 0.0
) -> list[Onset]:
    """Return strokes at places in beats, with reproducible errors."""
    errors = np.random.default_rng(1).normal(0, jitter, len(places))
    return [
        Onset(max(BEAT * place + float(error), 0.0), drum, 90)
        for place, error in zip(places, errors, strict=True)
    ]


def part(onsets: Sequence[Onset], bars: int, meter: str = "4/4", **how: object) -> Part:
    """Return the part of strokes over this many bars; `how` as in `make_part`."""
    changes = meter_changes(meter)
    counted = changes[0].meter.counted
    beats = tuple(Beat(BEAT * n, n % counted + 1) for n in range(bars * counted))
    whole = Transcription(tuple(onsets), beats, meters=changes)
    return make_part(whole, **how)  # type: ignore[arg-type]


def divisions(notated: Part) -> Counter[tuple[int, bool]]:
    """Count beats by their steps, and whether these are swung."""
    return Counter(
        (beat.division.steps, beat.division.swung)
        for bar in notated.bars
        for beat in bar.beats
    )


def places(notated: Part) -> list[Fraction]:
    """Return where strokes are written, in quarters."""
    got = []
    start = Fraction(0)
    for bar in notated.bars:
        for beat in bar.beats:
            got += [start + beat.place(step) for step in sorted(beat.strokes)]
            start += beat.quarters
    return got


def pairs(second: float, beats: int) -> list[float]:
    """Return pairs of strokes whose second one comes at this part of a beat."""
    return [n + part for n in range(beats) for part in (0.0, second)]
