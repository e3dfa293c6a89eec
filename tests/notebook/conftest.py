"""A browser, and a song for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe

from .browser import chromium

GROOVE = Path(__file__).resolve().parents[2] / "examples" / "groove.flac"


@pytest.fixture(scope="session")
def groove() -> Transcription:
    """The example recording, with beats and activations."""
    return transcribe(GROOVE, beats=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started
