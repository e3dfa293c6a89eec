"""Maps measured velocities to written ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST, MOST = 1, 127  # velocities


@dataclass(frozen=True)
class VelocityCurve:
    """A curve from measured to written velocities.

    Parameters
    ----------
    points
        Pairs (measured, written), 1-127, ascending by measured velocity. The curve is
        linear between them, and constant outside.
    """

    points: tuple[tuple[int, int], ...]

    def __call__(self, velocity: int) -> int:
        """Return the velocity to write."""
        before = self.points[0]
        for after in self.points:
            if velocity <= after[0]:
                span = max(after[0] - before[0], 1)
                part = max(velocity - before[0], 0) / span
                return round(before[1] + part * (after[1] - before[1]))
            before = after
        return before[1]


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
