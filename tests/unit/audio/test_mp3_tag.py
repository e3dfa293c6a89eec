"""The padding around the sound of an MP3, as its tag gives it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins.audio.mp3_tag import EncoderDelay, encoder_delay

FRAMES = 44100


@pytest.fixture
def wave(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.1, 0.1, FRAMES), 44100)
    return path


@pytest.mark.parametrize(
    ("rate", "frame"), [(44100, 1152), (48000, 1152), (22050, 576)]
)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("tag", ["plain", "with ID3"])
def test_both_silences_fill_whole_frames(
    wave: Path, rate: int, frame: int, channels: int, tag: str
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is missing")
    path = wave.with_suffix(".mp3")
    how = ["-ar", str(rate), "-ac", str(channels)]
    how += (
        ["-metadata", "title=x" * 900] if tag == "with ID3" else ["-id3v2_version", "0"]
    )
    command = [ffmpeg, "-v", "error", "-i", str(wave), *how, str(path)]
    subprocess.run(command, check=True)
    delay = encoder_delay(path)
    assert delay is not None
    assert (delay.before, delay.rate) == (576, rate)
    assert delay.late_s == pytest.approx(1105 / rate)
    samples = soundfile.info(path).frames + delay.before + delay.behind
    assert samples % frame == 0


def test_a_file_without_a_tag_says_nothing(tmp_path: Path, wave: Path) -> None:
    assert encoder_delay(wave) is None
    assert encoder_delay(tmp_path / "missing.mp3") is None
    assert encoder_delay(tmp_path) is None
    path = tmp_path / "a.mp3"
    for content in (b"", b"\xff\xfb\x90\x00", b"ID3" + bytes(300), bytes(5000)):
        path.write_bytes(content)
        assert encoder_delay(path) is None


def test_what_it_makes_of_times() -> None:
    delay = EncoderDelay(576, 598, 44100)
    assert delay.longer_s == pytest.approx(1174 / 44100)
