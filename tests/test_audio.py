"""Audio in: every kind of file, damaged ones, and what is no audio at all."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.audio import AudioInfo, load_audio, open_audio
from adt_plugins.audio.sniff import sniff
from adt_plugins.errors import AudioError, MissingDependencyError

from .make_audio import RATE, Floats, encode, lag, music, noise, sweep

MUSIC = music(10.0)
STEREO = np.stack((MUSIC, 0.5 * MUSIC), axis=1)
MONO = 0.75 * MUSIC


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same ten seconds in every format."""
    folder = tmp_path_factory.mktemp("audio files with ümlauts")
    for name in ("wav", "flac", "ogg", "mp3", "aiff", "w64", "caf", "au"):
        soundfile.write(folder / f"a.{name}", STEREO, RATE)
    for subtype in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"):
        soundfile.write(folder / f"{subtype}.wav", STEREO, RATE, subtype=subtype)
    return folder


@pytest.fixture(scope="module")
def av_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds that rise, in the formats that PyAV reads."""
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    folder = tmp_path_factory.mktemp("av")
    at_44, at_48 = sweep(10.0), sweep(10.0, rate=48000)
    encode(folder / "a.m4a", at_44, "aac")
    encode(folder / "alac.m4a", at_44, "alac")
    encode(folder / "a.aac", at_44, "aac")
    encode(folder / "48000.m4a", at_48, "aac", rate=48000)
    encode(folder / "a.mp4", at_44, "aac", video=True)
    encode(folder / "a.mkv", at_48, "libopus", rate=48000, video=True)
    encode(folder / "a.webm", at_48, "libopus", rate=48000)
    encode(folder / "late.mp4", at_44, "aac", video=True, delay=0.5)
    encode(folder / "late.mkv", at_48, "flac", rate=48000, video=True, delay=0.5)
    encode(folder / "a.mp3", at_44, "libmp3lame")
    bare = {"write_xing": "0", "id3v2_version": "0"}
    encode(folder / "bare.mp3", at_44, "libmp3lame", options=bare)
    return folder


# What is read is what was written


@pytest.mark.parametrize(
    ("name", "error"),
    [
        # libsndfile cuts off what it does not round: a step of 16 bits.
        ("a.wav", 3.1e-5),
        ("a.flac", 3.1e-5),
        ("a.aiff", 3.1e-5),
        ("a.w64", 3.1e-5),
        ("a.caf", 3.1e-5),
        ("a.au", 3.1e-5),
        ("PCM_U8.wav", 8e-3),
        ("PCM_24.wav", 1e-6),
        ("PCM_32.wav", 1e-6),
        ("FLOAT.wav", 1e-7),
        ("DOUBLE.wav", 1e-7),
        ("ULAW.wav", 2e-2),
    ],
)
def test_lossless_files(name: str, error: float, files: Path) -> None:
    samples = load_audio(files / name)
    assert samples.dtype == np.float32
    assert samples.shape == MONO.shape
    assert np.abs(samples - MONO).max() <= error
    stored, _ = soundfile.read(files / name)
    np.testing.assert_allclose(samples, stored.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_lossy_files_are_in_time(name: str, files: Path) -> None:
    samples = load_audio(files / name)
    assert samples.shape == MONO.shape
    assert lag(samples, MONO) == 0
    assert np.corrcoef(samples, MONO)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("name", "samples", "late"),
    [
        ("a.m4a", 441000, 0),
        ("alac.m4a", 441000, 0),
        ("48000.m4a", 441000, 0),
        ("a.mp4", 441000, 0),
        ("a.mkv", 441000, 0),
        ("a.webm", 441000, 0),
        ("late.mp4", 463050, 22050),
        ("late.mkv", 463050, 22050),
        ("a.mp3", 441000, 0),
        # These do not say how long their encoder's delay is.
        ("a.aac", 442368, 1024),
        ("bare.mp3", 442368, 1105),
    ],
)
def test_compressed_files_are_in_time(
    name: str, samples: int, late: int, av_files: Path
) -> None:
    with open_audio(av_files / name) as reader:
        decoded = np.concatenate(list(reader))
    assert reader.warnings == []
    # The last frame may be filled up, and a video's times are rounded.
    assert abs(len(decoded) - samples) <= 1200
    assert abs(lag(decoded, sweep(10.0)) - late) <= (50 if "late" in name else 1)
    assert np.abs(decoded[:late]).max(initial=0.0) < 0.51


def test_info(files: Path, av_files: Path) -> None:
    wav = files / "a.wav"
    with open_audio(wav) as reader:
        assert reader.info == AudioInfo(str(wav), RATE, 2, 441000)
        assert reader.duration == 0.0
        assert reader.position == 0.0
        for _ in reader:
            pass
        assert reader.duration == 10.0
        assert reader.position == 1.0
    with open_audio(av_files / "48000.m4a") as reader:
        assert reader.info == AudioInfo(str(av_files / "48000.m4a"), 48000, 2, 480000)
    with open_audio(av_files / "bare.mp3") as reader:
        assert reader.info.frames is None
        positions = [reader.position or 0.0 for _ in reader]
    # By libsndfile's guess; 65536 samples are 0.148 of it.
    np.testing.assert_allclose(positions[:6], np.arange(1, 7) * 0.148, atol=0.002)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 44099, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_rates_and_channels(rate: int, channels: int, tmp_path: Path) -> None:
    tone = sweep(3.0, rate=rate)
    parts = np.linspace(0.0, 2.0, channels) if channels > 1 else np.ones(1)
    path = tmp_path / "a.wav"
    soundfile.write(path, tone[:, None] * parts, rate, subtype="FLOAT")
    samples = load_audio(path)
    expected = sweep(3.0)
    assert abs(len(samples) - len(expected)) <= 1
    inner = slice(4410, -4410)
    assert np.abs(samples[inner] - expected[: len(samples)][inner]).max() < 1e-3
    array = load_audio(((tone[:, None] * parts).astype(np.float32), rate))
    np.testing.assert_allclose(array, samples, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 100, 440])
@pytest.mark.parametrize("rate", [8000, RATE, 96000])
def test_a_few_samples(count: int, rate: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(count, 0.5), rate)
    assert len(load_audio(path)) == max(1, round(count * RATE / rate))


def test_blocks_are_small(files: Path) -> None:
    for source in (files / "a.wav", files / "a.mp3", (STEREO, RATE)):
        with open_audio(source) as reader:
            sizes = [len(block) for block in reader]
        assert len(sizes) == 7
        assert max(sizes) <= 65536
        assert sum(sizes) == 441000


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [
        (np.float32, 1.0),
        (np.float64, 1.0),
        (np.float16, 1.0),
        (np.int16, 2**15),
        (np.int32, 2**31),
    ],
)
def test_arrays(dtype: type, scale: float) -> None:
    samples: NDArray[Any] = (MUSIC * scale).astype(dtype)
    np.testing.assert_allclose(load_audio((samples, RATE)), MUSIC, atol=1e-3)
    stereo: NDArray[Any] = (STEREO * scale).astype(dtype)
    np.testing.assert_allclose(load_audio((stereo, RATE)), MONO, atol=1e-3)


def test_unsigned_bytes() -> None:
    samples = np.array([0, 128, 255], np.uint8)
    np.testing.assert_array_equal(load_audio((samples, RATE)), [-1, 0, 127 / 128])


def test_arrays_keep_their_values() -> None:
    samples = MUSIC.copy()
    load_audio((samples, RATE))[:] = 0.0
    np.testing.assert_array_equal(samples, MUSIC)


def test_silence_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), RATE)
    np.testing.assert_array_equal(load_audio(tmp_path / "a.wav"), np.zeros(1000))


# Names and file objects


def test_all_kinds_of_names(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_audio(files / "a.flac")
    monkeypatch.chdir(files)
    for name in ("a.flac", Path("a.flac"), b"a.flac", str(files / "a.flac")):
        np.testing.assert_array_equal(load_audio(name), expected)
    with open_audio(b"a.flac") as reader:
        assert reader.info.path == "a.flac"


@pytest.mark.parametrize("name", ["Größe 5.wav", "日本 語.m4a", "100%d.m4a", "a:b.m4a"])
def test_names_that_programs_stumble_over(
    name: str, files: Path, av_files: Path, tmp_path: Path
) -> None:
    if os.name == "nt" and set(name) & set(":%"):
        pytest.skip("not a name on Windows")
    original = files / "a.wav" if name.endswith("wav") else av_files / "a.m4a"
    path = tmp_path / name
    path.write_bytes(original.read_bytes())
    np.testing.assert_array_equal(load_audio(path), load_audio(original))


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
def test_names_that_are_not_utf8(files: Path, av_files: Path, tmp_path: Path) -> None:
    for original in (files / "a.wav", files / "a.mp3", av_files / "a.m4a"):
        path = tmp_path / os.fsdecode(b"Gr\xf6\xdfe" + os.fsencode(original.suffix))
        path.write_bytes(original.read_bytes())
        np.testing.assert_array_equal(load_audio(path), load_audio(original))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_file_objects(name: str, files: Path) -> None:
    expected = load_audio(files / name)
    memory = io.BytesIO((files / name).read_bytes())
    memory.seek(100)
    with open_audio(memory) as reader:
        assert reader.info.path is None
        np.testing.assert_array_equal(np.concatenate(list(reader)), expected)
    assert not memory.closed
    with (files / name).open("rb") as file:
        np.testing.assert_array_equal(load_audio(file), expected)
        assert not file.closed


def test_file_objects_for_pyav(av_files: Path) -> None:
    expected = load_audio(av_files / "a.mp4")
    memory = io.BytesIO((av_files / "a.mp4").read_bytes())
    np.testing.assert_array_equal(load_audio(memory), expected)


def test_a_pipe(files: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe((files / "a.flac").read_bytes())
    np.testing.assert_array_equal(load_audio(pipe), load_audio(files / "a.flac"))


def test_a_suffix_says_nothing(files: Path, tmp_path: Path) -> None:
    for name in ("a.flac", "a.mp3", "a.ogg"):
        path = tmp_path / "a.wav"
        path.write_bytes((files / name).read_bytes())
        np.testing.assert_array_equal(load_audio(path), load_audio(files / name))


# Parts


PARTS = [(0.0, 1.0), (1.0, 2.5), (0.0, None), (3.21987, 9.0), (9.97, None), (5.0, 99.0)]


def same_part(source: Any, start: float, end: float | None, whole: Floats) -> None:
    expected = whole[round(start * RATE) :]
    if end is not None:
        expected = expected[: round(end * RATE) - round(start * RATE)]
    with open_audio(source, start=start, end=end) as reader:
        part = np.concatenate(list(reader))
        assert reader.duration == len(part) / RATE
        assert reader.position == 1.0
    assert part.shape == expected.shape
    np.testing.assert_allclose(part, expected, atol=1e-5)


@pytest.mark.parametrize(("start", "end"), PARTS)
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_parts_of_files(
    name: str, start: float, end: float | None, files: Path
) -> None:
    same_part(files / name, start, end, load_audio(files / name))


@pytest.mark.parametrize(("start", "end"), PARTS)
@pytest.mark.parametrize(
    "name", ["a.m4a", "48000.m4a", "a.mp4", "a.mkv", "late.mp4", "late.mkv", "bare.mp3"]
)
def test_parts_of_compressed_files(
    name: str, start: float, end: float | None, av_files: Path
) -> None:
    same_part(av_files / name, start, end, load_audio(av_files / name))


@pytest.mark.parametrize(("start", "end"), PARTS)
@pytest.mark.parametrize("rate", [8000, 44099, RATE, 48000, 96000])
def test_parts_of_arrays(rate: int, start: float, end: float | None) -> None:
    samples = noise(10 * rate, level=0.1)
    same_part((samples, rate), start, end, load_audio((samples, rate)))


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (10.5, None, "has nothing from 10.5 s on"),
        (1e6, None, "has nothing from 1e+06 s on"),
        (3.0, 3.0, "has nothing between 3 s and 3 s"),
        (3.0, 2.0, "has nothing between 3 s and 2 s"),
        (-1.0, None, "cannot be read from -1 s on"),
        (float("nan"), None, "cannot be read from nan s on"),
        (0.0, float("nan"), "has nothing between 0 s and nan s"),
    ],
)
def test_parts_that_are_not_there(
    start: float, end: float | None, reason: str, files: Path, av_files: Path
) -> None:
    for path in (files / "a.wav", files / "a.mp3", av_files / "a.m4a"):
        with pytest.raises(AudioError) as caught:
            load_audio(path, start=start, end=end)
        assert str(caught.value) == f"{path}: {reason}"


# What cannot be read: one line each


def make_bad_files(folder: Path, files: Path) -> None:
    rng = np.random.default_rng(1)
    rubbish = rng.integers(0, 256, 100_000, dtype=np.uint8).tobytes()
    wav = (files / "a.wav").read_bytes()
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
        "header.flac": (files / "a.flac").read_bytes()[:200],
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
    "header.m4a": "not MP4 that can be read",
    "bad.mkv": "not Matroska or WebM that can be read",
    "nan.wav": "has a NaN or infinite sample at 2.010 s",
    "inf.wav": "has a NaN or infinite sample at 2.010 s",
    "-inf.wav": "has a NaN or infinite sample at 2.010 s",
    "slow.wav": "has 500 samples a second; 1000 to 1000000 can be read",
}


@pytest.fixture(scope="module")
def bad_files(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    make_bad_files(folder, files)
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


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
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
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "song.m4a"
    path.write_bytes(struct.pack(">I4s", 24, b"ftyp") + b"M4A " + bytes(12))
    with pytest.raises(MissingDependencyError) as missing:
        open_audio(path)
    assert str(missing.value) == f"{path}: reading MP4 needs PyAV: pip install av"
    # libsndfile's formats do without, and are not blamed on PyAV.
    assert len(load_audio(files / "a.flac")) == 441000
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


def test_text_files_are_refused(files: Path) -> None:
    with (
        (files / "a.wav").open(encoding="latin-1") as file,
        pytest.raises(AudioError, match="is open as text"),
    ):
        open_audio(file)  # type: ignore[arg-type]


# Damaged files


@pytest.mark.parametrize("share", [0.1, 0.31, 0.6, 0.999])
@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.wav", "a.aiff", "a.ogg"])
def test_cut_files(
    name: str,
    share: float,
    files: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = (files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: round(len(content) * share)])
    whole = load_audio(files / name)
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    # FLAC's and Ogg's bytes are not spread evenly; a block of FLAC is 4096 samples.
    assert len(part) >= share * 441000 - 35000
    if name != "a.ogg" or len(part) < 441000:
        last = 3000 if name in ("a.mp3", "a.ogg") else 0  # whose frames overlap
        inner = slice(0, len(part) - last)
        np.testing.assert_allclose(part[inner], whole[: len(part)][inner], atol=1e-6)
    if name in ("a.flac", "a.mp3") and share < 0.9:
        assert len(reader.warnings) == 1
        assert f"only {len(part) / RATE:.1f} s of 10.0 s" in reader.warnings[0]
    assert capfd.readouterr() == ("", "")


def test_nothing_of_a_cut_flac_is_lost(files: Path, tmp_path: Path) -> None:
    """libsndfile raises in its last block, and a plain read drops that."""
    content = (files / "a.flac").read_bytes()
    path = tmp_path / "cut.flac"
    path.write_bytes(content[: len(content) * 6 // 10])
    frames = 4096
    with soundfile.SoundFile(path) as file:
        last = 0
        while True:
            try:
                last += len(file.read(frames))
            except soundfile.LibsndfileError:
                break
    assert len(load_audio(path)) >= last > 5 * RATE


def damage(path: Path, original: Path, share: float = 0.5, length: int = 3000) -> None:
    content = bytearray(original.read_bytes())
    at = round(len(content) * share)
    rubbish = np.random.default_rng(0).integers(0, 256, length, dtype=np.uint8)
    content[at : at + length] = rubbish.tobytes()
    path.write_bytes(content)


def test_mp3_with_a_hole_goes_on_behind_it(
    files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp3"
    damage(path, files / "a.mp3")
    whole = load_audio(files / "a.mp3")
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    assert reader.warnings == [
        f"damaged at 4.9 s: only {len(part) / RATE:.1f} s of 10.0 s could be read"
    ]
    assert 9.5 * RATE < len(part) < len(whole)
    np.testing.assert_array_equal(part[: 4 * RATE], whole[: 4 * RATE])
    # What the file says of its end holds no longer: the last frame's filling stays.
    shift = lag(part[-4 * RATE :], whole[-4 * RATE :])
    assert -3000 < shift <= 0
    end = slice(-4 * RATE, -RATE)
    np.testing.assert_allclose(np.roll(part, -shift)[end], whole[end], atol=1e-6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3"])
def test_holes_are_warned_of(name: str, files: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    damage(path, files / name)
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    assert len(reader.warnings) == 1
    assert "of 10.0 s could be read" in reader.warnings[0]
    assert len(part) > 4 * RATE


def test_m4a_with_a_hole(
    av_files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.m4a"
    damage(path, av_files / "a.m4a", share=0.6)
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    assert len(part) > 9 * RATE
    assert len(reader.warnings) == 1
    assert reader.warnings[0].startswith("damaged: ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE])
def test_wav_with_too_large_a_header(size: int, files: Path, tmp_path: Path) -> None:
    content = bytearray((files / "a.wav").read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", size)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    np.testing.assert_array_equal(load_audio(path), load_audio(files / "a.wav"))


def test_flac_of_unknown_length(files: Path, tmp_path: Path) -> None:
    content = bytearray((files / "a.flac").read_bytes())
    content[21] &= 0xF0  # the 36 bits of STREAMINFO that hold the length
    content[22:26] = bytes(4)
    path = tmp_path / "a.flac"
    path.write_bytes(content)
    with open_audio(path) as reader:
        assert reader.info.frames is None
        assert reader.position is None
        next(iter(reader))
        assert reader.position is None
    with open_audio(path) as reader:
        samples = np.concatenate(list(reader))
    np.testing.assert_array_equal(samples, load_audio(files / "a.flac"))
    assert reader.warnings == []
    part = load_audio(path, start=3.0, end=4.0)
    np.testing.assert_array_equal(part, samples[3 * RATE : 4 * RATE])


def test_mp3_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    """libsndfile guesses the length from the first frame, and stops there."""
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    # Noise at first: at a variable bit rate, its frames are the longest.
    samples = np.concatenate((noise(RATE), 0.01 * sweep(20.0)))
    path = tmp_path / "a.mp3"
    options = {"write_xing": "0", "id3v2_version": "0"}
    encode(path, samples, "libmp3lame", options=options, quality=6)
    assert soundfile.info(path).frames < 15 * RATE
    decoded = load_audio(path)
    assert len(decoded) >= len(samples)
    assert lag(decoded, samples) == 1105


def test_id3_tag_with_a_large_picture(files: Path, tmp_path: Path) -> None:
    content = (files / "a.mp3").read_bytes()
    tag = b"ID3\x03\x00\x00" + bytes([0, 20, 0, 0]) + bytes(20 << 14)
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + content)
    np.testing.assert_array_equal(load_audio(path), load_audio(files / "a.mp3"))


# Standard error, exceptions, threads


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )


def test_libmpg123_is_kept_quiet_and_nobody_else(files: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    damage(path, files / "a.mp3")
    loud = run("import soundfile, sys; soundfile.SoundFile(sys.argv[1])", path)
    assert loud.stderr == ""  # opening it says nothing; reading it does
    code = """
import os, sys
from adt_plugins.audio import load_audio
from adt_plugins.audio.quiet import quiet_mpg123
load_audio(sys.argv[1])
with quiet_mpg123():
    os.write(2, b"Note: gone\\nkept\\n")
    with quiet_mpg123():
        print("kept too", file=sys.stderr, flush=True)
print("afterwards", file=sys.stderr)
"""
    assert run(code, path).stderr == "kept\nkept too\nafterwards\n"


def test_without_standard_error(files: Path) -> None:
    code = """
import os, sys
os.close(2)
from adt_plugins.audio import load_audio
print(len(load_audio(sys.argv[1])))
"""
    assert run(code, files / "a.mp3").stdout == "441000\n"


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_exceptions_of_file_objects_arrive(
    name: str, error: type[BaseException], files: Path, capfd: Any
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise error
            return super().read(size)

    with pytest.raises(error):
        load_audio(Broken((files / name).read_bytes()))
    assert capfd.readouterr() == ("", "")


def test_a_disk_that_fails(files: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(AudioError, match=r"^audio: Input/output error$"):
        load_audio(Failing((files / "a.wav").read_bytes()))


def test_threads(files: Path, tmp_path: Path) -> None:
    broken = tmp_path / "a.mp3"
    damage(broken, files / "a.mp3")
    sources = [files / "a.mp3", broken, files / "a.flac", files / "a.wav"] * 3
    expected = [load_audio(source) for source in sources]
    results: dict[int, Floats] = {}

    def work(index: int) -> None:
        results[index] = load_audio(sources[index])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, samples in enumerate(expected):
        np.testing.assert_array_equal(results[index], samples)


def test_files_are_closed(files: Path, tmp_path: Path) -> None:
    """Windows refuses to delete an open file; here, descriptors are counted."""
    psutil = pytest.importorskip("psutil")
    count: Callable[[], int] = getattr(
        psutil.Process(), "num_handles" if os.name == "nt" else "num_fds"
    )
    load_audio(files / "a.mp3")
    before = count()
    for name in ("a.mp3", "a.wav", "a.flac"):
        load_audio(files / name)
        with open_audio(files / name) as reader:
            next(iter(reader))
        with pytest.raises(AudioError):
            load_audio(files / name, start=100.0)
    assert count() == before


def test_a_closed_reader_is_at_its_end(files: Path) -> None:
    with open_audio(files / "a.wav") as reader:
        assert len(next(iter(reader))) > 0
    assert list(reader) == []


# Cost


def test_import_is_silent_and_light() -> None:
    code = """
import sys
import adt_plugins.audio
heavy = {"soundfile", "soxr", "av", "scipy", "ai_edge_litert"}
print(sorted(heavy & set(sys.modules)))
"""
    result = run(code)
    assert (result.stdout, result.stderr) == ("[]\n", "")


PEAK = """
import resource, sys
from adt_plugins.audio import open_audio
with open_audio(sys.argv[1]) as reader:
    seconds = sum(len(block) for block in reader) / 44100
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, peak * (1 if sys.platform == "darwin" else 1024))
"""


def sparse_wav(path: Path, seconds: int, rate: int) -> None:
    """Write a stereo file of zeros that takes no room on most disks."""
    size = seconds * rate * 4
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16),
        *(b"data", size),
    )
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + size)


@pytest.mark.skipif(os.name == "nt", reason="the module resource is POSIX's")
@pytest.mark.parametrize(("rate", "length"), [(RATE, 3600), (48000, 1200)])
def test_memory_does_not_grow_with_length(
    rate: int, length: int, tmp_path: Path
) -> None:
    peaks = []
    for seconds in (60, length):
        path = tmp_path / f"{seconds}.wav"
        sparse_wav(path, seconds, rate)
        read, peak = run(PEAK, path).stdout.split()
        assert float(read) == seconds
        peaks.append(int(peak))
        path.unlink()
    assert peaks[1] - peaks[0] < 5e6


def test_reading_is_fast(files: Path) -> None:
    """A generous bound: ten seconds of WAV take about 3 ms."""
    load_audio(files / "a.wav")
    begin = time.process_time()
    load_audio(files / "a.wav")
    assert time.process_time() - begin < 0.2


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "WAV"), ("a.flac", "FLAC"), ("a.ogg", "Ogg"), ("a.mp3", "MP3")],
)
def test_sniff(name: str, kind: str, files: Path) -> None:
    with (files / name).open("rb") as file:
        assert sniff(file)[0].name == kind
