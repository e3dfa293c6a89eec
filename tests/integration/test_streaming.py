"""Onsets while a recording comes in, and recordings that come through a pipe."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins import formats, load_audio, transcribe, transcribe_stream
from adt_plugins.annotations import Onset
from adt_plugins.audio import open_audio
from adt_plugins.errors import AudioError, ModelError
from adt_plugins.network.catalogue import find_model
from adt_plugins.streaming import delay
from tests.support.paths import ROOT
from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import RATE, play

GROOVE = ROOT / "examples" / "groove.flac"
COMMAND = [sys.executable, "-m", "adt_plugins", "transcribe", "--model", "tiny"]


@pytest.fixture(scope="module")
def groove() -> tuple[Any, int]:
    """A minute and more, longer than a batch of the default network."""
    samples, rate = soundfile.read(GROOVE, dtype="float32")
    noise = np.random.default_rng(1).normal(0, 0.002, (65 * rate, samples.shape[1]))
    return (np.resize(samples, noise.shape) + noise).astype(np.float32), rate


def cut(samples: Any, sizes: int) -> Iterator[Any]:
    for start in range(0, len(samples), sizes):
        yield samples[start : start + sizes]


def matched(stream: list[Onset], whole: tuple[Onset, ...], within: float) -> int:
    """Count the hits that are in both, each once."""
    waiting = list(whole)
    count = 0
    for onset in stream:
        near = [
            other
            for other in waiting
            if other.drum is onset.drum and abs(other.time - onset.time) <= within
        ]
        if near:
            waiting.remove(near[0])
            count += 1
    return count


@pytest.mark.parametrize(("size", "chunks"), [(1000, 1), (70001, 3), (10**7, 4)])
def test_a_stream_gives_what_the_whole_gives(
    size: int, chunks: int, groove: tuple[Any, int]
) -> None:
    samples, rate = groove
    # Decisions about the whole song cannot be made while it comes in.
    whole = transcribe((samples, rate), song_gate=False, beats=False)
    stream = list(transcribe_stream(cut(samples, size), rate, chunks=chunks))
    assert len(whole.onsets) > 300
    assert len(stream) == len(whole.onsets)
    assert matched(stream, whole.onsets, 1e-6) >= 0.999 * len(stream)
    assert stream == sorted(stream)
    by_time = {(round(o.time, 6), o.drum): o for o in whole.onsets}
    late = [o for o in stream if o.time > 30]
    others = [by_time[round(o.time, 6), o.drum] for o in late]
    assert np.mean([abs(a.velocity - b.velocity) for a, b in zip(late, others)]) < 3  # noqa: B905
    assert all(abs(a.confidence - b.confidence) < 1e-6 for a, b in zip(late, others))  # noqa: B905


@pytest.mark.parametrize("chunks", [1, 2])
def test_the_delay_is_kept(chunks: int, groove: tuple[Any, int]) -> None:
    samples, rate = groove
    given = 0

    def blocks() -> Iterator[Any]:
        nonlocal given
        for block in cut(samples, 4410):
            given += len(block)
            yield block

    promised = delay(find_model(), chunks)
    stream = transcribe_stream(blocks(), rate, chunks=chunks)
    late = [given / rate - onset.time for onset in stream]
    assert max(late) <= promised + 0.1  # of which a block is 0.1 s
    assert max(late) > 0.5 * promised
    assert promised < 13 * chunks


def test_another_rate_and_kind_of_samples(tiny_model: Path) -> None:
    samples = play(HITS, SECONDS)
    whole = list(transcribe_stream([samples], model=tiny_model))
    assert len(whole) == len(HITS)
    stereo = (np.repeat(samples[:, None], 2, axis=1) * 32767).astype(np.int16)
    again = list(transcribe_stream(cut(stereo, 777), model=tiny_model))
    assert matched(again, tuple(whole), 0.001) == len(HITS)
    slow = samples[::2]  # the highest tone is gone
    half = list(
        transcribe_stream(cut(slow, 500), RATE // 2, model=tiny_model, drums=["KD"])
    )
    assert [round(o.time, 1) for o in half] == [0.5, 2.0]


def test_memory_does_not_grow(tiny_model: Path) -> None:
    block = play(HITS, SECONDS)

    def peak(repeats: int) -> int:
        tracemalloc.start()
        for _ in transcribe_stream((block for _ in range(repeats)), model=tiny_model):
            pass
        _, size = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    peak(5)
    assert peak(200) < peak(20) + 300_000


@pytest.mark.parametrize(
    ("blocks", "error", "reason"),
    [
        ([], AudioError, "samples: nothing in it could be decoded"),
        ([np.full(10, np.nan)], AudioError, "samples: has a NaN"),
        ([np.zeros((5, 2)), np.zeros((5, 3))], AudioError, "its number of channels"),
        ([np.zeros(5, complex)], AudioError, "samples of type complex128"),
    ],
)
def test_what_is_no_stream(
    blocks: list[Any], error: type[Exception], reason: str, tiny_model: Path
) -> None:
    with pytest.raises(error, match=reason):
        list(transcribe_stream(blocks, model=tiny_model))


def test_what_cannot_be_streamed(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="chunks: 4 is not 1 to 3"):
        transcribe_stream([], model=tiny_model, chunks=4)
    text = tiny_model.read_text(encoding="utf-8")
    other = tmp_path / "adtlib.json"
    other.write_text(text.replace('"rows": {}', '"rows": {"KD": [1, 0, 0]}'))
    shutil.copy(tiny_model.with_suffix(".tflite"), tmp_path)
    with pytest.raises(ModelError, match="needs the whole recording"):
        transcribe_stream([], model=other)


class Pipe(io.RawIOBase):
    """A stream that returns pieces of any length and cannot seek."""

    def __init__(self, content: bytes, most: int = 1000) -> None:
        self._file, self._most = io.BytesIO(content), most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._most))
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize(
    ("subtype", "kind", "tolerance"),
    [
        ("PCM_U8", "WAV", 0),
        ("PCM_16", "WAV", 0),
        ("PCM_24", "WAVEX", 1e-7),
        ("PCM_32", "WAV", 1e-7),
        ("FLOAT", "WAVEX", 0),
        ("DOUBLE", "RF64", 1e-7),
        ("PCM_16", "FLAC", 0),
        ("PCM_16", "AIFF", 0),
    ],
)
@pytest.mark.parametrize("most", [1, 8191])
def test_recordings_from_a_pipe(
    subtype: str, kind: str, tolerance: float, most: int, tmp_path: Path
) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, (3000, 3))
    path = tmp_path / "a.audio"
    soundfile.write(path, samples, 48000, subtype=subtype, format=kind)
    content = path.read_bytes()
    expected = load_audio(path)
    got = load_audio(Pipe(content, most))  # type: ignore[arg-type]
    np.testing.assert_allclose(got, expected, atol=max(tolerance, 1e-6), rtol=0)
    if kind == "WAV":
        at = content.index(b"data") + 4
        for size in (0, 0xFFFFFFFF, 0x7FFFFFFF):
            endless = content[:at] + struct.pack("<I", size) + content[at + 4 :]
            got = load_audio(Pipe(endless, most))  # type: ignore[arg-type]
            np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_part_and_a_pipe_that_breaks(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, RATE).astype(np.float32)
    content = write_wave(tmp_path / "a.wav", samples).read_bytes()
    whole = load_audio(tmp_path / "a.wav")
    got = load_audio(Pipe(content), start=0.3, end=0.6)  # type: ignore[arg-type]
    np.testing.assert_array_equal(got, whole[round(0.3 * RATE) : round(0.6 * RATE)])
    with open_audio(Pipe(content[: len(content) // 2 + 1])) as reader:  # type: ignore[arg-type]
        part = np.concatenate(list(reader))
    assert reader.warnings == ["cut short: only 0.5 s of 1.0 s came"]
    np.testing.assert_array_equal(part, whole[: len(part)])
    for length, reason in ((0, "is empty"), (20, "ends in its header")):
        with pytest.raises(AudioError, match=f"audio: {reason}"):
            load_audio(Pipe(content[:length]))  # type: ignore[arg-type]


def test_ffmpeg_through_a_pipe(tmp_path: Path, user_home: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing")
    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    out = tmp_path / "out"
    with subprocess.Popen(
        ["ffmpeg", "-v", "error", "-i", str(song), "-f", "wav", "-"],
        stdout=subprocess.PIPE,
    ) as player:
        done = subprocess.run(
            [*COMMAND, "-", "-o", str(out), "--name", "söng"],
            stdin=player.stdout,
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(p.name for p in out.iterdir()) == [
        "söng.drums.120bpm.mid",
        "söng.drums.mid",
        "söng.labels.txt",
    ]
    subprocess.run([*COMMAND, str(song), "--format", "labels"], check=True)
    written = (out / "söng.labels.txt").read_bytes()
    assert written == song.with_suffix(".labels.txt").read_bytes()
    assert len(formats.read(out / "söng.drums.mid")) == len(HITS)


@pytest.mark.parametrize(
    ("arguments", "content", "expected"),
    [
        (
            ["-"],
            b"",
            (2, "--name: needed to name the outputs of standard input"),
        ),
        (["-", "--name", "a/b"], b"", (2, "is not a plain name; -o is the folder")),
        (["-", "a.wav", "--name", "a"], b"", (2, "--name: is for one input")),
        (
            ["-", "--name", "a", "--format", "click"],
            b"",
            (2, "click needs a"),
        ),
        (["-", "--name", "a"], b"", (1, "standard input: is empty")),
        (["-", "--name", "a"], b"rubbish", (1, "standard input: not an audio file")),
    ],
)
def test_what_is_wrong_with_a_pipe(
    arguments: list[str],
    content: bytes,
    expected: tuple[int, str],
    tmp_path: Path,
    user_home: Path,
) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments, "-o", str(tmp_path / "out")],
        input=content,
        capture_output=True,
        check=False,
    )
    text = done.stderr.decode()
    code, reason = expected
    assert (done.returncode, text.count(os.linesep)) == (code, 1)
    assert reason in text
    assert not (tmp_path / "out").exists()
