"""Handles labels before 0 s, which Audacity allows and a transcription does not.

Clips can be dragged to before the start of a project, and their labels with them. All
readers treat them alike: a label that is early by no more than a few milliseconds lies
at 0 s, where people put a hit on the first sample; others are left out, and one line
reports how many.
"""

from __future__ import annotations

from adt_plugins.base.reporting import Warn

EDGE_S = 0.005
"""Time before 0 s within which a label counts as lying at 0 s."""


class EarlyLabels:
    """Counts labels that lie before 0 s.

    Parameters
    ----------
    what
        Name of such labels in the warning.
    """

    def __init__(self, what: str = "labels") -> None:
        self._what = what
        self.lost = 0

    def place(self, start: float, end: float | None = None) -> tuple[float, float]:
        """Return the times of a label, in order and not before 0.

        Parameters
        ----------
        start, end
            In seconds, in any order; None: a point.

        Returns
        -------
        tuple of float
            Negative if the label is left out, which is counted.
        """
        end = start if end is None else end
        start, end = min(start, end), max(start, end)
        if start < -EDGE_S:
            self.lost += 1
            return start, end
        return max(start, 0.0), max(end, 0.0)

    def tell(self, warn: Warn) -> None:
        """Warn if some were left out."""
        if self.lost:
            lie = "lies" if self.lost == 1 else "lie"
            is_left = "is" if self.lost == 1 else "are"
            what = self._what.removesuffix("s") if self.lost == 1 else self._what
            warn(f"{self.lost} {what} {lie} before 0 s and {is_left} left out")
