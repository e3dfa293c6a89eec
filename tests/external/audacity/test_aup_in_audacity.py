"""What the real Audacity makes of our projects, and we of its own."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.audacity_project.writer import write_project
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.tracks import LabelTrack, tracks_of
from adt_plugins.transcription import Transcription
from tests.support.audio import encode, noise

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

NAMES = LabelNames(
    {
        "Kick \"x\" <&> 'y'": "KD",
        "Snare 🥁": "SD",
        "tab\there": "CHH",
        "עברית": "OHH",
        "a = b; 1": "RDC",
    }
)


def many_onsets(count: int) -> tuple[Onset, ...]:
    """Return hits of all drums and velocities, at times with many decimals."""
    rng = random.Random(1)
    drums = list(Drum)
    odd = (0.0, 5e-324, 1e-9, 0.1 + 0.2, 3599.999999999, 86_399.1)
    times = [*odd, *(rng.uniform(0, 3600) for _ in range(count - len(odd)))]
    return tuple(Onset(t, rng.choice(drums), rng.randint(1, 127)) for t in times)


@pytest.mark.parametrize("text", ["name", "name+velocity"])
def test_5000_onsets_there_and_back(
    audacity: Audacity, tmp_path: Path, text: str
) -> None:
    recording = tmp_path / "song.wav"
    soundfile.write(recording, noise(44100 * 20), 44100)
    beats = tuple(Beat(0.1 + i / 3, i % 4 + 1) for i in range(200))
    labels = (Label(1.1, 2.2, 'verse "1" <&>\t🥁', "Form"), Label(3.3, 3.3, "", "Form"))
    song = Transcription(many_onsets(5000), beats, labels=labels)
    project, saved = tmp_path / "song.drums.aup", tmp_path / "song.drums.aup3"
    formats.write(song, project, audio=recording, text=text, names=NAMES)

    audacity.start(project)
    wanted = [track.name for track in tracks_of(song, text, NAMES)]
    assert len(wanted) == len(Drum) + 3
    shown = audacity.tracks(1 + len(wanted))
    assert [t["name"] for t in shown] == ["song", *wanted]
    assert [t["kind"] for t in shown] == ["wave"] + ["label"] * len(wanted)
    # The pipe prints times with six digits.
    printed = [
        (start, end, text)
        for _, labels in audacity.info("Labels")
        for start, end, text in labels
    ]
    meant = [x for track in tracks_of(song, text, NAMES) for x in track.labels]
    assert [text for *_, text in printed] == [x.text for x in meant]
    for (start, end, _), label in zip(printed, meant, strict=True):
        assert start == pytest.approx(label.start, rel=1e-5)
        assert end == pytest.approx(label.end, rel=1e-5)

    audacity.save(saved)
    got: list[str] = []
    read = formats.read(saved, names=NAMES, warn=got.append)  # it is still open
    audacity.stop()
    assert formats.read(saved, names=NAMES, warn=got.append) == read
    assert [(o.time, o.drum) for o in read] == [(o.time, o.drum) for o in song]
    if text == "name+velocity":
        assert read.onsets == song.onsets
    assert read.beats == song.beats
    assert read.labels == song.labels
    assert len(set(got)) == 1
    assert "kept as labels: 'verse" in got[0]


RECORDINGS = {
    "mono 16 bit.wav": (1, 44100, "PCM_16"),
    "stereo 16 bit.wav": (2, 44100, "PCM_16"),
    "24 bit, 48 kHz.wav": (2, 48000, "PCM_24"),
    'so "n" & <gs> ä 鼓.wav': (2, 44100, "FLOAT"),
    "a.aiff": (1, 96000, "PCM_24"),
    "long.rf64": (2, 44100, "PCM_16"),
    "three.w64": (3, 8000, "PCM_16"),
    "flac.flac": (2, 48000, "PCM_24"),
    "vorbis.ogg": (1, 22050, "VORBIS"),
    "mp3.mp3": (2, 44100, None),
    "aac.m4a": (2, 48000, None),
}


def test_recordings_of_all_kinds(audacity: Audacity, tmp_path: Path) -> None:
    """Every sample is in the project that Audacity saves."""
    audacity.start()
    for name, (channels, rate, subtype) in RECORDINGS.items():
        recording = tmp_path / name
        samples = noise(7 * rate * channels).reshape(-1, channels)
        if subtype is None:
            codec = "libmp3lame" if name == "mp3.mp3" else "aac"
            encode(recording, samples[:, 0].copy(), codec, rate=rate)
        else:
            soundfile.write(recording, samples, rate, subtype=subtype)
        song = Transcription((Onset(1.0, Drum.KD),))
        (project,) = formats.write_all(
            song, recording.stem, tmp_path, ["aup"], audio=recording
        )
        folder = project.with_name(f"{recording.stem}.drums_data")
        audio = next(folder.glob("audio-*"))
        wanted, _ = soundfile.read(audio, dtype="float32", always_2d=True)

        audacity.command(f'Import2: Filename="{quoted(project)}"')
        tracks = audacity.tracks(2 if channels < 3 else channels + 1)
        assert tracks[0]["channels"] == (channels if channels < 3 else 1), name
        assert tracks[0]["end"] == pytest.approx(len(wanted) / rate, rel=1e-5), name
        saved = tmp_path / f"{recording.suffix} {rate} {channels} {subtype}.aup3"
        audacity.save(saved)
        audacity.command("Close:")  # an empty project comes in its place
        for channel in range(channels):
            got = saved_samples(saved, channel, channels)
            assert np.array_equal(got, wanted[:, channel]), name


def test_an_hour(audacity: Audacity, tmp_path: Path) -> None:
    """The last sample and the last label of an hour are where they belong."""
    rate, frames = 8000, 3600 * 8000 + 1
    recording = tmp_path / "hour.wav"
    samples = np.tile(noise(100_003), frames // 100_003 + 1)[:frames]
    soundfile.write(recording, samples, rate)
    times = (0.0, 1234.567890123, 3600 - 1 / rate, frames / rate)
    song = Transcription(tuple(Onset(t, Drum.SD, 99) for t in times))
    project, saved = tmp_path / "hour.aup", tmp_path / "hour.aup3"
    formats.write(song, project, audio=recording)
    audacity.start(project)
    audacity.tracks(2)
    audacity.save(saved)
    read = formats.read(saved, warn=pytest.fail)
    assert tuple(onset.time for onset in read) == times
    audacity.stop()
    wanted, _ = soundfile.read(recording, dtype="float32")
    assert np.array_equal(saved_samples(saved, 0, 1), wanted)


def quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def saved_samples(path: Path, channel: int, channels: int) -> NDArray[np.float32]:
    """Return a channel's samples from the database; blocks come channel by channel."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT sampleformat, samples FROM sampleblocks ORDER BY blockid"
        ).fetchall()
    count = len(rows) // channels
    blocks = [
        np.frombuffer(data, np.int16).astype(np.float32) / 2**15
        if form == 0x00020001
        else np.frombuffer(data, np.float32)
        for form, data in rows[channel * count : (channel + 1) * count]
    ]
    return np.concatenate(blocks)


def test_corrections_come_back(audacity: Audacity, tmp_path: Path) -> None:
    song = Transcription((Onset(1.0, Drum.KD, 90), Onset(2.0, Drum.SD, 80)))
    project = tmp_path / "song.drums.aup"
    tracks = tracks_of(song, "name+velocity", LabelNames())
    write_project(project, tracks)
    audacity.start(project)
    audacity.tracks(2)
    audacity.command('SetLabel: Label=0 Text="Snare 33" Start=1.25 End=1.25')
    saved = tmp_path / "song.drums.aup3"
    audacity.save(saved)
    corrected = (Onset(1.25, Drum.SD, 33), Onset(2.0, Drum.SD, 80))
    assert formats.read(saved, warn=pytest.fail).onsets == corrected
    audacity.command('SetLabel: Label=0 Text="Kick 44"')
    time.sleep(1)  # it writes what is not saved into the same file
    got: list[str] = []
    assert formats.read(saved, warn=got.append).onsets == corrected
    assert got == [
        f"{saved}: has changed labels that were not saved; these are as saved"
    ]
    files = formats.convert(saved, ["json", "labels"], warn=got.append)
    assert [path.name for path in files] == ["song.drums.json", "song.labels.txt"]
    assert formats.read(files[0]).onsets == corrected


def test_tracks_without_labels(audacity: Audacity, tmp_path: Path) -> None:
    project = write_project(tmp_path / "a.aup", [LabelTrack("Kick", ())])
    audacity.start(project)
    audacity.tracks(1)
    audacity.save(tmp_path / "a.aup3")
    assert len(formats.read(tmp_path / "a.aup3", warn=pytest.fail)) == 0
