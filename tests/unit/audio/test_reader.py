"""Audio in: every kind of file, name and part."""

from __future__ import annotations

import io
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.audio import AudioInfo, load_audio, open_audio
from adt_plugins.audio.sniff import sniff
from adt_plugins.errors import AudioError
from tests.support.audio import (
    MONO,
    MUSIC,
    RATE,
    STEREO,
    Floats,
    encode,
    lag,
    noise,
    sweep,
)


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
def test_lossless_files(name: str, error: float, audio_files: Path) -> None:
    samples = load_audio(audio_files / name)
    assert samples.dtype == np.float32
    assert samples.shape == MONO.shape
    assert np.abs(samples - MONO).max() <= error
    stored, _ = soundfile.read(audio_files / name)
    np.testing.assert_allclose(samples, stored.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_lossy_files_are_in_time(name: str, audio_files: Path) -> None:
    samples = load_audio(audio_files / name)
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
        # These do not state their encoder's delay.
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


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_peaks_above_full_scale_do_not_wrap(subtype: str, tmp_path: Path) -> None:
    """As they do in libsndfile's integers: ``findings/libsndfile-ogg-wraps.sh``."""
    path, rate = tmp_path / "a.ogg", 48000
    loud = np.clip(noise(rate, level=2.0), -0.99, 0.99)
    soundfile.write(path, loud, rate, subtype=subtype)
    samples, _ = soundfile.read(path, dtype="float32")
    assert np.abs(samples).max() > 1.2
    np.testing.assert_array_equal(load_audio(path), load_audio((samples, rate)))


def test_info(audio_files: Path, av_files: Path) -> None:
    wav = audio_files / "a.wav"
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
    # By libsndfile's guess; 131072 samples are 0.2956 of it.
    np.testing.assert_allclose(positions[:3], np.arange(1, 4) * 0.2956, atol=0.002)


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


def test_blocks_are_small(audio_files: Path) -> None:
    for source in (audio_files / "a.wav", audio_files / "a.mp3", (STEREO, RATE)):
        with open_audio(source) as reader:
            sizes = [len(block) for block in reader]
        assert len(sizes) == 4
        assert max(sizes) <= 131072
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


def test_all_kinds_of_names(audio_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_audio(audio_files / "a.flac")
    monkeypatch.chdir(audio_files)
    for name in ("a.flac", Path("a.flac"), b"a.flac", str(audio_files / "a.flac")):
        np.testing.assert_array_equal(load_audio(name), expected)
    with open_audio(b"a.flac") as reader:
        assert reader.info.path == "a.flac"


@pytest.mark.parametrize("name", ["Größe 5.wav", "日本 語.m4a", "100%d.m4a", "a:b.m4a"])
def test_names_that_programs_stumble_over(
    name: str, audio_files: Path, av_files: Path, tmp_path: Path
) -> None:
    if os.name == "nt" and set(name) & set(":%"):
        pytest.skip("not on this system: no such names on Windows")
    original = audio_files / "a.wav" if name.endswith("wav") else av_files / "a.m4a"
    path = tmp_path / name
    path.write_bytes(original.read_bytes())
    np.testing.assert_array_equal(load_audio(path), load_audio(original))


@pytest.mark.skipif(
    sys.platform != "linux", reason="not on this system: names are Unicode"
)
def test_names_that_are_not_utf8(
    audio_files: Path, av_files: Path, tmp_path: Path
) -> None:
    for original in (audio_files / "a.wav", audio_files / "a.mp3", av_files / "a.m4a"):
        path = tmp_path / os.fsdecode(b"Gr\xf6\xdfe" + os.fsencode(original.suffix))
        path.write_bytes(original.read_bytes())
        np.testing.assert_array_equal(load_audio(path), load_audio(original))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_file_objects(name: str, audio_files: Path) -> None:
    expected = load_audio(audio_files / name)
    memory = io.BytesIO((audio_files / name).read_bytes())
    memory.seek(100)
    with open_audio(memory) as reader:
        assert reader.info.path is None
        np.testing.assert_array_equal(np.concatenate(list(reader)), expected)
    assert not memory.closed
    with (audio_files / name).open("rb") as file:
        np.testing.assert_array_equal(load_audio(file), expected)
        assert not file.closed


def test_file_objects_for_pyav(av_files: Path) -> None:
    expected = load_audio(av_files / "a.mp4")
    memory = io.BytesIO((av_files / "a.mp4").read_bytes())
    np.testing.assert_array_equal(load_audio(memory), expected)


def test_a_pipe(audio_files: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe((audio_files / "a.flac").read_bytes())
    np.testing.assert_array_equal(load_audio(pipe), load_audio(audio_files / "a.flac"))


def test_a_suffix_says_nothing(audio_files: Path, tmp_path: Path) -> None:
    for name in ("a.flac", "a.mp3", "a.ogg"):
        path = tmp_path / "a.wav"
        path.write_bytes((audio_files / name).read_bytes())
        np.testing.assert_array_equal(load_audio(path), load_audio(audio_files / name))


# Parts


PARTS = [(0.0, 1.0), (1.0, 2.5), (0.0, None), (3.21987, 9.0), (9.97, None), (5.0, 99.0)]


@cache
def whole_of(path: Path) -> Floats:
    return load_audio(path)


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
    name: str, start: float, end: float | None, audio_files: Path
) -> None:
    same_part(audio_files / name, start, end, whole_of(audio_files / name))


@pytest.mark.parametrize(("start", "end"), PARTS)
@pytest.mark.parametrize(
    "name", ["a.m4a", "48000.m4a", "a.mp4", "a.mkv", "late.mp4", "late.mkv", "bare.mp3"]
)
def test_parts_of_compressed_files(
    name: str, start: float, end: float | None, av_files: Path
) -> None:
    same_part(av_files / name, start, end, whole_of(av_files / name))


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.caf", "flac", RATE),
        ("a.w64", "adpcm_yamaha", RATE),
        ("a.wav", "adpcm_swf", RATE),
        ("a.wav", "g722", 16000),
        ("a.m4a", "alac", RATE),
    ],
)
@pytest.mark.parametrize("start", [4.0, 8.6])
def test_a_part_where_times_are_computed_from_places(
    name: str, codec: str, rate: int, start: float, tmp_path: Path
) -> None:
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    path = tmp_path / name
    layout = "mono" if codec == "g722" else "stereo"
    encode(path, sweep(10.0, rate=rate), codec, rate=rate, layout=layout)
    whole = load_audio(path)
    part = load_audio(path, start=start, end=9.0)
    expected = whole[round(start * RATE) : 9 * RATE]
    np.testing.assert_allclose(part, expected, atol=1e-4)


@pytest.mark.parametrize("start", [19.2, 19.9])
def test_a_part_in_a_long_last_page(start: float, tmp_path: Path) -> None:
    """After a seek into that page libsndfile is late by what the end leaves out."""
    av = pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    short, path = tmp_path / "short.ogg", tmp_path / "long.ogg"
    soundfile.write(short, noise(20 * RATE + 500), RATE, subtype="VORBIS")
    pages = {"page_duration": "6000000"}  # microseconds
    with av.open(short) as source, av.open(path, "w", options=pages) as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    same_part(path, start, None, load_audio(path))


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
    start: float, end: float | None, reason: str, audio_files: Path, av_files: Path
) -> None:
    for path in (audio_files / "a.wav", audio_files / "a.mp3", av_files / "a.m4a"):
        with pytest.raises(AudioError) as caught:
            load_audio(path, start=start, end=end)
        assert str(caught.value) == f"{path}: {reason}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "WAV"), ("a.flac", "FLAC"), ("a.ogg", "Ogg"), ("a.mp3", "MP3")],
)
def test_sniff(name: str, kind: str, audio_files: Path) -> None:
    with (audio_files / name).open("rb") as file:
        assert sniff(file)[0].name == kind
