"""The recording in a project has every sample, whatever its kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.annotations import Source
from adt_plugins.audio import load_audio
from adt_plugins.base.hashing import sha256
from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.media import Media, place_recording
from adt_plugins.transcription import Transcription
from tests.support.audacity.projects import SONG, XML, audio_of, parse
from tests.support.audio import encode, music, noise


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_16", 44100, 1),
        ("a.wav", "PCM_24", 48000, 2),
        ("a.wav", "FLOAT", 22050, 6),
        ("a.wav", "PCM_U8", 8000, 1),
        ("a.aiff", "PCM_24", 96000, 2),
        ("a.rf64", "PCM_16", 44100, 2),
        ("a.w64", "PCM_16", 44100, 2),
        ("a.wav", "IMA_ADPCM", 44100, 2),
        ("a.flac", "PCM_16", 44100, 2),
        ("a.flac", "PCM_24", 48000, 1),
        ("a.ogg", "VORBIS", 48000, 2),
        ("a.mp3", "MPEG_LAYER_III", 44100, 2),
    ],
)
def test_recordings(
    tmp_path: Path, name: str, subtype: str, rate: int, channels: int
) -> None:
    path = tmp_path / name
    samples = noise(2 * rate * channels).reshape(-1, channels)
    soundfile.write(path, samples, rate, subtype=subtype)
    placed = place_recording(path, tmp_path / "audio", warn=pytest.fail)
    suffix = path.suffix if path.suffix in (".aiff", ".w64") else ".wav"
    assert placed.name == f"audio{suffix}"
    assert (placed.sample_rate, placed.channels) == (rate, channels)
    there = tmp_path / placed.name
    as_it_is = name not in ("a.flac", "a.ogg", "a.mp3") and subtype != "IMA_ADPCM"
    assert there.samefile(path) == as_it_is
    wanted, _ = soundfile.read(path, always_2d=True)
    got, got_rate = soundfile.read(there, always_2d=True)
    assert got_rate == rate
    assert placed.frames == len(got)
    assert np.array_equal(got, wanted)
    assert placed.is_16_bit == (subtype in ("PCM_16", "PCM_U8"))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("b.m4a", "alac"), ("a.mp3", "libmp3lame")]
)
def test_a_recording_lies_where_it_was_transcribed(
    tmp_path: Path, name: str, codec: str
) -> None:
    pytest.importorskip("av")
    path = tmp_path / name
    encode(path, music(2.0), codec)
    placed = place_recording(path, tmp_path / "audio", warn=pytest.fail)
    assert (placed.name, placed.sample_rate, placed.channels) == ("audio.wav", 44100, 2)
    got, _ = soundfile.read(tmp_path / "audio.wav", always_2d=True)
    wanted = load_audio(path)
    assert placed.frames == len(got) == len(wanted)
    assert np.abs(got.mean(axis=1) - wanted).max() < 1e-6


@pytest.mark.parametrize("dtype", ["int16", "float32", "uint8"])
def test_recordings_in_memory(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(1)
    values: dict[str, NDArray[Any]] = {
        "int16": rng.integers(-(2**15), 2**15, (5000, 2)).astype(np.int16),
        "uint8": rng.integers(0, 256, (5000, 2)).astype(np.uint8),
        "float32": rng.uniform(-2, 2, (5000, 2)).astype(np.float32),
    }
    wanted = {
        "int16": values["int16"] / 2**15,
        "uint8": (values["uint8"].astype(float) - 128) / 128,
        "float32": values["float32"],
    }
    placed = place_recording((values[dtype], 32000), tmp_path / "a", warn=pytest.fail)
    assert placed == Media("a.wav", 32000, 2, 5000, dtype != "float32")
    got, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 32000
    assert np.array_equal(got, wanted[dtype])


def test_a_file_object(tmp_path: Path, wav: Path) -> None:
    with wav.open("rb") as file:
        placed = place_recording(file, tmp_path / "a", warn=pytest.fail)
    assert placed == Media("a.wav", 44100, 2, 7 * 44100, is_16_bit=True)
    got, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert np.array_equal(got, soundfile.read(wav, dtype="int16")[0])


def test_a_copy_where_there_are_no_links(
    tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    link = tmp_path / "link.wav"
    link.symlink_to(wav)
    place_recording(link, tmp_path / "a", warn=pytest.fail)
    assert not (tmp_path / "a.wav").is_symlink()
    assert not (tmp_path / "a.wav").samefile(wav)
    assert (tmp_path / "a.wav").read_bytes() == wav.read_bytes()


def test_a_damaged_recording_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(441000), 44100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    got: list[str] = []
    placed = place_recording(path, tmp_path / "audio", warn=got.append)
    assert 4 < placed.frames / 44100 < 6
    assert len(got) == 1
    assert "damaged" in got[0]


def test_recordings_joined_end_to_end_are_shown_as_one(
    tmp_path: Path, wav: Path
) -> None:
    """Audacity reads the first WAV file alone."""
    frames = soundfile.info(wav).frames
    wav.write_bytes(wav.read_bytes() * 2)
    media = place_recording(wav, tmp_path / "song", warn=lambda _: None)
    assert media.frames == soundfile.info(tmp_path / media.name).frames == 2 * frames


@pytest.mark.slow
def test_a_long_recording_needs_no_memory(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("not on this system: there is no resource module")
    grown = []
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from adt_plugins.formats.audacity_project.media import place_recording\n"
        "place_recording(sys.argv[1], Path(sys.argv[2]), warn=print)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    for minutes in (1, 10):
        path, target = tmp_path / "a.flac", tmp_path / f"audio{minutes}"
        soundfile.write(path, np.zeros(minutes * 60 * 44100, np.int16), 44100)
        done = subprocess.run(
            [sys.executable, "-c", code, path, target],
            capture_output=True,
            text=True,
            check=True,
        )
        grown.append(int(done.stdout))
        assert soundfile.info(f"{target}.wav").duration == minutes * 60
    assert grown[1] - grown[0] < 10_000  # kB; the whole would be 53,000


def test_more_than_a_wav_header_can_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "adt_plugins.formats.audacity_project.media._LARGEST_WAV", 100_000
    )
    path = tmp_path / "a.flac"
    soundfile.write(path, music(2.0), 44100, subtype="PCM_16")
    place_recording(path, tmp_path / "audio", warn=pytest.fail)
    assert (tmp_path / "audio.wav").read_bytes()[:4] == b"RF64"
    got, _ = soundfile.read(tmp_path / "audio.wav", dtype="int16")
    assert np.array_equal(got, soundfile.read(path, dtype="int16")[0])


# Which recording


def test_the_recording_of_the_transcription(tmp_path: Path, wav: Path) -> None:
    source = Source(path=str(wav), sha256=sha256(wav))
    song = Transcription(SONG.onsets, source=source)
    path = tmp_path / "x.drums.aup"
    formats.write(song, path)
    assert audio_of(path).samefile(wav)
    assert parse(path).find(f"{XML}wavetrack[@name='song']") is not None
    other = tmp_path / "y.drums.aup"
    wav.write_bytes(wav.read_bytes() + b"x")
    with pytest.raises(
        FormatError,
        match=r"y\.drums\.aup: needs the recording, and .*"
        r"song\.wav has changed since",
    ):
        formats.write(song, other)
    wav.unlink()
    with pytest.raises(FormatError, match=r"song\.wav is gone"):
        formats.write(song, other)
    with pytest.raises(FormatError, match="it is not known which that is"):
        formats.write(SONG, other)
    assert not other.exists()
    assert not (tmp_path / "y.drums_data").exists()
