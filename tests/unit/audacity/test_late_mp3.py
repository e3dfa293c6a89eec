"""Which track of a project shows an MP3 late, by its length."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from adt_plugins.audacity.late_mp3 import shown_late
from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audio.mp3_tag import encoder_delay

RATE = 44100
LATE_S = 1105 / RATE


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mp3") / "song.mp3"
    soundfile.write(path, np.zeros(RATE), RATE)
    return path


@pytest.mark.parametrize(
    ("tracks", "late"),
    [
        ([("song", 0.0, True)], LATE_S),
        ([("song", 0.0, False)], 0.0),
        ([("song", 5.0, True)], LATE_S),
        ([("guitar", 0.0, False), ("song", 0.0, True)], LATE_S),
        ([("guitar", 2.5, None), ("renamed", 0.0, True)], LATE_S),
        ([("song", 0.0, False), ("song", 0.0, True)], 0.0),
        ([("song", 0.0, None)], 0.0),
        ([], 0.0),
    ],
)
def test_the_length_of_its_track_tells(
    song: Path, tracks: list[tuple[str, float, bool | None]], late: float
) -> None:
    """A track has a name, a start, and the length of what is shown late, or another."""
    delay = encoder_delay(song)
    assert delay is not None
    lengths = {True: 1.0 + delay.longer_s, False: 1.0, None: 0.5}
    answer: list[dict[str, Any]] = [{"kind": "label", "name": "song"}]
    answer += [
        {"kind": "wave", "name": name, "start": start, "end": start + lengths[shown]}
        for name, start, shown in tracks
    ]
    pipe = cast("Pipe", SimpleNamespace(info=lambda _: answer))
    assert shown_late(pipe, song) == pytest.approx(late)
