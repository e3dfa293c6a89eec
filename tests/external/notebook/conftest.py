"""The example's page, opened for a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.notebook.pages import open_unfolded


@pytest.fixture
def page(browser: Any, groove_file: Path) -> Iterator[Any]:
    """Open the example with all lanes unfolded, on a screen that can be touched."""
    opened, events = open_unfolded(browser, groove_file, has_touch=True)
    yield opened
    assert [text for text in events if not text.startswith("request file:")] == []
    opened.context.close()
