"""Beats that were found at another tempo or another place than they are meant."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.activations import Activations
from adt_plugins.rhythm.beats import find_beats
from adt_plugins.rhythm.readings import likeliest_reading

BEAT, BARS = 56, 12  # frames: 107 beats a minute
FIRST = 10
OUTPUTS = ("KD", "SD", "HH", "TT", "CY", "beat", "downbeat")
TEMPI = (55.0, 215.0)


def rock() -> Activations:
    """Return kicks and snares by turns, eighths, and a crash every fourth bar."""
    values = np.full((FIRST + BEAT * 4 * BARS + 20, len(OUTPUTS)), 0.01, np.float32)
    for eighth in range(8 * BARS):
        frame, beat = FIRST + eighth * BEAT // 2, eighth // 2 % 4
        values[frame, OUTPUTS.index("HH")] = 0.9
        if eighth % 2:
            continue
        values[frame, beat % 2] = 0.95
        values[frame, OUTPUTS.index("beat")] = 0.4
        if not beat:
            values[frame, OUTPUTS.index("downbeat")] = 0.25
        if eighth % 32 == 0:
            values[frame, OUTPUTS.index("CY")] = 0.8
    return Activations(values, OUTPUTS, 100.0)


@pytest.mark.parametrize(
    ("shift", "factor", "turn"),
    [(0, 1.0, 0), (0, 1.0, 1), (0, 1.0, 2), (0.5, 1.0, 0), (1, 2.0, 0), (0, 0.5, 0)],
    ids=["right", "by one beat", "by two", "between beats", "half", "twice as fast"],
)
def test_beats_are_those_that_drums_agree_with(
    shift: float, factor: float, turn: int
) -> None:
    count = int(4 * BARS / factor) - 1
    given = FIRST + np.rint((shift + factor * np.arange(count)) * BEAT).astype(np.int64)
    positions = (np.arange(count) + turn) % 4 + 1
    frames, counted = likeliest_reading(given, positions, rock(), None, tempi=TEMPI)
    downbeats = frames[counted == 1]
    assert np.median(np.diff(frames)) == BEAT
    assert set((downbeats - FIRST) % (4 * BEAT)) == {0}


def test_a_known_tempo_stays() -> None:
    given = FIRST + BEAT // 2 * np.arange(8 * BARS - 1)
    positions = np.arange(len(given)) % 4 + 1
    frames, _ = likeliest_reading(given, positions, rock(), None, tempi=None)
    assert np.median(np.diff(frames)) == BEAT // 2


@pytest.mark.parametrize("beat", [47, 48])
def test_compound_meters_have_no_other_readings(beat: int) -> None:
    """12/8 has four counted beats, but its snare is on the seventh eighth."""
    values = np.full((FIRST + beat * 4 * BARS + 20, len(OUTPUTS)), 0.01, np.float32)
    for eighth in range(12 * BARS):
        frame = FIRST + eighth * beat // 3
        values[frame, OUTPUTS.index("HH")] = 0.9
        if eighth % 6 == 0:
            values[frame, eighth // 6 % 2] = 0.95
        if eighth % 3 == 0:
            values[frame, OUTPUTS.index("beat")] = 0.4
        if eighth % 12 == 0:
            values[frame, OUTPUTS.index("downbeat")] = 0.35
    beats = find_beats(Activations(values, OUTPUTS, 100.0), meter="12/8")
    assert np.median(np.diff([one.time for one in beats])) == pytest.approx(beat / 100)
    assert {one.position for one in beats} == {1, 2, 3, 4}
