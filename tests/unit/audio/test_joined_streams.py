"""Streams that are joined end to end are read to the last one."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins.audio.containers import starts_of
from tests.support.audio import RATE, encode, sweep
from tests.support.field_files import PAIR, SOUND, Pipe, encoded, read


@pytest.fixture(scope="module")
def short_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file of each kind whose end is found."""
    folder = tmp_path_factory.mktemp("kinds")
    names = [
        "wav",
        "rf64",
        "w64",
        "aiff",
        "au",
        "caf",
        "mp3",
        "ogg",
        "opus.ogg",
        "flac",
    ]
    codecs = {"mka": "flac", "flv": "pcm_s16le", "avi": "pcm_s16le", "wma": "wmav2"}
    codecs |= {"ac3": "ac3", "m4a": "aac", "aac": "aac", "eac3": "eac3"}
    codecs |= {"tta": "tta", "wv": "wavpack", "flac.ogg": "flac"}
    for name in names:
        codec, _, form = name.rpartition(".")
        soundfile.write(
            folder / f"a.{name}",
            SOUND[::2][:12000],
            RATE if codec != "opus" else 24000,
            subtype=codec.upper() or None,
            format=form.upper(),
        )
    for name, codec in codecs.items():
        encode(folder / f"a.{name}", SOUND[:20000], codec)
    return {name: (folder / f"a.{name}").read_bytes() for name in (*names, *codecs)}


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
        whole = encoded(path, codec)
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

    @pytest.mark.parametrize("tag", [b"", b"TAG" + bytes(125)])
    def test_the_end_of_any_kind_is_found(
        self, tag: bytes, short_files: dict[str, bytes]
    ) -> None:
        kinds = list(short_files)
        for first in range(len(kinds)):
            contents = [
                short_files[kind] + tag for kind in kinds[first:] + kinds[:first]
            ]
            starts = [sum(map(len, contents[:n])) for n in range(len(kinds))]
            assert starts_of(io.BytesIO(b"".join(contents))) == starts

    def test_a_header_that_claims_too_much_ends_the_search(
        self, short_files: dict[str, bytes]
    ) -> None:
        for kind in ("wav", "w64", "rf64", "caf", "avi", "wma", "tta"):
            head = short_files[kind][:8] + b"\xff" * 2 + short_files[kind][10:]
            head = head[:14] + b"\xff" * 10 + head[24:]
            assert starts_of(io.BytesIO(head)) == [0]

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
        monkeypatch.setitem(sys.modules, "av", None)
        path = tmp_path / name
        soundfile.write(path, PAIR, RATE)
        path.write_bytes(path.read_bytes() * 2)
        samples, warnings = read(path)
        assert warnings == ["several streams, one after the other: all are read"]
        assert len(samples) == 2 * len(PAIR)
        np.testing.assert_array_equal(samples[len(PAIR) :], samples[: len(PAIR)])

    @pytest.mark.parametrize("pyav", [True, False])
    @pytest.mark.parametrize(
        "form", ["AVR", "MAT4", "MAT5", "NIST", "SDS", "SVX", "VOC", "WVE"]
    )
    def test_kinds_of_samplers_and_older_programs(
        self, form: str, pyav: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second half was lost, or the header in the middle heard as noise."""
        if not pyav:
            monkeypatch.setitem(sys.modules, "av", None)
        path = tmp_path / "a"
        rate, subtype = (8000, "ALAW") if form == "WVE" else (RATE, "PCM_16")
        soundfile.write(path, SOUND, rate, format=form, subtype=subtype)
        whole, warnings = read(path)
        assert warnings == []
        content, wave = path.read_bytes(), io.BytesIO()
        path.write_bytes(2 * content)
        samples, warnings = read(path)
        assert warnings == ["several streams, one after the other: all are read"]
        # Rates that are not 44.1 kHz are converted across the seam.
        twice = np.concatenate((whole, whole))
        np.testing.assert_allclose(samples, twice, atol=0.03)
        soundfile.write(wave, SOUND, rate, format="WAV")
        if not form.startswith("MAT"):
            path.write_bytes(content + wave.getvalue())
            samples, warnings = read(path)
            assert warnings == ["several streams, one after the other: all are read"]
            assert len(samples) == pytest.approx(2 * len(whole), abs=200)

    def test_a_wave_behind_dts(self) -> None:
        wave = io.BytesIO()
        soundfile.write(wave, PAIR, RATE, format="WAV")
        count = 1005  # bytes of a frame but for one, in 14 bits
        size = bytes((0x3C | count >> 12, count >> 4 & 255, count << 4 & 255))
        head = b"\x7f\xfe\x80\x01\xfc" + size
        frames = 30 * (head + bytes(count + 1 - len(head)))
        assert starts_of(io.BytesIO(frames + wave.getvalue())) == [0, len(frames)]
        assert starts_of(io.BytesIO(frames)) == [0]

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
