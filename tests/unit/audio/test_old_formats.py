"""Halves of files in formats of samplers, older programs and disc authoring."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import load_audio, open_audio
from adt_plugins.audio.endings import lacks_end
from adt_plugins.audio.unfinished import finished_header, missing_share
from adt_plugins.errors import AudioError, MissingDependencyError
from tests.support.audio import RATE, encode
from tests.support.field_files import PAIR, SOUND, Pipe, patched, read

LOST = "cut short or damaged: only "
NO_END = "may be cut short: its end is missing; "
XI_SIZE_AT = 298


def write_sox(path: Path, order: str) -> None:
    """Write SoX's own format; libsndfile and PyAV have no writer for it."""
    magic = b".SoX" if order == "<" else b"XoS."
    header = struct.pack(f"{order}IQdI4x", 28, PAIR.size, RATE, 2)
    samples = (PAIR * 2**30).astype(f"{order}i4")
    path.write_bytes(magic + header + samples.tobytes())


def write(path: Path) -> None:
    name, kind = path.name, path.suffix[1:]
    if kind == "sox":
        write_sox(path, ">" if name == "big.sox" else "<")
    elif kind == "nut":
        encode(path, SOUND, path.stem)
    else:
        mono, rate = kind in ("sds", "svx", "wve", "xi"), RATE
        subtype = "ALAW" if name in ("alaw.nist", "a.wve") else None
        endian = "BIG" if name.startswith("big") else None
        soundfile.write(
            path,
            SOUND[::5] if kind == "wve" else SOUND if mono else PAIR,
            8000 if kind == "wve" else rate,
            subtype=subtype,
            endian=endian,
            format=kind.upper(),
        )
    if kind == "xi":  # libsndfile leaves the size out, trackers do not
        size = path.stat().st_size - XI_SIZE_AT - 40
        patched(path, {XI_SIZE_AT: struct.pack("<I", size)})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((name, LOST) for name in ("a.avr", "a.mat4", "big.mat4", "a.mat5")),
        *((name, LOST) for name in ("big.mat5", "a.mpc2k", "a.nist", "alaw.nist")),
        *((name, LOST) for name in ("a.sds", "a.svx", "a.voc", "a.wve", "a.xi")),
        *((name, LOST) for name in ("a.sox", "big.sox")),
        *((name, NO_END) for name in ("pcm_s16le.nut", "flac.nut", "mp2.nut")),
    ],
)
def test_half_of_a_file(name: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path)
    content = path.read_bytes()
    whole, warnings = read(path)
    assert warnings == []
    path.write_bytes(content[: len(content) // 2 + 7])
    part, warnings = read(path)
    assert [text for text in warnings if "packet" not in text] == warnings[:1]
    assert warnings[0].startswith(message)
    assert 0.4 * len(whole) < len(part) < 0.6 * len(whole)


def test_small_blocks_of_voc(tmp_path: Path) -> None:
    """As FFmpeg writes them: the end tells, since no header states the whole size."""
    path = tmp_path / "a.voc"
    soundfile.write(path, SOUND, RATE)
    head = path.read_bytes()
    blocks = b"".join(b"\2" + (2000).to_bytes(3, "little") + bytes(2000) for _ in "ab")
    path.write_bytes(head[:-1] + blocks + b"\0")
    assert read(path)[1] == []
    path.write_bytes(head[:-1] + blocks[:-100])
    assert read(path)[1][0].startswith(NO_END)


def test_headers_of_blocks_are_no_samples(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.voc", tmp_path / "whole.voc"
    soundfile.write(whole, SOUND, RATE)
    content = whole.read_bytes()
    start, kind = 26, content[30:42]
    data = content[42:-1]
    first, rest = data[:8192], data[8192:]
    blocks = [b"\x09" + (12 + len(first)).to_bytes(3, "little") + kind + first]
    for at in range(0, len(rest), 8192):
        part = rest[at : at + 8192]
        blocks.append(b"\2" + len(part).to_bytes(3, "little") + part)
    path.write_bytes(content[:start] + b"".join(blocks) + b"\0")
    np.testing.assert_array_equal(read(path)[0], read(whole)[0])


def write_stereo_svx(path: Path) -> None:
    """As SoX does: one side as a whole, then the other."""
    sides = [(SOUND * 127).astype("i1").tobytes(), bytes(len(SOUND))]
    body = b"".join(sides)
    header = struct.pack(">IIIHBBI", len(SOUND), 0, 0, RATE, 1, 0, 1 << 16)
    chunks = b"VHDR" + struct.pack(">I", len(header)) + header
    chunks += b"CHAN" + struct.pack(">II", 4, 6)
    chunks += b"BODY" + struct.pack(">I", len(body)) + body
    path.write_bytes(b"FORM" + struct.pack(">I", 4 + len(chunks)) + b"8SVX" + chunks)


def test_sides_in_turn_of_svx(tmp_path: Path) -> None:
    path = tmp_path / "a.svx"
    write_stereo_svx(path)
    samples, warnings = read(path)
    np.testing.assert_allclose(samples, SOUND / 2, atol=0.01)
    assert warnings == []


def test_sides_in_turn_without_pyav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "a.svx"
    write_stereo_svx(path)
    with pytest.raises(MissingDependencyError, match="PyAV"):
        open_audio(path)


@pytest.mark.parametrize("at", [0, 30])
def test_pauses_of_amr_leave_their_time(at: int, tmp_path: Path) -> None:
    """A telephone sends nothing where nobody speaks, and FFmpeg decodes nothing."""
    path = tmp_path / "a.amr"
    speech = [
        bytes([0x3C, *(number * 7 % 256 for _ in range(31))]) for number in range(100)
    ]
    path.write_bytes(b"#!AMR\n" + b"".join(speech))
    whole, _ = read(path)
    speech[at : at + 20] = [b"\x7c"] * 20
    path.write_bytes(b"#!AMR\n" + b"".join(speech))
    samples, warnings = read(path)
    assert len(samples) == len(whole)
    assert warnings == []
    first = round(at * 0.02 * RATE)
    assert np.abs(samples[first + 882 : first + 17 * 882]).max() < 1e-3


def test_ac3_in_a_wav_file_is_decoded(tmp_path: Path) -> None:
    """As capture programs and disc tools write it, for a receiver."""
    packed, path = tmp_path / "a.spdif", tmp_path / "a.wav"
    encode(packed, SOUND, "ac3", rate=48000)
    words = np.frombuffer(packed.read_bytes(), "<i2").reshape(-1, 2)
    soundfile.write(path, words, 48000)
    samples, warnings = read(path)
    assert warnings == []
    assert len(samples) == pytest.approx(len(SOUND) * RATE / 48000, abs=3000)
    assert np.abs(samples).max() < 0.9


def test_dts_in_a_wav_file_without_pyav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a CD: noise, if taken for samples."""
    path = tmp_path / "a.wav"
    frame = b"\xfe\x7f\x01\x80\x3c\xfc" + bytes(range(1, 251))
    soundfile.write(path, np.frombuffer(40 * frame, "<i2").reshape(-1, 2), RATE)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match="needs PyAV"):
        open_audio(path)


@pytest.mark.parametrize("silence", [0, 4 * RATE])
@pytest.mark.parametrize("name", ["a.flac", "a.aiff", "a.caf", "pipe"])
def test_a_bitstream_that_is_taken_for_samples_is_refused(
    name: str, silence: int, tmp_path: Path
) -> None:
    """A DTS-CD that was ripped to FLAC, or S/PDIF that was recorded."""
    frame = b"\xff\x1f\x00\xe8\xf1\x07" + bytes(range(1, 251)) * 8
    words = np.frombuffer(40 * frame, "<i2").reshape(-1, 2)
    words = np.concatenate((np.zeros((silence, 2), np.int16), words))
    path = tmp_path / ("a.wav" if name == "pipe" else name)
    soundfile.write(path, words, RATE)
    source = Pipe(path.read_bytes()) if name == "pipe" else path
    with pytest.raises(AudioError, match="has AC-3 or DTS for a receiver instead"):
        read(source)


def test_samples_that_look_like_one_frame_of_a_bitstream_are_heard() -> None:
    words = (10000 * np.stack((SOUND, SOUND), axis=1)).astype(np.int16)
    words[1000:1002] = (0x1FFF, 0xE800 - 65536), (0x07F1, 0)
    assert len(load_audio((words, RATE))) == len(words)


def test_a_clipped_recording_with_a_side_inverted_is_heard() -> None:
    """Its words are those with which a frame of DTS begins."""
    words = np.where(np.stack((SOUND, -SOUND), axis=1) > 0, 32766, -32767)
    read_back = load_audio((words.astype(np.int16), RATE))
    assert np.abs(read_back).mean() > 0.99


@pytest.mark.parametrize("sync", [0xF8726FBA, 0xF8726FBB])
def test_units_of_truehd_and_mlp(sync: int) -> None:
    """The first 12 bits but 4 count the words of a unit."""
    unit = struct.pack(">HHI", 0xA000 | 40, 0, sync) + bytes(72)
    assert not lacks_end(io.BytesIO(30 * unit))
    assert lacks_end(io.BytesIO((30 * unit)[:-10]))


def test_a_sample_dump_is_not_filled_up_with_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.sds"
    soundfile.write(path, SOUND, RATE)
    whole, _ = read(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    part, _ = read(path)
    np.testing.assert_array_equal(part[:-1000], whole[: len(part) - 1000])
    assert np.abs(part[-2000:]).max() > 0.01


@pytest.mark.parametrize(
    "content",
    [
        b"2BIT\0\0",
        b"\1\4abc",
        b"\xf0\x7e\0\1",
        b"NIST_1A\n   x\n",
        b"NIST_1A\n   1024\nsample_count -i 5",
        b"Creative Voice File\x1a",
        b"Extended Instrument: ",
        b".SoX\0\0",
        b"ALawSoundFile**\0",
        b"FORM\0\0\0\0" + b"8SVXBODY\xff\xff",
        bytes(124) + b"\0\1IM" + b"\x0e\0\0\0\xff",
        bytes(64),
        struct.pack("<5I", 0, 1, 1, 0, 1 << 31),
        b"nut/multimedia container\0",
        b"\0\0\0\0\xf8\x72\x6f\xba",
    ],
)
def test_a_header_that_is_cut_costs_nothing(content: bytes) -> None:
    file = io.BytesIO(content)
    assert missing_share(file) == 0
    assert finished_header(file) is None


def test_a_position_before_a_file_is_no_error_of_the_disk(tmp_path: Path) -> None:
    """FFmpeg looks for the last timestamps of NUT before the beginning."""
    path = tmp_path / "a.nut"
    encode(path, SOUND, "pcm_s16le")
    content = path.read_bytes()[:50_000]
    path.write_bytes(content)
    for source in (path, io.BytesIO(content)):
        with open_audio(source) as reader:
            assert sum(map(len, reader)) > 10_000
