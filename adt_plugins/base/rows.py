"""A table that grows by blocks of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST = 4096  # rows of a first allocation
_MOST_EXPECTED = 1 << 20
"""Rows allocated for a promise: a header may claim any length."""


class Rows:
    """Rows that arrive in blocks, kept in one array.

    Blocks in a list would take twice their memory while they are joined, and leave
    holes that other arrays do not fit into: 30 MB for the tables of an hour.

    Parameters
    ----------
    columns
        Number of columns.
    expected
        Number of rows to come, if known; memory for them is allocated at once.
    """

    def __init__(self, columns: int, expected: int | None = None) -> None:
        self._table = np.empty(
            (min(expected or 0, _MOST_EXPECTED), columns), np.float32
        )
        self._count = 0

    def add(self, rows: NDArray[np.float32]) -> None:
        """Append rows, shape (n, columns)."""
        end = self._count + len(rows)
        if end > len(self._table):
            self._resize(max(end + end // 4, _LEAST))
        self._table[self._count : end] = rows
        self._count = end

    def table(self) -> NDArray[np.float32]:
        """Return all rows, once they are complete, without copying them."""
        self._resize(self._count)
        return self._table

    def _resize(self, count: int) -> None:
        # Nobody else knows the array yet, so nothing can refer to its old memory.
        self._table.resize((count, self._table.shape[1]), refcheck=False)
