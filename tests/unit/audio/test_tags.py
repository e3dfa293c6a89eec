"""Tags of recordings, and of files that are no recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.audio.tags import read_tags
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription


def recording(path: Path, **tags: str) -> Path:
    with soundfile.SoundFile(path, "w", 44100, 1) as file:
        for name, text in tags.items():
            setattr(file, name, text)
        file.write(np.zeros(4410, np.float32))
    return path


@pytest.mark.parametrize("ending", ["flac", "ogg", "wav"])
def test_what_a_recording_says_of_itself(ending: str, tmp_path: Path) -> None:
    tags = {"title": "Süße Lieder", "artist": "The Band", "album": "B", "genre": "Ska"}
    path = recording(tmp_path / f"a.{ending}", **tags, date="1979-05-01")
    assert read_tags(path) == {**tags, "year": "1979"}
    assert read_tags(recording(tmp_path / f"b.{ending}")) == {}


def test_what_says_nothing(tmp_path: Path) -> None:
    assert read_tags(tmp_path / "gone.flac") == {}
    assert read_tags(tmp_path) == {}
    (tmp_path / "text.flac").write_text("no music")
    assert read_tags(tmp_path / "text.flac") == {}


def test_a_part_is_called_what_its_recording_is(tmp_path: Path) -> None:
    path = recording(tmp_path / "03 track.flac", title="Song\n(live)", artist="Band")
    beats = tuple(Beat(n / 2, n % 4 + 1) for n in range(4))
    song = Transcription((Onset(0.0, Drum.KD),), beats, Source(str(path)))
    tab = formats.write(song, tmp_path / "a.tab.txt")[0].read_text(encoding="utf-8")
    assert tab.splitlines()[0] == "Song (live), Band"
    score = formats.write(song, tmp_path / "a.musicxml")[0].read_text(encoding="utf-8")
    assert "<work-title>Song (live)</work-title>" in score
    assert '<creator type="artist">Band</creator>' in score
    path.unlink()
    tab = formats.write(song, tmp_path / "b.tab.txt")[0].read_text(encoding="utf-8")
    assert tab.splitlines()[0] == "03 track"
