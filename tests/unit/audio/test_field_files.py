"""Recordings as they come from the field: named wrongly, odd, of many tracks."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.audio import load_audio, open_audio
from adt_plugins.audio.av_container import _forget_own_order
from adt_plugins.audio.layout import low_channels
from adt_plugins.audio.pyav import _samples
from adt_plugins.errors import AudioError, MissingDependencyError, install_command
from tests.support.audio import RATE, encode
from tests.support.field_files import PAIR, SOUND, Pipe, encoded, patched, read


def _low_channels(content: bytes, channels: int) -> tuple[int, ...]:
    return low_channels(io.BytesIO(content), content, channels)


class TestByContent:
    @pytest.mark.parametrize("junk", ["cut", "zeros"])
    def test_an_mp3_that_does_not_begin_with_a_frame(
        self, junk: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.mp3"
        soundfile.write(path, PAIR, RATE)
        content = path.read_bytes()
        path.write_bytes(content[101:] if junk == "cut" else bytes(5000) + content)
        assert len(read(path)[0]) == pytest.approx(len(PAIR), abs=4000)

    @pytest.mark.parametrize(
        ("name", "codec"),
        [("a.ac3", "ac3"), ("a.eac3", "eac3"), ("a.tta", "tta"), ("a.ts", "mp2")],
    )
    def test_what_pyav_can_open(self, name: str, codec: str, tmp_path: Path) -> None:
        encode(tmp_path / name, SOUND, codec)
        path = (tmp_path / name).rename(tmp_path / "song")
        assert len(read(path)[0]) == pytest.approx(len(SOUND), abs=3000)

    @pytest.mark.parametrize(
        ("name", "codec"),
        [("a.m4a", "aac"), ("a.wv", "wavpack"), ("a.ac3", "ac3"), ("a.mka", "flac")],
    )
    def test_what_is_around_it_is_no_damage(
        self, name: str, codec: str, tmp_path: Path
    ) -> None:
        """Zeros or an ID3 tag before it, other tags behind."""
        path = tmp_path / name
        whole = encoded(path, codec)
        content = path.read_bytes()
        footer = struct.pack("<8sIIII8x", b"APETAGEX", 2000, 1032, 1, 0x80000000)
        tags = footer + bytes(1000) + footer + b"TAG" + bytes(125)
        for before in (bytes(5000), b"ID3\3\0\0\0\0\7\x76" + bytes(1014), b""):
            path.write_bytes(before + content + tags)
            samples, warnings = read(path)
            assert warnings == []
            np.testing.assert_array_equal(samples, whole)

    @pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "aiff"])
    def test_zeros_before_it(self, suffix: str, tmp_path: Path) -> None:
        path = tmp_path / f"a.{suffix}"
        soundfile.write(path, PAIR, RATE)
        whole, _ = read(path)
        path.write_bytes(bytes(5000) + path.read_bytes())
        np.testing.assert_array_equal(read(path)[0], whole)

    def test_m2ts(self, tmp_path: Path) -> None:
        encode(tmp_path / "a.m2ts", SOUND, "ac3", options={"mpegts_m2ts_mode": "1"})
        samples, _ = read(tmp_path / "a.m2ts")
        assert len(samples) == pytest.approx(len(SOUND), abs=3000)

    def test_mp4_that_begins_with_an_empty_box(self, tmp_path: Path) -> None:
        path = tmp_path / "a.m4a"
        encode(path, SOUND, "aac")
        content = bytearray(path.read_bytes())
        at = content.index(b"stco")
        for place in range(at + 12, at + 12 + 4 * content[at + 11], 4):
            offset = struct.unpack_from(">I", content, place)[0]
            struct.pack_into(">I", content, place, offset + 16)
        path.write_bytes(struct.pack(">I4s8x", 16, b"skip") + content)
        assert len(read(path)[0]) == pytest.approx(len(SOUND), abs=1200)

    @pytest.mark.parametrize(
        "content",
        [
            b"The drums come in at 0:10.\n" * 200,
            b"#EXTM3U\n#EXTINF:10,\nother.wav\n",
            b"ffconcat version 1.0\nfile other.wav\n",
            np.random.default_rng(5).bytes(100_000),
            bytes(100_000),
        ],
        ids=["text", "playlist", "list", "random", "zeros"],
    )
    def test_what_is_not_audio(self, content: bytes, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "other.wav", PAIR, RATE)
        for name in ("a", "a.mp3", "a.m3u8"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(AudioError, match="not an audio file"):
                open_audio(tmp_path / name)

    @pytest.mark.parametrize("channels", [1, 2, 6])
    @pytest.mark.parametrize("dtype", ["<f4", "<f8"])
    def test_floats_in_w64(self, dtype: str, channels: int, tmp_path: Path) -> None:
        """libsndfile takes them for integers if their format is extensible."""
        samples = np.repeat(SOUND[:, None], channels, axis=1).astype(dtype)
        width = samples.itemsize
        form = struct.pack("<HHII", 0xFFFE, channels, RATE, RATE * channels * width)
        form += struct.pack("<HHHHI", channels * width, 8 * width, 22, 8 * width, 0)
        form += bytes.fromhex("0300000000001000800000aa00389b71")
        ends = bytes.fromhex("f3acd3118cd100c04f8edb8a")
        body = b"".join(
            name + ends + struct.pack("<Q", 24 + len(data)) + data
            for name, data in ((b"fmt ", form), (b"data", samples.tobytes()))
        )
        riff = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
        size = struct.pack("<Q", 40 + len(body))
        path = tmp_path / "a.w64"
        path.write_bytes(riff + size + b"wave" + ends + body)
        heard, warnings = read(path)
        assert warnings == []
        np.testing.assert_allclose(heard, SOUND, atol=1e-6)

    def test_codecs_in_which_libsndfile_cannot_seek(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, SOUND, RATE, subtype="GSM610")
        samples, warnings = read(path)
        assert len(samples) == pytest.approx(len(SOUND), abs=320)
        assert np.corrcoef(samples[: len(SOUND)], SOUND[: len(samples)])[0, 1] > 0.9
        assert warnings == []
        np.testing.assert_array_equal(read(path, start=1.5)[0], samples[66150:])

    @pytest.mark.parametrize("tag", [b"TAG" + b"x" * 125, b"APETAGEX" + b"x" * 500])
    def test_a_tag_behind_a_flac_is_no_damage(self, tag: bytes, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, PAIR, RATE)
        path.write_bytes(path.read_bytes() + tag)
        samples, warnings = read(path)
        assert len(samples) == len(PAIR)
        assert warnings == []

    @pytest.mark.parametrize(("name", "codec"), [("a.wv", "wavpack"), ("a.tta", "tta")])
    def test_a_tag_that_pyav_finds_is_no_damage(
        self, name: str, codec: str, tmp_path: Path
    ) -> None:
        path = tmp_path / name
        whole = encoded(path, codec)
        path.write_bytes(path.read_bytes() + b"TAG" + b"x" * 125)
        samples, warnings = read(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == []

    def test_without_pyav(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bits = tmp_path / "a.wav"
        soundfile.write(bits, PAIR, RATE)
        patched(bits, {0: b"BW64"})
        encode(tmp_path / "a.ogg", SOUND, "flac")
        encode(tmp_path / "a.ac3", SOUND, "ac3")
        monkeypatch.setitem(sys.modules, "av", None)
        for name, what in (
            ("a.ogg", "damaged, or Ogg of a kind that"),
            ("a.ac3", "not an audio file, or one that"),
        ):
            with pytest.raises((AudioError, MissingDependencyError)) as caught:
                open_audio(tmp_path / name)
            cure = f"needs PyAV: {install_command('PyAV', 'av')}"
            assert str(caught.value) == f"{tmp_path / name}: {what} {cure}"


class TestTracks:
    @staticmethod
    def film(path: Path, *, default: int) -> None:
        """Write a silent track and one with sound."""
        import av
        from av.stream import Disposition

        with av.open(str(path), "w") as container:
            streams = [
                container.add_stream("flac", rate=RATE, layout="stereo")
                for _ in range(2)
            ]
            for number, stream in enumerate(streams):
                stream.disposition = Disposition.default * (number == default)
            for stream, level in zip(streams, (0.0, 1.0), strict=True):
                sound = np.tile((level * SOUND * 32767).astype(np.int16)[None], (2, 1))
                packed = np.ascontiguousarray(sound.T).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(packed, "s16", "stereo")
                frame.sample_rate, frame.pts = RATE, 0
                graph = av.AudioResampler("s16", "stereo", RATE, frame_size=4096)
                for part in (*graph.resample(frame), *graph.resample(None)):
                    container.mux(stream.encode(part))
                container.mux(stream.encode(None))

    @pytest.mark.parametrize("default", [0, 1])
    def test_the_default_one(self, default: int, tmp_path: Path) -> None:
        path = tmp_path / "film.mkv"
        self.film(path, default=default)
        samples, warnings = read(path)
        assert bool(np.abs(samples).max() > 0.1) == (default == 1)
        assert warnings == [
            f"audio track {default + 1} of 2 is read (1 stereo, 2 stereo);"
            " --audio-track chooses another"
        ]

    def test_the_one_that_is_asked_for(self, tmp_path: Path) -> None:
        path = tmp_path / "film.mkv"
        self.film(path, default=0)
        samples, warnings = read(path, track=2)
        assert np.abs(samples).max() > 0.1
        assert warnings == []
        with pytest.raises(AudioError, match=r"no audio track 3: 1 stereo, 2 stereo"):
            open_audio(path, track=3)

    def test_ogg_with_two_is_told(self, tmp_path: Path) -> None:
        """libsndfile reads the first, without a word."""
        path = tmp_path / "two.ogg"
        self.film(path, default=0)
        samples, warnings = read(path)
        assert np.abs(samples).max() == 0
        assert warnings == [
            "audio track 1 of 2 is read (1 stereo, 2 stereo);"
            " --audio-track chooses another"
        ]
        assert np.abs(read(path, track=2)[0]).max() > 0.1

    @pytest.mark.parametrize("pyav", [True, False])
    @pytest.mark.parametrize("suffix", ["flac", "wav", "mp3", "ogg", "au", "svx"])
    def test_of_a_file_with_one(
        self, suffix: str, pyav: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not pyav:
            monkeypatch.setitem(sys.modules, "av", None)
        path = tmp_path / f"a.{suffix}"
        form = {"format": "SVX"} if suffix == "svx" else {}
        sound = SOUND if suffix == "svx" else PAIR
        soundfile.write(path, sound, RATE, **form)
        assert len(read(path, track=1)[0]) == pytest.approx(len(PAIR), abs=2)
        pipe = Pipe(path.read_bytes())
        for source in (path, pipe):
            with pytest.raises(AudioError, match="no audio track 2: it has one"):
                open_audio(source, track=2)


class TestMixing:
    @pytest.mark.parametrize("level", [1.0, 0.6])
    def test_one_side_inverted(self, level: float, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.stack((SOUND, -level * SOUND), axis=1), RATE)
        samples, warnings = read(path)
        np.testing.assert_allclose(samples, (1 + level) / 2 * SOUND, atol=1e-4)
        assert warnings == ["channels cancel each other out: 2 inverted"]

    def test_sides_that_have_little_in_common_stay(self) -> None:
        sides = np.random.default_rng(1).standard_normal((RATE, 2)).astype(np.float32)
        sides[:, 1] -= 0.2 * sides[:, 0]
        with open_audio((sides, RATE)) as reader:
            samples = np.concatenate(list(reader))
        np.testing.assert_allclose(samples, sides.mean(axis=1), atol=1e-6)
        assert reader.warnings == []

    def test_silence_before_an_inverted_side(self) -> None:
        sides = np.zeros((3 * RATE, 2), np.float32)
        sides[RATE:, 0] = SOUND[: 2 * RATE]
        sides[:, 1] = -sides[:, 0]
        np.testing.assert_allclose(load_audio((sides, RATE)), sides[:, 0], atol=1e-6)

    @pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "pipe", "a.mka"])
    def test_the_channel_for_low_frequencies(self, name: str, tmp_path: Path) -> None:
        loud = 0.3 * np.sin(np.arange(2 * RATE) * 0.01)
        place = 5 if name == "a.ogg" else 3  # Vorbis has it last
        channels = np.full((2 * RATE, 6), 0.0)
        channels[:, 0] = SOUND[: 2 * RATE]
        channels[:, place] = loud
        path = tmp_path / ("a.wav" if name == "pipe" else name)
        if name == "a.mka":
            six(path, channels)
        else:
            form = "WAVEX" if path.suffix == ".wav" else None
            soundfile.write(path, channels, RATE, format=form)
            if form:
                at = path.read_bytes().index(b"fmt ") + 8
                patched(path, {at + 20: struct.pack("<I", 0x3F)})
        if name == "pipe":
            source, sink = os.pipe()
            threading.Thread(target=pour, args=(path, sink), daemon=True).start()
            with os.fdopen(source, "rb") as file, open_audio(file) as reader:
                samples = np.concatenate(list(reader))
            warnings = reader.warnings
        else:
            samples, warnings = read(path)
        tolerance = 0.08 if name == "a.ogg" else 1e-4
        np.testing.assert_allclose(samples, SOUND[: 2 * RATE] / 5, atol=tolerance)
        assert warnings == ["the channel for low-frequency effects is left out"]

    @pytest.mark.parametrize(
        ("tag", "channels", "low"),
        [
            (121 << 16 | 6, 6, (3,)),  # L R C LFE Ls Rs
            (124 << 16 | 6, 6, (5,)),  # C L R Ls Rs LFE
            (133 << 16 | 3, 3, (2,)),
            (101 << 16 | 2, 2, ()),  # stereo
            (121 << 16 | 6, 2, ()),
        ],
    )
    def test_layouts_of_core_audio(
        self, tag: int, channels: int, low: tuple[int, ...]
    ) -> None:
        content = struct.pack(">III", tag, 0, 0)
        for head in (
            b"caff\0\1\0\0" + struct.pack(">4sq", b"chan", 12) + content,
            b"FORM\0\0\0\0AIFF" + struct.pack(">4sI", b"CHAN", 12) + content,
        ):
            assert _low_channels(head, channels) == low

    def test_labels_and_masks_of_core_audio(self) -> None:
        labels = b"".join(struct.pack(">I16x", label) for label in (1, 2, 4))
        head = b"caff\0\1\0\0chan" + struct.pack(">qIII", 72, 0, 0, 3) + labels
        assert _low_channels(head, 3) == (2,)
        head = b"caff\0\1\0\0chan" + struct.pack(">qIII", 12, 0x10000, 0x3F, 0)
        assert _low_channels(head, 6) == (3,)
        assert _low_channels(head[:20], 6) == ()

    @pytest.mark.parametrize(
        ("mask", "channels", "low"),
        [
            (0x3F, 6, (3,)),  # 5.1, with back
            (0x60F, 6, (3,)),  # and with side channels
            (0x63F, 8, (3,)),
            (0xFF, 8, (3,)),  # 7.1 with channels between those in front
            (0x70F, 7, (3,)),
            (0x0F, 4, (3,)),
            (0x0B, 3, (2,)),
            (0x0C, 2, (1,)),
            (0x07, 3, ()),
            (0x33, 4, ()),  # quad
            (0x107, 4, ()),
            (0x37, 5, ()),
            (0, 6, ()),
        ],
    )
    def test_masks(self, mask: int, channels: int, low: tuple[int, ...]) -> None:
        form = struct.pack("<HHIIHHHHI", 0xFFFE, channels, RATE, 0, 2, 16, 22, 16, mask)
        head = b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form
        assert _low_channels(head, channels) == low

    @pytest.mark.parametrize(
        ("name", "channels", "low"),
        [
            ("a.flac", 3, None),
            ("a.flac", 4, None),
            ("a.flac", 5, None),
            ("a.flac", 6, 3),
            ("a.flac", 7, 3),
            ("a.flac", 8, 3),
            *(
                (f"a.{end}", count, None)
                for end in ("ogg", "opus")
                for count in (3, 4, 5)
            ),
            ("a.ogg", 6, 5),
            ("a.ogg", 7, 6),
            ("a.ogg", 8, 7),
            ("a.opus", 6, 5),
            ("a.opus", 7, 6),
            ("a.opus", 8, 7),
        ],
    )
    def test_orders_by_the_number_of_channels(
        self, name: str, channels: int, low: int | None, tmp_path: Path
    ) -> None:
        rate = 48000
        sound = np.zeros((2 * rate, channels))
        sound[:, low or 0] = 0.5 * np.sin(np.arange(2 * rate) * 0.01)
        kind = {"format": "OGG", "subtype": "OPUS"} if name == "a.opus" else {}
        soundfile.write(tmp_path / name, sound, rate, **kind)
        samples, warnings = read(tmp_path / name)
        told = "the channel for low-frequency effects is left out"
        assert warnings == ([] if low is None else [told])
        loudest = np.abs(samples[5000:-5000]).max()
        assert loudest < 0.01 if low else loudest > 0.3 / channels

    def test_a_format_behind_other_chunks(self, tmp_path: Path) -> None:
        """As of recorders that put some kilobytes about the take before it."""
        form = struct.pack("<HHIIHH", 0xFFFE, 6, RATE, 12 * RATE, 12, 16)
        form += struct.pack("<HHI", 22, 16, 0x60F)
        form += bytes.fromhex("0100000000001000800000aa00389b71")
        sound = np.zeros((RATE, 6), "<i2")
        sound[:, 3] = 10000
        chunks = ((b"bext", b"fmt " + bytes(9000)), (b"fmt ", form))
        content = b"".join(
            name + struct.pack("<I", len(data)) + data
            for name, data in (*chunks, (b"data", sound.tobytes()))
        )
        riff = struct.pack("<4sI4s", b"RIFF", 4 + len(content), b"WAVE")
        path = tmp_path / "a.wav"
        path.write_bytes(riff + content)
        samples, warnings = read(path)
        assert warnings == ["the channel for low-frequency effects is left out"]
        assert not samples.any()

    def test_opus_whose_channels_have_no_order(self, tmp_path: Path) -> None:
        for family in (2, 255):
            opus = b"OpusHead" + struct.pack("<BBHIHB", 1, 6, 312, 48000, 0, family)
            assert _low_channels(b"OggS" + bytes(24) + opus, 6) == ()

    def test_the_mask_of_w64(self) -> None:
        form = struct.pack("<HHIIHHHHI", 0xFFFE, 6, RATE, 0, 12, 16, 22, 16, 0x3F)
        head = b"riff" + bytes(36) + b"fmt \xf3\xac\xd3\x11" + bytes(16) + form
        assert _low_channels(head, 6) == (3,)

    def test_an_offset_hides_no_inverted_side(self) -> None:
        sides = np.stack((0.5 * SOUND + 0.2, -0.5 * SOUND + 0.2), axis=1)
        with open_audio((sides, RATE)) as reader:
            samples = np.concatenate(list(reader))
        assert reader.warnings == ["channels cancel each other out: 2 inverted"]
        np.testing.assert_allclose(samples, 0.5 * SOUND, atol=1e-6)

    def test_six_tracks_of_a_recorder_are_all_heard(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        channels = np.zeros((RATE, 6))
        channels[:, 3] = SOUND[:RATE]
        soundfile.write(path, channels, RATE)
        samples, warnings = read(path)
        np.testing.assert_allclose(samples, SOUND[:RATE] / 6, atol=1e-4)
        assert warnings == []


def six(path: Path, channels: NDArray[np.float64]) -> None:
    """Write 5.1 channels as FLAC in Matroska."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=RATE, layout="5.1")
        packed = (channels * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "s16", "5.1")
        frame.sample_rate, frame.pts = RATE, 0
        resampler = av.AudioResampler("s16", "5.1", RATE, frame_size=4096)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def pour(path: Path, sink: int) -> None:
    with os.fdopen(sink, "wb") as file:
        file.write(path.read_bytes())


@pytest.mark.parametrize("subtype", ["ALAW", "ULAW", "IMA_ADPCM", "MS_ADPCM"])
def test_codecs_of_wav_in_a_pipe(subtype: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, PAIR, RATE, subtype=subtype)
    samples, warnings = read(Pipe(path.read_bytes()))
    np.testing.assert_array_equal(samples, read(path)[0])
    assert warnings == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_named_pipe(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    soundfile.write(path, PAIR, RATE)
    whole, _ = read(path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def fill() -> None:
        pipe.write_bytes(path.read_bytes())

    threading.Thread(target=fill, daemon=True).start()
    with open_audio(pipe) as reader:
        np.testing.assert_array_equal(np.concatenate(list(reader)), whole)
    assert reader.info.path is None


@pytest.mark.parametrize(
    ("name", "codec", "message"),
    [
        ("8 channels (FL+FR+FC+LFE+BL+BR+FLC+FRC)", "aac", "8 channels are in an"),
        ("8 channels (FL+FR+FC+LFE+BL+BR+FLC+FRC)", "pcm_s16le", None),
        ("7.1", "aac", None),
        ("7.1(wide)", "aac", None),
        ("8 channels", "aac", None),
    ],
)
def test_channels_in_no_usual_order(name: str, codec: str, message: str | None) -> None:
    """A made-up stream: PyAV would free the list of its channels twice."""
    layout = SimpleNamespace(name=name)
    context = SimpleNamespace(name=codec, layout=layout)
    if message is None:
        low = _forget_own_order(context)
        assert low == ([3] if "+" in name else [])  # the LFE, unnamed now
    else:
        with pytest.raises(AudioError, match=message):
            _forget_own_order(context)
    assert context.layout == ("8C" if "+" in name else layout)


def test_many_planes_become_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for 7.1: PyAV cannot read 8 planes."""
    path = tmp_path / "a.wv"
    whole = encoded(path, "wavpack")
    monkeypatch.setattr("adt_plugins.audio.pyav._MOST_PLANES", 1)
    np.testing.assert_allclose(read(path)[0], whole, atol=1e-6)


def test_more_planes_than_pyav_knows() -> None:
    """Return a made-up frame: PyAV would read behind the real ones."""
    frame = SimpleNamespace(
        format=SimpleNamespace(is_planar=True, name="fltp"),
        layout=SimpleNamespace(channels=[None] * 16),
    )
    with pytest.raises(AudioError, match="16 channels in planes; 7 of them"):
        _samples(frame)  # type: ignore[arg-type]
