"""What the user knows of a recording's beats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from adt_plugins.base.checks import number
from adt_plugins.meter import Meter, check_bpm


@dataclass(frozen=True)
class KnownBeats:
    """Properties of the beats that the user knows; true if any is given.

    Parameters
    ----------
    bpm, meter, first_downbeat
        See `adt_plugins.rhythm.beats.find_beats`; None: unknown.

    Raises
    ------
    TypeError, ValueError
        If a value is not valid.
    """

    bpm: float | None = None
    meter: str | None = None
    first_downbeat: float | None = None

    def __post_init__(self) -> None:
        if self.bpm is not None:
            check_bpm(number("bpm", self.bpm))
        if self.meter is not None:
            Meter.parse(self.meter)
        downbeat = self.first_downbeat
        if downbeat is not None:
            number("first_downbeat", downbeat)
        if downbeat is not None and not (math.isfinite(downbeat) and downbeat >= 0):
            raise ValueError(f"a first downbeat at {downbeat:g} s is not a time")

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())
