"""A widget whose messages are recorded."""

from __future__ import annotations

from typing import Any

import pytest

DrumWidget = pytest.importorskip(
    "adt_plugins.notebook.widget", reason="anywidget is not installed"
).DrumWidget


class Sent(list[Any]):
    """Record what a widget sends, in place of sending it to the browser."""

    def __call__(self, content: Any, buffers: Any = None) -> None:
        self.append((content, buffers))
