"""A browser, and a song for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe
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
