"""Recordings that are cut short or joined, and the warnings about them."""

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
from adt_plugins.audio.unfinished import finished_header, missing_share
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


class TestJoinedStreams:
    """As FFmpeg and browsers hear them: RFC 3533 for Ogg."""

    @pytest.mark.parametrize(
        ("name", "between"),
        [("a.mp3", 5000), ("a.ogg", 2000), ("a.flac", 0), ("a.opus", 2000)],
    )
    def test_are_read_to_the_end(self, name: str, between: int, tmp_path: Path) -> None:
        one = tmp_path / name
        rate = 48000 if name == "a.opus" else RATE
        form = {"a.opus": ("OGG", "OPUS")}.get(name, (None, None))
        tone = np.stack((sweep(4.0, rate=rate),) * 2, axis=1)
        soundfile.write(one, tone, rate, format=form[0], subtype=form[1])
        alone, _ = read(one)
        two = tmp_path / f"two-{name}"
        two.write_bytes(one.read_bytes() * 2)
        samples, warnings = read(two)
        assert 0 <= len(samples) - 2 * len(alone) <= between
        assert warnings == ["several streams, one after the other: all are read"]
        np.testing.assert_allclose(samples[:RATE], alone[:RATE], atol=0.01)
        late, _ = read(two, start=5.0)
        np.testing.assert_allclose(late, samples[5 * RATE :], atol=1e-3)

    @pytest.mark.parametrize(
        "name", ["a.wav", "a.rf64", "a.w64", "a.aiff", "a.au", "a.caf"]
    )
    def test_containers_that_tell_their_end(self, name: str, tmp_path: Path) -> None:
        """Players read the first one alone: the others are not lost in silence."""
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        content = path.read_bytes()
        soundfile.write(path, PAIR[:RATE, :1], RATE, subtype="PCM_24")
        path.write_bytes(content + path.read_bytes() + content)
        samples, warnings = read(path)
        assert warnings == ["several streams, one after the other: all are read"]
        expected = np.concatenate((whole, SOUND[:RATE], whole))
        np.testing.assert_allclose(samples, expected, atol=1e-4)
        np.testing.assert_array_equal(read(path, start=4.5)[0], samples[198450:])

    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("a.m4a", "aac"),
            ("a.tta", "tta"),
            ("a.wv", "wavpack"),
            ("a.flv", "pcm_s16le"),
            ("a.mka", "flac"),
        ],
    )
    def test_containers_that_pyav_reads(
        self, name: str, codec: str, tmp_path: Path
    ) -> None:
        path = tmp_path / name
        encode(path, SOUND, codec)
        whole, _ = read(path)
        path.write_bytes(path.read_bytes() * 2)
        samples, warnings = read(path)
        assert warnings == ["several streams, one after the other: all are read"]
        np.testing.assert_array_equal(samples, np.tile(whole, 2))

    @pytest.mark.parametrize("first", ["a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a"])
    def test_files_of_different_kinds(self, first: str, tmp_path: Path) -> None:
        contents = {}
        for name in ("a.wav", "a.mp3", "a.ogg", "a.flac", "a.m4a"):
            path = tmp_path / name
            if name == "a.m4a":
                encode(path, SOUND[:RATE], "aac")
            else:
                soundfile.write(path, SOUND[:RATE], RATE)
            contents[name] = path.read_bytes()
        for second in sorted(contents.keys() - {first}):
            path = tmp_path / "joined"
            path.write_bytes(contents[first] + contents[second] + contents["a.wav"])
            samples, warnings = read(path)
            assert warnings == ["several streams, one after the other: all are read"]
            assert len(samples) == pytest.approx(3 * RATE, abs=RATE // 5)
            np.testing.assert_allclose(samples[-RATE:], SOUND[:RATE], atol=1e-3)

    def test_too_many_in_each_other_end_somewhere(self, tmp_path: Path) -> None:
        contents = []
        for name in ("a.wav", "a.ogg"):
            soundfile.write(tmp_path / name, PAIR[:100], RATE)
            contents.append((tmp_path / name).read_bytes())
        path = tmp_path / "joined"
        path.write_bytes(b"".join(contents) * 30)
        assert 2000 <= len(read(path)[0]) <= 6000

    @pytest.mark.parametrize("rest", [b"", b"LIST\5\0\0\0INFO\0\0"])
    def test_wav_through_a_pipe(self, rest: bytes) -> None:
        whole, short = io.BytesIO(), io.BytesIO()
        soundfile.write(whole, PAIR, RATE, format="WAV")
        soundfile.write(short, SOUND[: RATE - 1], RATE // 2, "PCM_U8", format="WAV")
        content = whole.getvalue() + rest + short.getvalue() + whole.getvalue()
        samples, warnings = read(Pipe(content))
        assert warnings == ["several streams, one after the other: all are read"]
        length = len(SOUND)
        assert len(samples) == pytest.approx(2 * length + 2 * RATE, abs=4)
        np.testing.assert_allclose(samples[-length:], 0.75 * SOUND, atol=1e-4)
        late, _ = read(Pipe(content), start=4.5)
        np.testing.assert_array_equal(late, samples[round(4.5 * RATE) :])

    def test_another_kind_through_a_pipe_is_told(self) -> None:
        content = io.BytesIO()
        soundfile.write(content, PAIR, RATE, format="WAV")
        samples, warnings = read(Pipe(content.getvalue() + b"OggS\0\2" + bytes(100)))
        assert warnings == ["only the first of several streams in a pipe is read"]
        assert len(samples) == len(SOUND)

    def test_chunks_behind_the_samples_are_no_second_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        for rest in (b"LIST\4\0\0\0INFO", b"RIFF", b"RIFF\0\0\0\0WAVE", bytes(1000)):
            with path.open("ab") as file:
                file.write(rest)
            samples, _ = read(path)
            np.testing.assert_array_equal(samples, whole)

    @pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.flac"])
    def test_without_pyav(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is needed for MP3 only, and a sentence says so."""
        monkeypatch.setitem(sys.modules, "av", None)
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        path.write_bytes(path.read_bytes() * 2)
        samples, warnings = read(path)
        if name == "a.mp3":
            assert len(samples) == len(PAIR)
            assert warnings == [
                "only the first of several streams is read:"
                ' pip install "adt-plugins[av]"'
            ]
        else:
            assert len(samples) == 2 * len(PAIR)
            np.testing.assert_array_equal(samples[len(PAIR) :], samples[: len(PAIR)])

    @pytest.mark.parametrize("form", ["OGG", "FLAC"])
    def test_each_may_have_another_rate(self, form: str, tmp_path: Path) -> None:
        parts = []
        for rate, channels in ((RATE, 2), (48000, 1), (22050, 2)):
            file = io.BytesIO()
            tone = np.stack((sweep(2.0, rate=rate),) * channels, axis=1)
            soundfile.write(file, tone, rate, format=form)
            parts.append(file.getvalue())
        path = tmp_path / "chain"
        path.write_bytes(b"".join(parts))
        samples, warnings = read(path)
        assert warnings == ["several streams, one after the other: all are read"]
        assert len(samples) == 6 * RATE
        for number in (1, 2):  # the same sound, at another rate
            again = samples[2 * number * RATE :][: 2 * RATE]
            error = again[1000 : RATE // 2] - samples[1000 : RATE // 2]
            assert np.sqrt(np.mean(error**2)) < 0.02
        late, _ = read(path, start=3.0)
        np.testing.assert_allclose(late, samples[3 * RATE :], atol=1e-6)

    def test_a_tag_behind_an_mp3_is_not_another(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp3"
        soundfile.write(path, PAIR, RATE)
        path.write_bytes(path.read_bytes() + b"APETAGEX" + bytes(5000))
        assert len(read(path)[0]) == len(PAIR)


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
