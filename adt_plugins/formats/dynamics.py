"""How hard hits are: velocities as a user wants them, and marks on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum

LEAST, MOST = 1, 127  # velocities

GHOST = 0.5
"""A snare at most so loud, relative to the loud ones, is a ghost note. Of 3809 snares
of human drummers, found in renders, 76 % of those called so had been played at less
than 0.45 of the loud ones, and 61 % of those played so were called so."""
LOUD_PERCENT = 80  # the velocity that so many per cent of a drum's hits do not reach

ACCENT = 1.3
"""A hit at least so loud, relative to the median of its drum, is accented, ..."""
MOST_ACCENTED = 0.25
"""... but where more are, they are rather the usual ones among softer hits."""
_LEAST_HITS = 8  # of a drum, or nothing is known of what is usual
_ACCENTED = (Drum.SD, Drum.HH, Drum.TT)


@dataclass(frozen=True)
class VelocityCurve:
    """Velocities written for those that were measured.

    Parameters
    ----------
    points
        (measured, written) of some, 1-127, measured ascending; straight lines lie
        between them, and outside it goes on as at the first and last.
    """

    points: tuple[tuple[int, int], ...]

    def __call__(self, velocity: int) -> int:
        """Velocity to write."""
        before = self.points[0]
        for after in self.points:
            if velocity <= after[0]:
                span = max(after[0] - before[0], 1)
                part = max(velocity - before[0], 0) / span
                return round(before[1] + part * (after[1] - before[1]))
            before = after
        return before[1]


class Dynamics:
    """Which hits of a transcription are ghost notes, and which are accented.

    Parameters
    ----------
    onsets
        All of them.
    """

    def __init__(self, onsets: Iterable[Onset]) -> None:
        velocities: dict[Drum, list[int]] = {}
        for onset in onsets:
            velocities.setdefault(onset.drum, []).append(onset.velocity)
        self._soft: dict[Drum, float] = {}
        self._hard: dict[Drum, float] = {}
        for drum, values in velocities.items():
            values.sort()
            count = len(values)
            if count < _LEAST_HITS:
                continue
            if drum is Drum.SD:
                loud = values[min(count * LOUD_PERCENT // 100, count - 1)]
                self._soft[drum] = GHOST * loud
            hard = ACCENT * values[count // 2]
            number = sum(value >= hard for value in values)
            if drum.coarse in _ACCENTED and number <= MOST_ACCENTED * count:
                self._hard[drum] = hard

    def is_ghost(self, onset: Onset) -> bool:
        """Whether a hit is a ghost note; snares only are."""
        return onset.velocity <= self._soft.get(onset.drum, 0.0)

    def is_accent(self, onset: Onset) -> bool:
        """Whether a hit is accented; kicks and cymbals never are."""
        return onset.velocity >= self._hard.get(onset.drum, float("inf"))


def velocity_curve(text: str) -> VelocityCurve:
    """Read ``fixed:N``, or ``curve:IN=OUT,IN=OUT…`` with straight lines between.

    >>> velocity_curve("fixed:100")(33)
    100
    >>> soft = velocity_curve("curve:1=40,127=110")
    >>> soft(1), soft(64), soft(127)
    (40, 75, 110)

    Raises
    ------
    ValueError
        If it is neither.
    """
    kind, _, rest = text.partition(":")
    try:
        if kind == "fixed":
            points = [(LEAST, int(rest))]
        elif kind == "curve":
            points = [_point(part) for part in rest.split(",")]
        else:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{text!r} is neither fixed:N nor curve:IN=OUT,IN=OUT"
        ) from None
    if not all(LEAST <= value <= MOST for point in points for value in point):
        raise ValueError(f"{text!r}: velocities are {LEAST} to {MOST}")
    if not _ascends([measured for measured, _ in points]):
        raise ValueError(f"{text!r}: the values on the left do not ascend")
    return VelocityCurve(tuple(points))


def _point(text: str) -> tuple[int, int]:
    measured, _, written = text.partition("=")
    return int(measured), int(written)


def _ascends(values: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(values))
