"""Estimates that are late or early as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.evaluation import evaluate_files
from adt_plugins.evaluation.shift import constant_shift
from adt_plugins.transcription import Transcription

SONG = Transcription(
    tuple(
        Onset(1 + n / 4, (Drum.KD, Drum.CHH, Drum.SD, Drum.CHH)[n % 4], 90)
        for n in range(60)
    )
)


def played(shift: float, spread: float = 0.008, kept: float = 0.9) -> Transcription:
    """Return the song as somebody plays it: unsteadily, and not all of it."""
    rng = np.random.default_rng(3)
    onsets = [
        Onset(onset.time + shift + rng.normal(0, spread), onset.drum, 90)
        for onset in SONG
        if rng.random() < kept
    ]
    return Transcription(tuple(sorted(onsets)))


@pytest.mark.parametrize("shift", [-0.2, -0.03, 0.0, 0.06, 0.3])
def test_the_shift_of_a_performance(shift: float) -> None:
    assert constant_shift(SONG, played(shift)) == pytest.approx(shift, abs=0.005)


def test_too_little_to_tell() -> None:
    few = Transcription(SONG.onsets[:6])
    assert constant_shift(few, few) is None
    assert constant_shift(SONG, Transcription(())) is None
    assert constant_shift(SONG, SONG.only(["KD"]).shifted(100)) is None


@pytest.mark.parametrize(
    ("shift", "delay"), [(0.08, "80 ms later"), (-0.12, "120 ms earlier"), (0.02, None)]
)
def test_what_is_late_as_a_whole_is_told(
    shift: float, delay: str | None, tmp_path: Path
) -> None:
    SONG.save(tmp_path / "song.json")
    played(shift, spread=0).save(tmp_path / "mine.mid", "midi")
    result = evaluate_files(tmp_path / "song.json", [tmp_path / "mine.mid"])
    assert result.to_dict()["notes"] == list(result.notes)
    if delay is None:
        assert result.notes == ()
        return
    (note,) = result.notes
    assert note.startswith(f"song: the estimate is {delay} than the reference; without")
    assert float(note.rpartition(" ")[2]) > 0.9
    assert result.score().f == 0
    assert result.table().endswith(note + "\n")


def test_another_song_is_not_called_late(tmp_path: Path) -> None:
    SONG.save(tmp_path / "song.json")
    times = np.sort(np.random.default_rng(5).uniform(1, 16, 60))
    other = Transcription(tuple(Onset(float(t), Drum.SD, 90) for t in times))
    other.save(tmp_path / "other.json")
    result = evaluate_files(tmp_path / "song.json", [tmp_path / "other.json"])
    assert result.notes == ()
