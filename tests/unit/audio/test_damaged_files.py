"""Recordings that are cut short, and the warnings about them."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import open_audio
from adt_plugins.audio.endings import lacks_end
from adt_plugins.audio.unfinished import (
    MORE_THAN_STATED,
    finished_header,
    missing_share,
)
from adt_plugins.errors import AudioError
from tests.support.audio import RATE, encode, lag, music, sweep
from tests.support.field_files import PAIR, SOUND, Pipe, patched, read

W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


def data_at(path: Path) -> int:
    return path.read_bytes().index(b"data")


class TestCrashedRecorders:
    @pytest.mark.parametrize(
        "subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "MS_ADPCM"]
    )
    @pytest.mark.parametrize("riff", [True, False])
    def test_wav(self, subtype: str, riff: bool, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, PAIR, RATE, subtype=subtype)
        whole, _ = read(path)
        patched(path, {data_at(path) + 4: bytes(4), **({4: bytes(4)} if riff else {})})
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples[: len(whole)], whole)
        assert len(samples) - len(whole) < 2048  # ADPCM: the last block is filled up
        assert warnings == []
        part, _ = read(path, start=1.0, end=2.0)
        np.testing.assert_array_equal(part, whole[RATE : 2 * RATE])

    def test_rf64(self, tmp_path: Path) -> None:
        path = tmp_path / "a.rf64"
        soundfile.write(path, PAIR, RATE, format="RF64")
        whole, _ = read(path)
        at = path.read_bytes().index(b"ds64")
        patched(path, {at + 8: bytes(24)})
        np.testing.assert_array_equal(read(path)[0], whole)

    def test_au(self, tmp_path: Path) -> None:
        path = tmp_path / "a.au"
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        patched(path, {8: bytes(4)})
        np.testing.assert_array_equal(read(path)[0], whole)

    @pytest.mark.parametrize(
        ("name", "sizes"),
        [
            ("a.aiff", {b"FORM": b"\x7f\0\0\x50", b"SSND": b"\x7f\0\0\x08"}),
            ("b.aiff", {b"FORM": b"\xff" * 4, b"SSND": b"\xff" * 4}),
            ("a.w64", {W64_DATA: b"\xff" * 7 + b"\x7f"}),
            ("a.rf64", {b"ds64": b"\x1c\0\0\0" + b"\xff" * 24}),
        ],
    )
    def test_sizes_of_programs_that_write_into_a_pipe(
        self, name: str, sizes: dict[bytes, bytes], tmp_path: Path
    ) -> None:
        """As SoX and FFmpeg leave them."""
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        content = path.read_bytes()
        patched(
            path, {content.index(key) + len(key): size for key, size in sizes.items()}
        )
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == []

    @pytest.mark.parametrize(
        ("name", "chunk", "at", "form"),
        [
            ("a.wav", b"data", 4, "<I"),
            ("a.rf64", b"ds64", 16, "<Q"),
            ("a.aiff", b"SSND", 4, ">I"),
            ("a.au", b".snd", 8, ">I"),
            ("a.caf", b"data", 4, ">q"),
        ],
    )
    def test_a_size_that_was_written_before_the_crash(
        self, name: str, chunk: bytes, at: int, form: str, tmp_path: Path
    ) -> None:
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        whole, warnings = read(path)
        assert warnings == []
        stated = struct.pack(form, 2 * PAIR.nbytes // PAIR.itemsize // 3)
        patched(path, {path.read_bytes().index(chunk) + at: stated})
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == [MORE_THAN_STATED]

    @pytest.mark.parametrize(
        "rest",
        [
            bytes(40000),
            b"junk" + struct.pack("<I", 20000) + b"\1" * 20000,
            b"\0junk" + struct.pack("<I", 20000) + b"\1" * 20000,
            b"TAG" + b"\1" * 20000,
            b"\1" * 2000,
        ],
    )
    @pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.au", "a.caf"])
    def test_what_follows_is_no_sound(
        self, name: str, rest: bytes, tmp_path: Path
    ) -> None:
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        path.write_bytes(path.read_bytes() + rest)
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == []

    def test_a_size_that_is_too_small_in_a_pipe_is_told(self) -> None:
        pipe = io.BytesIO()
        soundfile.write(pipe, PAIR, RATE, format="WAV")
        content = bytearray(pipe.getvalue())
        content[40:44] = struct.pack("<I", 4 * RATE)
        samples, warnings = read(Pipe(bytes(content)))
        assert len(samples) == RATE
        assert warnings == ["more follows than its header states: it is left out"]

    @pytest.mark.parametrize("size", [0x7FFFFFFF, 0x80000000, 0xFFFFFFDB])
    def test_au_of_a_size_that_is_not_known(self, size: int, tmp_path: Path) -> None:
        path = tmp_path / "a.au"
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        patched(path, {8: struct.pack(">I", size)})
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == []

    def test_wavpack_without_a_length(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wv"
        encode(path, SOUND, "wavpack")
        whole, _ = read(path)
        patched(path, {12: bytes(4)})
        np.testing.assert_array_equal(read(path)[0], whole)

    @pytest.mark.parametrize(
        "rest", [b"", b"LIST" + struct.pack("<I", 4) + b"INFO", bytes(0)]
    )
    def test_nothing_recorded_is_refused(self, rest: bytes, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.zeros((0, 2)), RATE)
        path.write_bytes(path.read_bytes()[:44] + rest)
        with pytest.raises(AudioError, match="holds no samples"):
            open_audio(path)

    @pytest.mark.skipif(sys.platform != "linux", reason="needs sparse files")
    @pytest.mark.parametrize("unknown", [True, False])
    def test_more_than_four_gigabytes(self, unknown: bool, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, PAIR[:100], RATE)
        there = (1 << 32) + 4 * 10 * RATE
        size = 0xFFFFFFFF if unknown else there % (1 << 32)
        patched(path, {40: struct.pack("<I", size)})
        with path.open("r+b") as file:
            file.seek(44 + there - 4)
            file.write(struct.pack("<hh", 8192, 8192))
        frames = there // 4
        with open_audio(path, start=frames / RATE - 5) as reader:
            assert reader.info.frames == frames
            last = np.concatenate(list(reader))
        assert len(last) == 5 * RATE
        assert last[-1] == pytest.approx(0.25)


def recount(path: Path, samples: int) -> None:
    """Add to the positions of an Ogg file's pages with sound."""
    data = bytearray(path.read_bytes())
    at = 0
    while at < len(data):
        segments = data[at + 26]
        end = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
        time = struct.unpack_from("<q", data, at + 6)[0]
        if time > 0:
            struct.pack_into("<q", data, at + 6, time + samples)
        data[at + 22 : at + 26] = bytes(4)
        checksum = 0
        for byte in data[at:end]:
            checksum ^= byte << 24
            for _ in range(8):
                checksum = checksum << 1 ^ (0x104C11DB7 if checksum >> 31 else 0)
        struct.pack_into("<I", data, at + 22, checksum)
        at = end
    path.write_bytes(data)


class TestCutWithoutEncodingAgain:
    """Positions are as `ffmpeg -ss 1.3 -i a.opus -c copy b.opus` leaves them."""

    @pytest.mark.parametrize("subtype", ["OPUS", "VORBIS"])
    @pytest.mark.parametrize("later", [0, 22896, -9000])
    def test_ogg(self, subtype: str, later: int, tmp_path: Path) -> None:
        rate = 48000 if subtype == "OPUS" else RATE
        path = tmp_path / "a.ogg"
        soundfile.write(path, 0.5 * music(2.0, rate=rate), rate, subtype)
        whole, _ = read(path)
        recount(path, later)
        samples, warnings = read(path)
        assert warnings == []
        assert len(samples) == pytest.approx(len(whole), abs=16)
        assert lag(samples, whole) == 0
        assert np.abs(samples[-2000:]).max() > 0.01

    def test_vorbis_without_pyav_is_read_by_libsndfile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.ogg"
        soundfile.write(path, 0.5 * music(2.0), RATE)
        recount(path, -9000)
        monkeypatch.setitem(sys.modules, "av", None)
        samples, _ = read(path)
        assert len(samples) > RATE

    @pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
    @pytest.mark.parametrize("ending", ["webm", "mp4"])
    def test_opus_of_another_rate(self, ending: str, rate: int, tmp_path: Path) -> None:
        path = tmp_path / f"a.{ending}"
        encode(path, sweep(2.0, rate=rate), "libopus", rate=rate)
        samples, _ = read(path)
        assert abs(lag(samples, sweep(2.0))) <= 20


LOST = "cut short or damaged: only "


ENDLESS = "may be cut short: its end is missing; "


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((f"a.{suffix}", LOST) for suffix in ("wav", "aiff", "au", "caf", "w64")),
        *((name, LOST) for name in ("rf64.wav", "a.mkv", "film.mkv", "a.avi")),
        *((name, LOST) for name in ("adpcm.avi", "a.rm", "a.wma")),
        *((name, ENDLESS) for name in ("a.ogg", "opus.ogg", "flac.ogg")),
        *((name, ENDLESS) for name in ("a.ac3", "a.eac3", "a.ts", "a.vob")),
    ],
)
def test_half_of_a_file(name: str, message: str, tmp_path: Path) -> None:
    """By sizes in headers, by Ogg's end of stream, by frames and packets in halves."""
    path = tmp_path / name
    codecs = {"a.mkv": "flac", "film.mkv": "flac", "a.avi": "pcm_s16le"}
    codecs |= {"flac.ogg": "flac", "a.ac3": "ac3", "a.eac3": "eac3", "a.ts": "mp2"}
    codecs |= {"adpcm.avi": "adpcm_ima_wav", "a.rm": "ac3", "a.wma": "wmav2"}
    codecs |= {"a.vob": "mp2"}
    if name in codecs:
        encode(path, SOUND, codecs[name], video=name == "film.mkv")
    elif name == "opus.ogg":
        soundfile.write(path, PAIR[::2], 24000, subtype="OPUS")
    elif name == "rf64.wav":
        soundfile.write(path, PAIR, RATE, format="RF64")
    else:
        soundfile.write(path, PAIR, RATE)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 7])
    _, warnings = read(path)
    # Some versions of PyAV count the packet that is cut, too.
    assert [text for text in warnings if "packet" not in text] == warnings[:1]
    assert warnings[0].startswith(message)
    path.write_bytes(content)
    assert read(path)[1] == []


def test_wma_of_a_broadcast_states_no_length(tmp_path: Path) -> None:
    """As FFmpeg writes it into a pipe."""
    path = tmp_path / "a.wma"
    encode(path, SOUND, "wmav2")
    whole, _ = read(path)
    at = path.read_bytes().index(bytes.fromhex("a1dcab8c47a9cf11"))
    patched(path, {at + 40: bytes(8), at + 64: b"\xff\xff\xff\x0f", at + 88: b"\1"})
    samples, warnings = read(path)
    np.testing.assert_array_equal(samples, whole)
    assert warnings == []


def test_an_empty_packet_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.nut"
    encode(path, SOUND, "flac")
    whole, warnings = read(path)
    assert warnings == []
    np.testing.assert_allclose(whole, SOUND, atol=1e-4)


def test_half_of_an_mp4_has_no_index(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    encode(path, SOUND, "aac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match="cut short: its index, which MP4 has at"):
        open_audio(path)


@pytest.mark.parametrize("suffix", ["m4a", "mov"])
@pytest.mark.parametrize("is_in_front", [True, False])
def test_mp4_that_ends_in_its_index_or_behind_it(
    suffix: str, is_in_front: bool, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    options = {"movflags": "faststart"} if is_in_front else {}
    encode(path, SOUND, "aac", options=options)
    content = path.read_bytes()
    moov = content.index(b"moov") - 4
    size = int.from_bytes(content[moov : moov + 4], "big")
    for share in (0.0, 0.1, 0.5):
        path.write_bytes(content[: moov + 8 + int(share * (size - 8))])
        with pytest.raises(AudioError, match="cut short: it ends within its index"):
            open_audio(path)
    if is_in_front:
        path.write_bytes(content[: moov + size])
        with pytest.raises(AudioError, match="cut short: it ends before the sound"):
            open_audio(path)


@pytest.mark.parametrize(
    "content",
    [
        b".snd\0\0",
        b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff",
        b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0",
        b"riff" + bytes(20) + b"wave",
        b"caff\0\1\0\0data\xff",
        b"OggS\0",
    ],
)
def test_a_header_that_is_cut_costs_nothing(content: bytes) -> None:
    file = io.BytesIO(content)
    assert missing_share(file) == 0
    assert finished_header(file) is None
    assert lacks_end(file) is (content[:4] == b"OggS")
    with pytest.raises(AudioError):
        open_audio(file)
