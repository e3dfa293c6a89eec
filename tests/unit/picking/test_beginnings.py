"""Where a recording sounds, in constant samples."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.card import FrontEnd
from adt_plugins.picking.beginnings import Beginnings

FRONT_END = FrontEnd()


def sounding(*seconds: float, last: float = 1.0) -> float:
    """Return for how long there is sound, with the last second cut."""
    counts = [FRONT_END.sample_rate] * len(seconds)
    counts[-1] = round(last * FRONT_END.sample_rate)
    beginnings = Beginnings(FRONT_END)
    beginnings.add(np.repeat(np.array(seconds, np.float32), counts))
    beginnings.finish()
    return beginnings.sounding()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param((0.5, 0.5, 0.5), 3, id="all of it"),
        pytest.param((0.0, 0.5, 0.0), 1, id="digital silence"),
        pytest.param((0.012, 0.5, 0.02), 2, id="noise 32 and 28 dB softer"),
        pytest.param((0.0, 0.0), 2, id="nothing else"),
    ],
)
def test_seconds_that_are_not_silent(
    seconds: tuple[float, ...], expected: float
) -> None:
    assert sounding(*seconds) == pytest.approx(expected)


def test_the_last_second_counts_as_far_as_it_goes() -> None:
    assert sounding(0.5, 0.5, last=0.25) == pytest.approx(1.25)


def test_a_click_is_not_what_is_loud() -> None:
    samples = np.full(4 * FRONT_END.sample_rate, 0.01, np.float32)
    samples[1000:3000] = 1.0  # 45 ms
    beginnings = Beginnings(FRONT_END)
    beginnings.add(samples)
    beginnings.finish()
    assert beginnings.sounding() == pytest.approx(4)


def test_no_samples() -> None:
    assert Beginnings(FRONT_END).sounding() == 0
