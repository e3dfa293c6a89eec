"""Folders for Paradiddle."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins import AdtWarning, formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription

LEVELS = ("Expert", "Hard", "Medium", "Easy")
CLASSES = {
    Drum.KD: "BP_Kick_C",
    Drum.SD: "BP_Snare_C",
    Drum.CHH: "BP_HiHat_C",
    Drum.OHH: "BP_HiHat_C",
    Drum.HIT: "BP_Tom1_C",
    Drum.MHT: "BP_Tom2_C",
    Drum.LFT: "BP_FloorTom_C",
    Drum.CRC: "BP_Crash15_C",
    Drum.RDC: "BP_Ride17_C",
    Drum.CHC: "BP_China15_C",
}
SONG = Transcription(
    tuple(
        Onset(0.5 + n / 2, drum, 30 + 9 * n)
        for n, drum in enumerate((*CLASSES, Drum.SD))
    ),
    tuple(Beat(0.5 + n / 2, n % 4 + 1) for n in range(12)),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "song.wav", np.zeros((8000 * 7, 2)), 8000)
    folder = tmp_path / "song.paradiddle"
    paths = formats.write(SONG, folder, audio=tmp_path / "song.wav")
    assert sorted(path.name for path in paths) == sorted(
        [f"song.paradiddle_{level}.rlrr" for level in LEVELS] + ["song.ogg"]
    )
    return folder


def content(folder: Path, level: str = "Expert") -> dict[str, Any]:
    text = (folder / f"{folder.name}_{level}.rlrr").read_text(encoding="utf-8")
    written: dict[str, Any] = json.loads(text)
    return written


def test_every_hit_is_on_its_drum(folder: Path) -> None:
    written = content(folder)
    kinds = {entry["name"]: entry["class"] for entry in written["instruments"]}
    hits = [
        (float(event["time"]), kinds[event["name"]], event["vel"])
        for event in written["events"]
    ]
    wanted: list[Any] = [
        (pytest.approx(o.time, abs=1e-4), CLASSES[o.drum], o.velocity) for o in SONG
    ]
    assert hits == wanted
    assert all(isinstance(event["time"], str) for event in written["events"])
    assert written["bpmEvents"][0] == {"bpm": pytest.approx(120), "time": 0.0}


def test_what_the_game_shows(folder: Path) -> None:
    about = content(folder)["recordingMetadata"]
    assert about["title"] == "song"
    assert about["length"] == pytest.approx(7, abs=0.01)
    assert [
        content(folder, level)["recordingMetadata"]["complexity"] for level in LEVELS
    ] == [4, 3, 2, 1]
    sound = content(folder)["audioFileData"]["songTracks"]
    assert sound == ["song.ogg"]
    info = soundfile.info(folder / sound[0])
    assert (info.subtype, info.samplerate, info.channels) == ("VORBIS", 48000, 2)


def test_easier_levels_have_fewer_hits(folder: Path) -> None:
    times = [{e["time"] for e in content(folder, level)["events"]} for level in LEVELS]
    assert all(fewer <= more for more, fewer in pairwise(times))
    assert len(times[0]) == 11


def test_it_reads_back(folder: Path) -> None:
    for path in (folder, folder / "song.paradiddle_Expert.rlrr"):
        back = formats.read(path)
        times = [onset.time for onset in back]
        assert times == pytest.approx([onset.time for onset in SONG], abs=1e-4)
        drums = [Drum.HH if o.drum is Drum.OHH else o.drum for o in SONG]
        drums = [Drum.HH if drum is Drum.CHH else drum for drum in drums]
        assert [onset.drum for onset in back] == drums
        assert [o.velocity for o in back] == [o.velocity for o in SONG]


def test_instruments_of_other_kits_are_left_out(folder: Path) -> None:
    path = folder / "song.paradiddle_Easy.rlrr"
    written = content(folder, "Easy")
    written["events"] = [
        {"name": "BP_Crash17_C_4", "vel": 0, "loc": 0, "time": 1.5},
        {"name": "mine", "vel": 90, "loc": 0, "time": "2"},
        {"name": "BP_Gong_C_1", "vel": 90, "loc": 0, "time": "3"},
        {"bpm": 120, "time": 0},
    ]
    written["instruments"].append({"name": "mine", "class": "BP_Ride20_C"})
    path.write_text(json.dumps(written))
    with pytest.warns(AdtWarning, match="no drum of a kit: 'BP_Gong_C_1'"):
        back = formats.read(path)
    assert [(o.time, o.drum, o.velocity) for o in back] == [
        (1.5, Drum.CRC, 1),
        (2.0, Drum.RDC, 90),
    ]


def event(time: str, velocity: str) -> str:
    return (
        '{"instruments": [], "events":'
        f' [{{"name": "BP_Kick_C", "time": {time}, "vel": {velocity}}}]}}'
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"instruments": 3}'),
        *(event('"x"', "9"), event("1e999", "9"), event("1", "1e999")),
    ],
)
def test_what_is_no_file_of_the_game(text: str, tmp_path: Path) -> None:
    path = tmp_path / "song.rlrr"
    path.write_text(text)
    with pytest.raises(FormatError, match=re.escape(str(path))):
        formats.read(path)


def test_a_pedal_hat_has_no_drum(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    song = Transcription((*SONG, Onset(1.0, Drum.PHH)), SONG.beats)
    with pytest.warns(AdtWarning, match="no drum or no hand for: 'PHH'"):
        formats.write(song, tmp_path / "a.paradiddle", audio=tmp_path / "a.wav")
