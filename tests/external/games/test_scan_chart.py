"""Charts as scan-chart reads them, which is tested to read what Clone Hero does.

``npm ci`` in ``tests/support/games`` installs it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription

READER = Path(__file__).parents[2] / "support" / "games" / "scan.js"
LEVELS = ("expert", "hard", "medium", "easy")
LOWEST = dict(zip(LEVELS, (96, 84, 72, 60), strict=True))

DOUBLE, TOM, CYMBAL, GHOST, ACCENT = 8, 16, 32, 512, 1024
"""Flags of a note; its type is the pad, the kick being 12."""
PADS = {
    Drum.KD: (12, 0),
    Drum.SD: (13, TOM),
    Drum.SST: (13, TOM),
    Drum.CHH: (14, CYMBAL),
    Drum.OHH: (15, CYMBAL),
    Drum.RDC: (15, CYMBAL),
    Drum.CRC: (16, CYMBAL),
    Drum.CHC: (16, CYMBAL),
    Drum.HIT: (14, TOM),
    Drum.MHT: (15, TOM),
    Drum.HFT: (16, TOM),
    Drum.LFT: (16, TOM),
}
# The drum that our reader makes of each pad.
DRUMS = {
    (12, 0): Drum.KD,
    (13, TOM): Drum.SD,
    (14, CYMBAL): Drum.HH,
    (14, TOM): Drum.HIT,
    (15, CYMBAL): Drum.RDC,
    (15, TOM): Drum.MHT,
    (16, CYMBAL): Drum.CRC,
    (16, TOM): Drum.LFT,
}
SOME = (
    *(Drum.RDC, Drum.CRC, Drum.OHH, Drum.HIT, Drum.MHT, Drum.HFT, Drum.LFT),
    *(Drum.CHC, Drum.SST),
)
VELOCITIES = (90, 120, 30)
SECONDS = 320


def scan(folder: Path) -> dict[str, Any]:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    if not READER.with_name("node_modules").is_dir():
        pytest.skip(f"npm ci was not run in {READER.parent}")
    run = subprocess.run(
        ["node", str(READER), str(folder)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    scanned_song: dict[str, Any] = json.loads(run.stdout)
    return scanned_song


def notes_of(parsed: dict[str, Any], level: str) -> list[tuple[float, int, int]]:
    """Return time in seconds, pad and flags of each note of a level."""
    (track,) = (t for t in parsed["trackData"] if t["difficulty"] == level)
    assert track["instrument"] == "drums"
    return sorted(
        (note["msTime"] / 1000, note["type"], note["flags"])
        for group in track["noteEventGroups"]
        for note in group
    )


@pytest.fixture(scope="module")
def song() -> Transcription:
    """Return five minutes of a band that speeds up unsteadily."""
    rng = np.random.default_rng(5)
    steps = 60 / (np.linspace(101.3, 117.9, 560) + rng.normal(0, 1.5, 560))
    times = 0.4 + np.concatenate([[0], np.cumsum(steps)])
    assert times[-1] > 300
    onsets = []
    for n, (at, after) in enumerate(pairwise(times)):
        step = (after - at) / 4
        onsets += [
            Onset(at, Drum.SD if n % 2 else Drum.KD, 100),
            Onset(at, Drum.CHH, 90),
            Onset(at + step, Drum.KD, 90),
            Onset(at + 2 * step, SOME[n % len(SOME)], VELOCITIES[n % 4 % 3]),
            Onset(at + 3 * step, Drum.SD, 30),
        ]
    beats = tuple(Beat(time, n % 4 + 1) for n, time in enumerate(times))
    return Transcription(tuple(onsets), beats)


@pytest.fixture(scope="module")
def folder(song: Transcription, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games")
    soundfile.write(folder / "song.wav", np.zeros(8000 * SECONDS), 8000)
    formats.write(song, folder / "song.chart", audio=folder / "song.wav")
    return folder / "song.chart"


@pytest.fixture(scope="module")
def scanned(folder: Path) -> dict[str, Any]:
    return scan(folder)


@pytest.mark.parametrize("form", ["chart", "mid"])
def test_every_hit_is_where_it_was_played(
    song: Transcription, scanned: dict[str, Any], form: str
) -> None:
    """After five minutes notes are still within 1 ms, with their pads and loudness."""
    scanned_song = notes_of(scanned[form], "expert")
    want = []
    for onset in song:
        pad, flags = PADS[onset.drum]
        if pad != 12 and onset.velocity >= 115:
            flags |= ACCENT
        if pad != 12 and onset.velocity <= 45:
            flags |= GHOST
        want.append((onset.time, pad, flags))
    want.sort()
    assert len(scanned_song) == len(want) > 2700
    for got, wanted in zip(scanned_song, want, strict=True):
        assert got[1] == wanted[1]
        assert got[2] & ~DOUBLE == wanted[2]
        assert got[0] == pytest.approx(wanted[0], abs=0.001)
    assert {pad for _, pad, flags in scanned_song if flags & DOUBLE} == {12}


def test_both_files_hold_the_same(scanned: dict[str, Any]) -> None:
    for level in LEVELS:
        chart, midi = (notes_of(scanned[form], level) for form in ("chart", "mid"))
        assert [note[1:] for note in chart] == [note[1:] for note in midi]
        off = np.array([note[0] for note in chart]) - [note[0] for note in midi]
        assert np.abs(off).max() < 0.001
    # It leaves the bracket at the end of a name in MIDI.
    names = [
        [section["name"].rstrip("]") for section in scanned[form]["sections"]]
        for form in ("chart", "mid")
    ]
    assert names[0] == names[1]
    assert names[0][:2] == ["Bar 1", "Bar 9"]


@pytest.mark.parametrize("form", ["chart", "mid"])
def test_each_level_has_some_of_the_notes_of_the_one_above(
    scanned: dict[str, Any], form: str
) -> None:
    levels = [set(notes_of(scanned[form], level)) for level in LEVELS]
    for more, fewer in pairwise(levels):
        assert fewer < more
    beats = 560
    assert 0.9 * beats < len(levels[-1]) <= beats  # also where the band drifts


def test_the_game_would_play_it(scanned: dict[str, Any]) -> None:
    scanned_song = scanned["scanned"]
    assert scanned_song["playable"]
    assert scanned_song["pro_drums"]
    assert scanned_song["song_length"] == 1000 * SECONDS
    issues = {issue["folderIssue"] for issue in scanned_song["folderIssues"]}
    # Both forms are there on purpose, and there is no picture.
    assert issues <= {"multipleChart", "noAlbumArt"}
    data = scanned_song["notesData"]
    assert data["instruments"] == ["drums"]
    assert data["has2xKick"]
    assert {issue["noteIssue"] for issue in data["chartIssues"]} <= {
        "smallLeadingSilence"  # the recording begins when it does
    }


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", ["chart", "mid"])
def test_our_reader_reads_the_same(
    folder: Path, scanned: dict[str, Any], tmp_path: Path, form: str, level: str
) -> None:
    """A file may have only one level, as many easy charts do."""
    alone = tmp_path / f"notes.{form}"
    if form == "chart":
        text = (folder / alone.name).read_text()
        for other in set(LEVELS) - {level}:
            text = text.replace(f"[{other.title()}Drums]", f"[Old{other}]")
        alone.write_text(text)
    else:
        keep_level(folder / alone.name, alone, level)
    want = [
        (time, DRUMS[pad, flags & (TOM | CYMBAL)], flags & (GHOST | ACCENT))
        for time, pad, flags in notes_of(scanned[form], level)
    ]
    got = [
        (
            onset.time,
            onset.drum,
            ACCENT if onset.velocity == 120 else GHOST if onset.velocity == 35 else 0,
        )
        for onset in formats.read(alone)
    ]
    assert len(got) == len(want)
    pads = {drum: index for index, drum in enumerate(DRUMS.values())}
    for scanned_song, wanted in zip(
        sorted(got, key=lambda note: (round(note[0], 4), pads[note[1]])),
        sorted(want, key=lambda note: (round(note[0], 4), pads[note[1]])),
        strict=True,
    ):
        assert scanned_song[1:] == wanted[1:]
        assert scanned_song[0] == pytest.approx(wanted[0], abs=0.0005)


def keep_level(path: Path, out: Path, level: str) -> None:
    """Copy a MIDI chart without the notes of the other levels."""
    file = mido.MidiFile(path)
    low = LOWEST[level]
    for track in file.tracks:
        kept, waited = [], 0
        for message in track:
            is_note = message.type in ("note_on", "note_off")
            if is_note and 60 <= message.note <= 100:
                top = level == "expert"
                inside = low - (1 if top else 0) <= message.note <= low + 4
                if not inside:
                    waited += message.time
                    continue
            kept.append(message.copy(time=message.time + waited))
            waited = 0
        track[:] = kept
    file.save(out)
