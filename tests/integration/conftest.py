"""Recordings for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import play


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Return a recording of three seconds."""
    return write_wave(tmp_path / "song.wav", play(HITS, SECONDS))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a folder with two recordings of one name, a broken one and other files."""
    library = tmp_path / "library"
    for folder in ("one", "two/deep", ".hidden", "song_data", "two/song_data"):
        (library / folder).mkdir(parents=True)
    write_wave(library / "one" / "söng.wav", play(HITS, SECONDS))
    write_wave(library / "two" / "deep" / "söng.wav", play([(0.5, "KD")], 1.0))
    (library / "song_data" / "b.txt").write_text("Audacity's")
    for ignored in (
        ".hidden/a.wav",
        "two/song_data/b.wav",
        "one/x.click.wav",
        ".c.wav",
    ):
        write_wave(library / ignored, play([(0.5, "KD")], 1.0))
    (library / "notes.txt").write_text("nothing to hear")
    (library / "two" / "broken.mp3").write_bytes(b"rubbish")
    return library
