"""The page places the sound of a file where Python does, within a millisecond."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import load_audio
from tests.support.audio import RATE, Floats, lag
from tests.support.browser import chromium
from tests.support.front_end import run

HARNESS = Path(__file__).parents[2] / "support/web/decode-harness.ts"
SECONDS = 3.0
WITHIN = RATE // 1000
PICTURES = ["-f", "lavfi", "-i", f"testsrc=size=64x48:rate=25:duration={SECONDS}"]
SILENCE = ["-f", "lavfi", "-i", f"anullsrc=r=44100:cl=stereo:d={SECONDS}"]
H264, VP8 = ["-c:v", "libx264", "-bf", "2"], ["-c:v", "libvpx"]

Decode = Callable[[Path], Floats]


@pytest.fixture(scope="module")
def decode(
    front_end: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Decode]:
    """Return what the page decodes of a file, mixed to one channel."""
    script = tmp_path_factory.mktemp("decode") / "decode.js"
    build = ["npx", "--no-install", "esbuild", str(HARNESS), "--bundle"]
    run(
        [*build, "--format=iife", f"--outfile={script}", "--log-level=error"], front_end
    )
    html = script.with_suffix(".html")
    html.write_text(
        '<!doctype html><meta charset="utf-8"><input type="file">'
        f"<script>{script.read_text(encoding='utf-8')}</script>",
        encoding="utf-8",
    )
    with chromium() as browser:
        page = browser.new_page()
        page.goto(html.as_uri())

        def by_page(path: Path) -> Floats:
            page.set_input_files("input", str(path))
            pieces = page.evaluate("samples()").split()
            return np.frombuffer(b"".join(map(base64.b64decode, pieces)), "<f4")

        yield by_page


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return bursts of noise in soft noise, by sample rate."""
    folder = tmp_path_factory.mktemp("sounds")
    paths = {}
    for rate in (44100, 48000, 22050):
        rng = np.random.default_rng(1)
        sound = 0.02 * rng.normal(size=round(SECONDS * rate))
        for time in np.cumsum(rng.uniform(0.1, 0.4, 10)):
            burst = 0.3 * rng.normal(size=rate // 50)
            sound[round(time * rate) :][: len(burst)] += burst
        sound = np.convolve(np.clip(sound, -0.9, 0.9), np.full(3, 1 / 3), "same")
        paths[rate] = folder / f"{rate}.wav"
        soundfile.write(paths[rate], np.stack((sound, 0.8 * sound), axis=1), rate)
    return paths


def ffmpeg(*arguments: Any) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing")
    *before, path = map(str, arguments)
    command = ["ffmpeg", "-v", "error", "-y", *before, "-strict", "-2", path]
    subprocess.run(command, check=True)


def assert_same_times(decode: Decode, path: Path) -> None:
    by_python, by_page = load_audio(path), decode(path)
    assert np.abs(by_python).max() > 0.2
    assert np.abs(by_page).max() > 0.2
    assert abs(lag(by_page, by_python)) <= WITHIN
    assert abs(lag(by_page[:RATE], by_python[:RATE])) <= WITHIN
    assert abs(len(by_page) - len(by_python)) < 0.06 * RATE


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("aac", "mp4"),
        ("aac", "mov"),
        ("libmp3lame", "mp4"),
        ("libopus", "mp4"),
        ("flac", "mp4"),
        ("pcm_s16le", "mov"),
        ("aac", "mkv"),
        ("libmp3lame", "mkv"),
        ("libvorbis", "webm"),
        ("libopus", "webm"),
    ],
)
@pytest.mark.parametrize("late", [0.477, -0.2])
def test_sound_that_does_not_begin_with_its_pictures(  # noqa: PLR0917
    codec: str,
    ending: str,
    late: float,
    decode: Decode,
    sounds: dict[int, Path],
    tmp_path: Path,
) -> None:
    path = tmp_path / f"film.{ending}"
    sound = ["-itsoffset", late, "-i", sounds[48000]]
    pictures = VP8 if ending == "webm" else H264
    ffmpeg(*PICTURES, *sound, "-map", "0", "-map", "1", *pictures, "-c:a", codec, path)
    if late > 0:
        assert 0.45 < len(load_audio(path)) / RATE - SECONDS < 0.53
    assert_same_times(decode, path)


@pytest.mark.parametrize(
    "flags", ["frag_keyframe+delay_moov", "frag_keyframe+empty_moov", "faststart"]
)
def test_mp4_in_fragments(
    flags: str, decode: Decode, sounds: dict[int, Path], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    sound = ["-itsoffset", 0.3, "-i", sounds[44100], "-movflags", flags]
    ffmpeg(*PICTURES, *sound, "-map", "0", "-map", "1", *H264, "-c:a", "aac", path)
    assert_same_times(decode, path)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
def test_the_default_track_of_several(
    ending: str, decode: Decode, sounds: dict[int, Path], tmp_path: Path
) -> None:
    path = tmp_path / f"film.{ending}"
    inputs = [*PICTURES, *SILENCE, "-itsoffset", 0.3, "-i", sounds[44100]]
    maps = [word for number in range(3) for word in ("-map", number)]
    codecs = [*VP8, "-c:a", "libvorbis"] if ending == "webm" else [*H264, "-c:a", "aac"]
    chosen = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    ffmpeg(*inputs, *maps, *codecs, *chosen, path)
    assert_same_times(decode, path)


@pytest.mark.parametrize(
    ("codec", "ending", "rate"),
    [
        ("aac", "m4a", 44100),
        ("aac", "aac", 22050),
        ("libmp3lame", "mp3", 48000),
        ("libmp3lame", "mp4", 44100),
        ("libmp3lame", "mp4", 22050),
        ("libvorbis", "ogg", 44100),
        ("libopus", "opus", 44100),
        ("libopus", "webm", 48000),
        ("libopus", "webm", 22050),
        ("libopus", "mp4", 22050),
    ],
)
@pytest.mark.parametrize("cut", ["", "before", "behind"])
def test_sound_alone_whole_and_cut_without_encoding_it_again(  # noqa: PLR0917
    codec: str,
    ending: str,
    rate: int,
    cut: str,
    decode: Decode,
    sounds: dict[int, Path],
    tmp_path: Path,
) -> None:
    path, part = tmp_path / f"whole.{ending}", tmp_path / f"part.{ending}"
    ffmpeg("-i", sounds[rate], "-c:a", codec, path)
    if cut:
        # FFmpeg cuts elsewhere where it is told to before it opens the file.
        start = ["-ss", 1.3]
        before, behind = (start, []) if cut == "before" else ([], start)
        ffmpeg(*before, "-i", path, *behind, "-c", "copy", part)
        path = part
    assert_same_times(decode, path)


@pytest.mark.parametrize(
    ("ending", "times"),
    [("wav", 2), ("mp3", 2), ("mp3", 35), ("ogg", 35), ("opus", 2), ("flac", 35)],
)
def test_recordings_joined_end_to_end(
    ending: str, times: int, decode: Decode, sounds: dict[int, Path], tmp_path: Path
) -> None:
    """Browsers play the first alone of WAV and MP4; some are decoded in slices."""
    one, mono, path = (tmp_path / f"{name}.{ending}" for name in ("a", "b", "both"))
    ffmpeg("-i", sounds[44100], one)
    ffmpeg("-i", sounds[22050], "-ac", 1, mono)
    path.write_bytes(one.read_bytes() * (times - 1) + mono.read_bytes())
    by_python, by_page = load_audio(path), decode(path)
    assert abs(len(by_page) - len(by_python)) < 0.01 * times * RATE
    assert len(by_page) > (times * SECONDS - 0.1) * RATE
    for part in (0, times - 1):
        place = slice(round(part * SECONDS * RATE), None)
        assert abs(lag(by_page[place], by_python[place])) <= WITHIN


def test_a_long_recording_behind_another(
    decode: Decode, sounds: dict[int, Path], tmp_path: Path
) -> None:
    one, path = tmp_path / "a.mp3", tmp_path / "both.mp3"
    ffmpeg("-stream_loop", 34, "-i", sounds[44100], one)
    path.write_bytes(one.read_bytes() * 2)
    by_python, by_page = load_audio(path), decode(path)
    assert len(by_page) > 205 * RATE
    assert abs(len(by_page) - len(by_python)) < 0.06 * RATE
    assert abs(lag(by_page[110 * RATE :], by_python[110 * RATE :])) <= WITHIN


def test_a_side_that_is_inverted_for_a_part(
    decode: Decode, sounds: dict[int, Path], tmp_path: Path
) -> None:
    """The page turns it back where Python does."""
    sides, rate = soundfile.read(sounds[44100])
    sides += 0.1
    sides[rate : round(2.1 * rate), 1] *= -1
    path = tmp_path / "turned.wav"
    soundfile.write(path, sides, rate)
    np.testing.assert_allclose(decode(path), load_audio(path), atol=1e-4)
