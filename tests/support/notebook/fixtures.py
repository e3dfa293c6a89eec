"""A browser, and a song for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.formats import write
from tests.support.browser import chromium
from tests.support.paths import GROOVE


@pytest.fixture(scope="session")
def groove() -> Transcription:
    """The example recording, with beats and activations."""
    return transcribe(GROOVE, beats=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def groove_file(
    tmp_path_factory: pytest.TempPathFactory, groove: Transcription
) -> Path:
    """Return the HTML page of the example."""
    path = tmp_path_factory.mktemp("page") / "groove.drums.html"
    write(groove, path, "html")
    return path
