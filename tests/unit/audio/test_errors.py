"""Files that are no audio, or cannot be read: one line each."""

from __future__ import annotations

import io
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import load_audio, open_audio
from adt_plugins.errors import AudioError, MissingDependencyError, install_command
from tests.support.audio import MUSIC, RATE, STEREO


def make_bad_files(folder: Path, audio_files: Path) -> None:
    rng = np.random.default_rng(1)
    rubbish = rng.integers(0, 256, 100_000, dtype=np.uint8).tobytes()
    wav = (audio_files / "a.wav").read_bytes()
    (folder / "folder.wav").mkdir()
    contents = {
        "empty.wav": b"",
        "empty.mp3": b"",
        "rubbish.mp3": rubbish,
        "rubbish.wav": rubbish,
        "rubbish.m4a": rubbish,
        "one frame.mp3": b"\xff\xfb\x90\x64" + rubbish,
        "tag.mp3": b"ID3\x03\x00\x00\x00\x00\x00\x10" + rubbish,
        "zeros.flac": bytes(50_000),
        "text.txt": b"Dear Sir or Madam\n" * 100,
        "page.mp3": b"<!DOCTYPE html><title>404</title>",
        "byte.wav": b"R",
        "raw.raw": rubbish,
        "playlist.m3u8": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/a.ts\n",
        "no samples.wav": wav[:40] + bytes(4),
        "header.flac": (audio_files / "a.flac").read_bytes()[:200],
        "header.m4a": struct.pack(">I4s", 24, b"ftyp") + b"M4A " + bytes(12),
        "bad.mkv": b"\x1a\x45\xdf\xa3" + rubbish,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name, value in (
        ("nan.wav", np.nan),
        ("inf.wav", np.inf),
        ("-inf.wav", -np.inf),
    ):
        samples = STEREO.copy()
        samples[88200 + 441, 1] = value
        soundfile.write(folder / name, samples, RATE, subtype="FLOAT")
    soundfile.write(folder / "slow.wav", MUSIC[:1000], 500)


BAD = {
    "missing.wav": "no such file",
    "missing folder/a.wav": "no such file",
    "folder.wav": "is a folder",
    "empty.wav": "is empty",
    "empty.mp3": "is empty",
    "rubbish.mp3": "not an audio file",
    "rubbish.wav": "not an audio file",
    "rubbish.m4a": "not an audio file",
    "one frame.mp3": "not an audio file",
    "tag.mp3": "not an audio file",
    "zeros.flac": "not an audio file",
    "text.txt": "not an audio file",
    "page.mp3": "not an audio file",
    "byte.wav": "not an audio file",
    "raw.raw": "not an audio file",
    "playlist.m3u8": "not an audio file",
    "no samples.wav": "holds no samples",
    "header.flac": "nothing in it could be decoded",
    "header.m4a": "cut short: its index, which MP4 has at the end, is missing",
    "bad.mkv": "not Matroska or WebM that can be read",
    "nan.wav": "has a NaN or infinite sample at 2.010 s",
    "inf.wav": "has a NaN or infinite sample at 2.010 s",
    "-inf.wav": "has a NaN or infinite sample at 2.010 s",
    "slow.wav": "has 500 samples a second; 1000 to 1000000 can be read",
}


@pytest.fixture(scope="module")
def bad_files(audio_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    make_bad_files(folder, audio_files)
    return folder


@pytest.mark.parametrize("name", BAD)
def test_bad_files(
    name: str, bad_files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if name.endswith((".m4a", ".mkv")):
        pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    with pytest.raises(AudioError) as caught:
        load_audio(bad_files / name)
    assert str(caught.value) == f"{bad_files / name}: {BAD[name]}"
    assert capfd.readouterr() == ("", "")
    if (bad_files / name).is_file():
        memory = io.BytesIO((bad_files / name).read_bytes())
        with pytest.raises(AudioError) as caught:
            load_audio(memory)
        assert str(caught.value) == f"audio: {BAD[name]}"


def test_a_name_of_two_lines() -> None:
    with pytest.raises(AudioError) as caught:
        open_audio("two\nlines.wav")
    assert str(caught.value) == "two lines.wav: no such file"


@pytest.mark.skipif(os.name == "nt", reason="not on this system: no POSIX permissions")
def test_permission_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything

        def refuse(*_: Any, **__: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError) as caught:
        open_audio(path)
    assert str(caught.value) == f"{path}: permission denied"


def test_no_audio_stream(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    path = tmp_path / "silent movie.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        picture = av.VideoFrame(64, 64, "yuv420p")
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError) as caught:
        open_audio(path)
    assert str(caught.value) == f"{path}: no audio stream"


def test_without_pyav(
    audio_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "song.m4a"
    path.write_bytes(struct.pack(">I4s", 24, b"ftyp") + b"M4A " + bytes(12))
    with pytest.raises(MissingDependencyError) as missing:
        open_audio(path)
    assert str(missing.value) == (
        f"{path}: reading MP4 needs PyAV: {install_command('PyAV', 'av')}"
    )
    # libsndfile's formats do not need PyAV, and their errors do not name it.
    assert len(load_audio(audio_files / "a.flac")) == 441000
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"fLaC" + bytes(1000))
    with pytest.raises(AudioError) as caught:
        open_audio(broken)
    assert str(caught.value).startswith(f"{broken}: damaged")


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.zeros(0), RATE, "holds no samples"),
        (np.zeros((0, 2)), RATE, "holds no samples"),
        (np.zeros((2, 1000)), RATE, "samples of shape (2, 1000), not (n, channels)"),
        (np.zeros((2, 2, 2)), RATE, "samples of shape (2, 2, 2)"),
        (np.zeros(()), RATE, "samples of shape ()"),
        (np.zeros((5, 0)), RATE, "samples of shape (5, 0)"),
        (np.zeros(10, np.int64), RATE, "samples of type int64"),
        (np.zeros(10, bool), RATE, "samples of type bool"),
        (np.zeros(10, complex), RATE, "samples of type complex128"),
        (np.zeros(10), 0, "has 0 samples a second"),
        (np.zeros(10), -44100, "has -44100 samples a second"),
        (np.zeros(10), 44100.5, "44100.5 samples a second is not a whole number"),
        (np.full(10, np.nan), RATE, "has a NaN or infinite sample at 0.000 s"),
        (np.full(10, 1e300), RATE, "has a NaN or infinite sample at 0.000 s"),
    ],
)
def test_bad_arrays(samples: Any, rate: Any, reason: str) -> None:
    with pytest.raises(AudioError) as caught:
        load_audio((samples, rate))
    assert str(caught.value).startswith(f"samples: {reason}")
    assert "\n" not in str(caught.value)


def test_huge_samples_are_numbers() -> None:
    huge = np.full(100, 3e38, np.float32)  # their sum is infinite, they are not
    np.testing.assert_allclose(load_audio((huge, RATE)), huge, rtol=1e-6)


@pytest.mark.parametrize("source", [5, None, np.zeros(10), [0.0, 1.0]])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(TypeError, match=r"samples, sample rate"):
        open_audio(source)


def test_text_files_are_refused(audio_files: Path) -> None:
    with (
        (audio_files / "a.wav").open(encoding="latin-1") as file,
        pytest.raises(AudioError, match="is open as text"),
    ):
        open_audio(file)  # type: ignore[arg-type]
