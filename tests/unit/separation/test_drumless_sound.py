"""The sound that the widget plays when drums are turned down."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins import Transcription
from adt_plugins.editor.drumless import DrumlessMaker, DrumlessSound
from adt_plugins.editor.sound import Sound
from adt_plugins.separation.stems import separate
from tests.support.drum_tracks import HITS, RATE, chords, drum_track

SONG = HITS.between(0, 6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    mix = drum_track(HITS, RATE, 6) + chords(RATE, 6)
    soundfile.write(tmp_path / "song.wav", mix, RATE, subtype="PCM_16")
    return tmp_path / "song.wav"


def samples(sound: Sound) -> Any:
    pieces = [sound.chunk(number) for number in range(len(sound))]
    read = [soundfile.read(io.BytesIO(piece), dtype="int16")[0] for piece in pieces]
    return np.concatenate(read)


def test_it_is_in_step_with_the_song(path: Path) -> None:
    song = Sound(path)
    drumless = DrumlessSound(SONG, path)
    try:
        assert drumless.describe() == song.describe()
        stems = separate(SONG, path)
        rest = np.rint(stems.drumless[:, 0] * 32768)
        np.testing.assert_array_equal(samples(drumless), rest)
        assert np.abs(samples(song) - rest).max() > 1000
    finally:
        drumless.close()
        song.close()
    assert not Path(drumless._folder.name).exists()


def done(maker: DrumlessMaker, song: Transcription, *, anew: bool) -> dict[str, Any]:
    state = maker.state(song, anew=anew)
    while state.keys() == {"progress"}:
        time.sleep(0.02)
        state = maker.state(song, anew=False)
    return state


@pytest.mark.parametrize("kind", ["path", "file object"])
def test_it_is_made_again_only_for_other_hits(path: Path, kind: str) -> None:
    source: Any = path if kind == "path" else io.BytesIO(path.read_bytes())
    maker = DrumlessMaker(source, "lossless")
    first = done(maker, SONG, anew=True)
    assert (first["made"], first["progress"]) == (1, 1.0)
    assert done(maker, SONG, anew=True) == first
    kicks = SONG["KD"]
    assert done(maker, kicks, anew=False) == first
    second = done(maker, kicks, anew=True)
    assert second["made"] == 2
    # A browser that does not know of the second still gets the first.
    one, other = maker.sound(1), maker.sound(2)
    assert one is not None
    assert other is not None
    assert np.abs(samples(one) - samples(other)).max() > 1000
    done(maker, SONG, anew=True)
    assert maker.sound(1) is None
    assert maker.sound("2") is None
    folder = Path(other._folder.name)  # type: ignore[attr-defined]
    assert folder.exists()
    maker.close()
    assert not folder.exists()


def test_why_there_is_none_is_told(path: Path, tmp_path: Path) -> None:
    maker = DrumlessMaker(tmp_path / "gone.wav", "lossless")
    assert "gone.wav" in done(maker, SONG, anew=True)["reason"]
    # After a repair it is tried again on demand.
    path.rename(tmp_path / "gone.wav")
    assert "reason" in maker.state(SONG, anew=False)
    assert done(maker, SONG, anew=True)["made"] == 2
    maker.close()
