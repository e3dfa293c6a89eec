"""Chords that change tell where bars begin."""

from __future__ import annotations

import numpy as np
import pytest

from adt_plugins.activations import Activations
from adt_plugins.card import FrontEnd
from adt_plugins.features.spectrogram import Spectrogram
from adt_plugins.rhythm.beats import find_beats
from adt_plugins.rhythm.chord_changes import Harmony

RATE = 44100
BEAT_S = 0.5
BARS = 12
CHORDS_HZ = [(220, 277, 330), (294, 370, 440), (330, 415, 494)]


def song(first: int) -> np.ndarray:
    """Return chords of one bar each; the first is `first` beats long."""
    length = round(BARS * 4 * BEAT_S * RATE)
    time = np.arange(length) / RATE
    bar = ((time / BEAT_S - first) // 4).astype(int) % len(CHORDS_HZ)
    samples = np.zeros(length)
    for number, chord in enumerate(CHORDS_HZ):
        for hertz in chord:
            samples[bar == number] += np.sin(2 * np.pi * hertz * time[bar == number])
    return (0.1 * samples).astype(np.float32)


def frames_of(samples: np.ndarray) -> np.ndarray:
    front_end = Spectrogram(FrontEnd())
    return np.concatenate(
        [front_end.process(samples).values, front_end.finish().values]
    )


def ambiguous(count: int) -> Activations:
    """Return kicks and snares by turns, with activations that show no bars."""
    values = np.full((count, 4), 0.01, np.float32)
    for beat in range(BARS * 4):
        frame = round(beat * BEAT_S * 100)
        values[frame, 2] = 0.9
        values[frame, beat % 2] = 0.9
        values[frame, 3] = 0.01 if beat % 2 else 0.45
    return Activations(values, ("KD", "SD", "beat", "downbeat"), 100.0)


def downbeats(first: int, *, by_harmony: bool) -> set[int]:
    frames = frames_of(song(first))
    harmony = Harmony(FrontEnd())
    for start in range(0, len(frames), 77):
        harmony.add(frames[start : start + 77])
    changes = harmony.changes() if by_harmony else None
    beats = find_beats(ambiguous(len(frames)), meter="4/4", changes=changes)
    assert len(beats) == BARS * 4
    return {round(beat.time / BEAT_S) % 4 for beat in beats if beat.position == 1}


@pytest.mark.parametrize("first", [0, 2])
def test_bars_begin_where_chords_change(first: int) -> None:
    assert downbeats(first, by_harmony=True) == {first}


def test_without_harmony_it_is_a_guess() -> None:
    """Downbeats are the same wherever the chords change: half of them are wrong."""
    assert downbeats(0, by_harmony=False) == downbeats(2, by_harmony=False)


def test_changes_are_the_largest_where_the_chord_is_new() -> None:
    frames = frames_of(song(0))
    harmony = Harmony(FrontEnd())
    harmony.add(frames)
    changes = harmony.changes()
    assert changes.shape == (len(frames),)
    new = [round(4 * BEAT_S * 100 * bar) for bar in range(1, BARS)]
    middle = [frame - 100 for frame in new[1:]]
    assert changes[new].min() > 0.7
    assert changes[middle].max() < changes[new].min() - 0.5
    assert np.abs(changes).max() <= 2


@pytest.mark.parametrize("count", [0, 1, 4, 5, 49, 99, 101, 250])
def test_short_and_silent(count: int) -> None:
    harmony = Harmony(FrontEnd())
    harmony.add(np.zeros((count, 84), np.float32))
    assert np.array_equal(harmony.changes(), np.zeros(count))


@pytest.mark.parametrize(("count", "step"), [(503, 7), (44_003, 6_001)])
def test_blocks_do_not_matter(count: int, step: int) -> None:
    frames = np.random.default_rng(0).uniform(0, 1, (count, 84)).astype(np.float32)
    whole, parts = Harmony(FrontEnd()), Harmony(FrontEnd())
    whole.add(frames)
    for start in range(0, count, step):
        parts.add(frames[start : start + step])
    assert np.array_equal(whole.changes(), parts.changes())
