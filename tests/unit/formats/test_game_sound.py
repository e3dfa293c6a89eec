"""Sound and names of the song in folders for rhythm games."""

from __future__ import annotations

import configparser
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.base.files import OutputExistsError
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription

TIMES = np.arange(0.5, 3.5, 0.25)
HITS = tuple(Onset(time, Drum.KD) for time in TIMES)
BEATS = tuple(Beat(n / 2, n % 4 + 1) for n in range(8))


def test_the_game_shows_the_tags(tmp_path: Path) -> None:
    tags = {"title": "Song", "artist": "The Band", "album": "Süß", "genre": "Ska"}
    with soundfile.SoundFile(tmp_path / "x.flac", "w", 8000, 1) as file:
        for name, text in {**tags, "date": "2001-02-03"}.items():
            setattr(file, name, text)
        file.write(np.zeros(8000))
    song = Transcription(HITS, BEATS, Source(str(tmp_path / "x.flac")))
    formats.write(song, tmp_path / "x.chart")
    ini = configparser.ConfigParser()
    ini.read(tmp_path / "x.chart" / "song.ini", encoding="utf-8")
    wanted = {"name": tags.pop("title"), **tags, "year": "2001"}
    assert {key: ini["song"][key] for key in wanted} == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sounds"),
    [
        ("chart", ("song.opus", "drums.opus")),
        ("paradiddle", ("song.ogg", "drums.ogg")),
    ],
)
def test_drums_in_a_file_of_their_own(
    name: str, sounds: tuple[str, str], tmp_path: Path
) -> None:
    rate = 8000
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(4 * rate) / rate)
    drums = np.zeros(4 * rate)
    for time in TIMES:
        hit = np.exp(-np.arange(rate // 8) / 120) * np.sin(np.arange(rate // 8) / 15)
        drums[round(time * rate) :][: len(hit)] += 0.6 * hit
    sound = ((tone + drums).astype(np.float32), rate)
    song = Transcription(HITS, BEATS)
    folder = tmp_path / f"x.{name}"
    paths = formats.write(song, folder, audio=sound, drumless=True)
    assert {path.name for path in paths} >= set(sounds)
    rest, taken = (soundfile.read(folder / sound)[0][::6] for sound in sounds)
    assert np.std(taken - drums) < 0.5 * np.std(drums)
    assert np.std(rest + taken - tone - drums) < 0.02
    if name == "paradiddle":
        [level, *_] = folder.glob("*.rlrr")
        assert json.loads(level.read_text())["audioFileData"]["drumTracks"] == [
            "drums.ogg"
        ]
    # A game would play drums of an earlier run beside the whole song.
    paths = formats.write(song, folder, audio=sound)
    assert sorted(paths) == sorted(folder.iterdir())
    assert not (folder / sounds[1]).exists()
    (folder / sounds[1]).write_text("mine")
    with pytest.raises(OutputExistsError, match=sounds[1]):
        formats.write(song, folder, audio=sound)
