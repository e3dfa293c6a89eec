"""Recordings: of the tones that the tiny network knows, and the example."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np

from adt_plugins.transcription import Transcription
from tests.support.paths import GROOVE
from tests.support.tiny_model import DRUMS, RATE

HITS = [
    (0.5, "KD"),
    (1.0, "SD"),
    (1.5, "HH"),
    (1.75, "HH"),
    (2.0, "KD"),
    (2.0, "HH"),
    (2.5, "SD"),
]


SECONDS = 3.0


# The tones rise slowly; what is tested is where they end up, not how precisely.
TOLERANCE_S = 0.03


def write_wave(path: Path, samples: Any, rate: int = RATE) -> Path:
    """Write 16-bit PCM with the standard library alone."""
    samples = np.asarray(samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def hits_of(transcription: Transcription) -> list[tuple[float, str]]:
    return [(onset.time, str(onset.drum)) for onset in transcription.onsets]


def assert_heard(transcription: Transcription, hits: list[tuple[float, str]]) -> None:
    """Compare drum by drum: hits of one moment may come in any order."""
    for drum in DRUMS:
        times = [time for time, name in hits if name == drum]
        np.testing.assert_allclose(transcription.times(drum), times, atol=TOLERANCE_S)


def copy_groove(folder: Path) -> Path:
    """Copy the example into a folder of its own in this one, and return its path."""
    path = folder / "music" / GROOVE.name
    path.parent.mkdir()
    shutil.copy(GROOVE, path)
    return path
