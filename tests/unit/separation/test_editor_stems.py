"""What the widget plays when drums are turned down."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from adt_plugins.editor.sound import Sound
from adt_plugins.editor.stems import StemSounds
from tests.support.drum_tracks import HITS, RATE, chords, drum_track


def test_both_sounds_are_in_step_with_the_song(tmp_path: Path) -> None:
    mix = drum_track(HITS, RATE, 6) + chords(RATE, 6)
    path = tmp_path / "song.wav"
    soundfile.write(path, mix, RATE, subtype="PCM_16")
    song = Sound(path)
    stems = StemSounds(HITS.between(0, 6), path)
    try:
        assert stems.drums.describe() == song.describe()
        assert stems.drumless.describe() == song.describe()
        for number in range(len(song)):
            drums, rest, whole = (
                soundfile.read(io.BytesIO(sound.chunk(number)), dtype="int16")[0]
                for sound in (stems.drums, stems.drumless, song)
            )
            np.testing.assert_array_equal(drums.astype(int) + rest, whole)
            assert np.abs(drums).max() > 1000
    finally:
        stems.close()
        song.close()
    assert not Path(stems._folder.name).exists()
