"""Damaged recordings: the decoded part is kept, with a warning about the rest."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import load_audio, open_audio
from tests.support.audio import RATE, damage, encode, lag, noise, sweep


@pytest.mark.parametrize("share", [0.1, 0.31, 0.6, 0.999])
@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.wav", "a.aiff", "a.ogg"])
def test_cut_files(
    name: str,
    share: float,
    audio_files: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = (audio_files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: round(len(content) * share)])
    whole = load_audio(audio_files / name)
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


def test_nothing_of_a_cut_flac_is_lost(audio_files: Path, tmp_path: Path) -> None:
    """libsndfile raises in its last block, and a plain read drops that."""
    content = (audio_files / "a.flac").read_bytes()
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


def test_mp3_with_a_hole_goes_on_behind_it(
    audio_files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp3"
    damage(path, audio_files / "a.mp3")
    whole = load_audio(audio_files / "a.mp3")
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    assert reader.warnings == [
        f"damaged at 4.9 s: only {len(part) / RATE:.1f} s of 10.0 s could be read"
    ]
    assert 9.5 * RATE < len(part) < len(whole)
    np.testing.assert_array_equal(part[: 4 * RATE], whole[: 4 * RATE])
    # The file's note of its end no longer holds: the last frame's padding stays.
    shift = lag(part[-4 * RATE :], whole[-4 * RATE :])
    assert -3000 < shift <= 0
    end = slice(-4 * RATE, -RATE)
    np.testing.assert_allclose(np.roll(part, -shift)[end], whole[end], atol=1e-6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3"])
def test_holes_are_warned_of(name: str, audio_files: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    damage(path, audio_files / name)
    with open_audio(path) as reader:
        part = np.concatenate(list(reader))
    assert len(reader.warnings) == 1
    assert "of 10.0 s could be read" in reader.warnings[0]
    assert len(part) > 4 * RATE


def test_mp3_of_variable_bit_rate_goes_on_behind_zeros(tmp_path: Path) -> None:
    """libmpg123 takes them for the end."""
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    path = tmp_path / "a.mp3"
    soundfile.write(path, sweep(20.0), RATE, bitrate_mode="VARIABLE")
    whole = load_audio(path)
    content = bytearray(path.read_bytes())
    at = len(content) // 4
    content[at : at + 1000] = bytes(1000)
    path.write_bytes(content)
    for start in (0.0, 10.0):
        samples = load_audio(path, start=start)
        expected = whole[round(start * RATE) :]
        assert 0 <= len(expected) - len(samples) < RATE // 2
        assert -RATE // 2 < lag(samples[-4 * RATE :], expected[-4 * RATE :]) <= 0


@pytest.mark.parametrize("start", [0.0, 6.0])
def test_packets_that_are_lost_leave_their_time(
    start: float, av_files: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.m4a"
    damage(path, av_files / "a.m4a", share=0.4)
    whole = load_audio(av_files / "a.m4a", start=start)
    samples = load_audio(path, start=start)
    assert len(samples) == len(whole)
    end = slice(-3 * RATE, None)
    np.testing.assert_allclose(samples[end], whole[end], atol=1e-4)


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
def test_wav_with_too_large_a_header(
    size: int, audio_files: Path, tmp_path: Path
) -> None:
    content = bytearray((audio_files / "a.wav").read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", size)
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    np.testing.assert_array_equal(load_audio(path), load_audio(audio_files / "a.wav"))


def test_flac_of_unknown_length(audio_files: Path, tmp_path: Path) -> None:
    content = bytearray((audio_files / "a.flac").read_bytes())
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
    np.testing.assert_array_equal(samples, load_audio(audio_files / "a.flac"))
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


def test_a_vbri_tag_is_no_sound(tmp_path: Path) -> None:
    """libsndfile plays its frame, and stops where a constant bit rate would."""
    path = tmp_path / "a.mp3"
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    options = {"write_xing": "0", "id3v2_version": "0"}
    samples = np.concatenate((0.01 * sweep(10.0), noise(RATE)))
    encode(path, samples, "libmp3lame", options=options, quality=6)
    content = path.read_bytes()
    whole = load_audio(path)
    frame = bytearray(content[:2] + b"\xe0" + content[3:4] + bytes(1040))
    frame[36:54] = b"VBRI" + struct.pack(">HHHII", 1, 2320, 75, len(content), 420)
    for tag in (b"", b"ID3\x03\x00\x00" + bytes([0, 0, 1, 0]) + bytes(128)):
        path.write_bytes(tag + bytes(frame) + content)
        np.testing.assert_array_equal(load_audio(path), whole)


def test_an_id3_tag_with_a_footer(audio_files: Path, tmp_path: Path) -> None:
    """Without it, the delay of the encoder would stay."""
    tag = b"ID3\4\0\x10" + bytes([0, 0, 1, 0]) + bytes(128)
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + b"3DI" + tag[3:10] + (audio_files / "a.mp3").read_bytes())
    np.testing.assert_array_equal(load_audio(path), load_audio(audio_files / "a.mp3"))


def test_id3_tag_with_a_large_picture(audio_files: Path, tmp_path: Path) -> None:
    content = (audio_files / "a.mp3").read_bytes()
    tag = b"ID3\x03\x00\x00" + bytes([0, 20, 0, 0]) + bytes(20 << 14)
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + content)
    np.testing.assert_array_equal(load_audio(path), load_audio(audio_files / "a.mp3"))
