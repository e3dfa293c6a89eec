"""A table that grows by blocks of rows."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.base.rows import Rows


@pytest.mark.parametrize("expected", [None, 0, 1, 9000, 20_000, 1 << 40])
@pytest.mark.parametrize("sizes", [(), (0,), (3, 0, 5), (4096, 1, 4095, 808)])
def test_it_holds_the_rows_in_order(
    sizes: tuple[int, ...], expected: int | None
) -> None:
    rows = Rows(3, expected)
    blocks = [
        np.full((size, 3), number, np.float32) for number, size in enumerate(sizes)
    ]
    for block in blocks:
        rows.add(block)
        block[:] = -1  # the caller may reuse it
    table = rows.table()
    assert table.shape == (sum(sizes), 3)
    assert table.dtype == np.float32
    assert np.array_equal(table[:, 1], np.repeat(np.arange(len(sizes)), sizes))
