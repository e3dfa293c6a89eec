"""Warnings about a recording's level."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.audio import open_audio
from tests.support.recordings import HITS
from tests.support.tiny_model import RATE, play


def remarks(level: float, most: float = 1.0, *, channels: int = 1) -> list[str]:
    samples = np.clip(play(HITS, 6.0, level), -most, most)
    whole = np.repeat(samples[:, None], channels, axis=1)
    with open_audio((whole, RATE)) as reader:
        for _ in reader:
            pass
    return reader.level.remarks()


@pytest.mark.parametrize("level", [0.01, 0.5, 0.97])
def test_a_usual_level_is_not_worth_a_word(level: float) -> None:
    assert remarks(level) == []


@pytest.mark.parametrize("channels", [1, 2])
def test_an_unusual_level_is(channels: int) -> None:
    assert remarks(0.0, channels=channels) == ["silent: all of its samples are zero"]
    [text] = remarks(3e-4, channels=channels)
    assert text == "very quiet: its peak is at -65 dB; hits may be missing"
    [text] = remarks(5.0, channels=channels)
    assert text.startswith("clipped: ")
    assert 1 < float(text.split()[1]) < 20


def test_peaks_at_full_scale_are_not_clipped() -> None:
    assert remarks(1.0) == []
    # A limiter leaves tops below full scale, and no others.
    assert remarks(5.0, 0.9) == []
