"""The compiled parts of the engine."""

from __future__ import annotations

import pytest

from adt_plugins.base.folders import asset


@pytest.mark.parametrize(
    ("name", "most"), [("features", 4096), ("network", 16384), ("beats", 4096)]
)
def test_compiled_parts_are_small(name: str, most: int) -> None:
    assert 0 < asset("notebook_ext", f"web-engine/{name}.wasm").stat().st_size < most
