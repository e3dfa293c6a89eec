"""Projects for Audacity as they are written; what Audacity makes of them is tested
in `test_aup_in_audacity`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.audacity import project
from adt_plugins.audacity.media import Media, place_recording
from adt_plugins.audacity.project import write_project
from adt_plugins.audio import load_audio
from adt_plugins.digest import sha256
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.label_names import LabelNames
from adt_plugins.formats.label_tracks import LabelTrack
from adt_plugins.transcription import Beat, Label, Onset, Source, Transcription

from ..make_audio import encode, music, noise

XML = "{http://audacity.sourceforge.net/xml/}"
SONG = Transcription(
    (Onset(0.1 + 0.2, Drum.KD, 90), Onset(1e-7, Drum.CHH, 1), Onset(2.5, Drum.KD)),
    (Beat(0.5, 1), Beat(1.0, 2), Beat(1.5, 1), Beat(2.0, 2)),
    labels=(Label(1.0, 2.0, "verse <1>", "Form"),),
)
NAMES = ["song", 'so "n" & <gs>', "Ä 鼓 🥁", "a.b. c", "עברית", "%41 #?"]


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "song.wav"
    path.parent.mkdir()
    stereo = noise(2 * 7 * 44100).reshape(-1, 2)
    soundfile.write(path, stereo, 44100, subtype="PCM_16")
    return path


def parse(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()


def audio_of(path: Path) -> Path:
    """The one file in a project's folder."""
    (audio,) = path.with_name(f"{path.stem}_data").iterdir()
    return audio


def labels_of(root: ElementTree.Element) -> dict[str, list[tuple[float, float, str]]]:
    return {
        track.attrib["name"]: [
            (float(x.attrib["t"]), float(x.attrib["t1"]), x.attrib["title"])
            for x in track.findall(f"{XML}label")
        ]
        for track in root.findall(f"{XML}labeltrack")
    }


# The file


def test_what_is_in_it(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    assert formats.write(SONG, path, audio=wav) == [path]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in",
        "song.drums.aup",
        "song.drums_data",
    ]
    assert path.read_bytes()[:5] == b"<?xml"
    assert b"<project" in path.read_bytes()[:255]
    root = parse(path)
    assert root.attrib["projname"] == "song.drums_data"
    assert root.attrib["rate"] == "44100"
    assert labels_of(root) == {
        "Kick": [(0.1 + 0.2, 0.1 + 0.2, "Kick"), (2.5, 2.5, "Kick")],
        "Closed hi-hat": [(1e-7, 1e-7, "Closed hi-hat")],
        "Beats": [
            (0.5, 0.5, "1.1"),
            (1.0, 1.0, "1.2"),
            (1.5, 1.5, "2.1"),
            (2.0, 2.0, "2.2"),
        ],
        "Bars": [(0.5, 1.5, "Bar 1"), (1.5, 1.5, "Bar 2")],
        "Form": [(1.0, 2.0, "verse <1>")],
    }
    for track in root.findall(f"{XML}labeltrack"):
        assert int(track.attrib["numlabels"]) == len(track.findall(f"{XML}label"))
        for one in track:
            assert "e" not in one.attrib["t"]  # no exponents
    tracks = root.findall(f"{XML}wavetrack")
    about = [
        (t.attrib["channel"], t.attrib["linked"], t.attrib["rate"]) for t in tracks
    ]
    assert about == [("0", "1", "44100"), ("1", "0", "44100")]
    audio = audio_of(path)
    assert audio.samefile(wav)
    summaries = []
    for channel, track in enumerate(tracks):
        sequence = track.find(f"{XML}waveclip/{XML}sequence")
        assert sequence is not None
        assert sequence.attrib["numsamples"] == str(7 * 44100)
        assert sequence.attrib["sampleformat"] == "131073"
        position = 0
        for block in sequence:
            (alias,) = block
            assert int(block.attrib["start"]) == position
            assert int(alias.attrib["aliasstart"]) == position
            assert 0 < int(alias.attrib["aliaslen"]) <= 262_144
            assert alias.attrib["aliaschannel"] == str(channel)
            assert alias.attrib["aliasfile"] == audio.name
            summaries.append(alias.attrib["summaryfile"])
            position += int(alias.attrib["aliaslen"])
        assert position == 7 * 44100
    assert len(set(summaries)) == len(summaries) == 4


def test_it_reads_back(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    for text in ("name+velocity", "code+velocity"):
        formats.write(SONG, path, audio=wav, text=text, overwrite=True)
        assert formats.read(path, warn=lambda _: None) == SONG


@pytest.mark.parametrize("name", NAMES)
def test_names(tmp_path: Path, wav: Path, name: str) -> None:
    recording = wav.rename(wav.with_name(f"{name}.wav"))
    song = Transcription(SONG.onsets, source=Source(path=str(recording)))
    (path,) = formats.write_all(song, name, tmp_path, ["aup"])
    root = parse(path)
    assert root.attrib["projname"] == f"{name}.drums_data"
    assert (tmp_path / f"{name}.drums_data").is_dir()
    assert {t.attrib["name"] for t in root.findall(f"{XML}wavetrack")} == {name}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.text(max_size=20)),
        max_size=5,
    ),
    st.text(max_size=20),
)
def test_any_time_and_any_text(
    tmp_path: Path, labels: list[tuple[float, float, str]], name: str
) -> None:
    path = tmp_path / "a.aup"
    made = (Label(min(a, b), max(a, b), text) for a, b, text in labels)
    track = LabelTrack(name, tuple(made))
    write_project(path, [track], overwrite=True)
    (read,) = parse(path).findall(f"{XML}labeltrack")
    assert read.attrib["name"] == valid(name)
    assert [
        (float(x.attrib["t"]), float(x.attrib["t1"]), x.attrib["title"]) for x in read
    ] == [(x.start, x.end, valid(x.text)) for x in track.labels]


def valid(text: str) -> str:
    """What of a text XML can hold."""

    def ok(character: str) -> bool:
        code = ord(character)
        control = code < 32 and character not in "\t\n\r"
        return not (control or 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF))

    return "".join(c if ok(c) else "\ufffd" for c in text)


def test_very_long_texts_are_cut(tmp_path: Path) -> None:
    path = write_project(tmp_path / "a.aup", [LabelTrack("x" * 5000, ())])
    assert list(labels_of(parse(path))) == ["x" * 2000]


def test_own_names_for_tracks(tmp_path: Path, wav: Path) -> None:
    names = LabelNames({"tab\there <&> \"q\" 'q'": "KD", "עברית": "CHH"})
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav, text="name+velocity", names=names)
    tracks = labels_of(parse(path))
    assert tracks["tab\there <&> \"q\" 'q'"][0][2] == "tab\there <&> \"q\" 'q' 90"
    assert formats.read(path, names=names, warn=lambda _: None) == SONG


# The recording


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_16", 44100, 1),
        ("a.wav", "PCM_24", 48000, 2),
        ("a.wav", "FLOAT", 22050, 6),
        ("a.wav", "PCM_U8", 8000, 1),
        ("a.aiff", "PCM_24", 96000, 2),
        ("a.rf64", "PCM_16", 44100, 2),
        ("a.w64", "PCM_16", 44100, 2),
        ("a.wav", "IMA_ADPCM", 44100, 2),
        ("a.flac", "PCM_16", 44100, 2),
        ("a.flac", "PCM_24", 48000, 1),
        ("a.ogg", "VORBIS", 48000, 2),
        ("a.mp3", "MPEG_LAYER_III", 44100, 2),
    ],
)
def test_recordings(
    tmp_path: Path, name: str, subtype: str, rate: int, channels: int
) -> None:
    path = tmp_path / name
    samples = noise(2 * rate * channels).reshape(-1, channels)
    soundfile.write(path, samples, rate, subtype=subtype)
    placed = place_recording(path, tmp_path / "audio", warn=pytest.fail)
    suffix = path.suffix if path.suffix in (".aiff", ".w64") else ".wav"
    assert placed.name == f"audio{suffix}"
    assert (placed.sample_rate, placed.channels) == (rate, channels)
    there = tmp_path / placed.name
    as_it_is = name not in ("a.flac", "a.ogg", "a.mp3") and subtype != "IMA_ADPCM"
    assert there.samefile(path) == as_it_is
    wanted, _ = soundfile.read(path, always_2d=True)
    got, got_rate = soundfile.read(there, always_2d=True)
    assert got_rate == rate
    assert placed.frames == len(got)
    assert np.array_equal(got, wanted)
    assert placed.is_16_bit == (subtype in ("PCM_16", "PCM_U8"))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("b.m4a", "alac"), ("a.mp3", "libmp3lame")]
)
def test_a_recording_lies_where_it_was_transcribed(
    tmp_path: Path, name: str, codec: str
) -> None:
    pytest.importorskip("av")
    path = tmp_path / name
    encode(path, music(2.0), codec)
    placed = place_recording(path, tmp_path / "audio", warn=pytest.fail)
    assert (placed.name, placed.sample_rate, placed.channels) == ("audio.wav", 44100, 2)
    got, _ = soundfile.read(tmp_path / "audio.wav", always_2d=True)
    wanted = load_audio(path)
    assert placed.frames == len(got) == len(wanted)
    assert np.abs(got.mean(axis=1) - wanted).max() < 1e-6


@pytest.mark.parametrize("dtype", ["int16", "float32", "uint8"])
def test_recordings_in_memory(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(1)
    values: dict[str, NDArray[Any]] = {
        "int16": rng.integers(-(2**15), 2**15, (5000, 2)).astype(np.int16),
        "uint8": rng.integers(0, 256, (5000, 2)).astype(np.uint8),
        "float32": rng.uniform(-2, 2, (5000, 2)).astype(np.float32),
    }
    wanted = {
        "int16": values["int16"] / 2**15,
        "uint8": (values["uint8"].astype(float) - 128) / 128,
        "float32": values["float32"],
    }
    placed = place_recording((values[dtype], 32000), tmp_path / "a", warn=pytest.fail)
    assert placed == Media("a.wav", 32000, 2, 5000, dtype != "float32")
    got, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 32000
    assert np.array_equal(got, wanted[dtype])


def test_a_file_object(tmp_path: Path, wav: Path) -> None:
    with wav.open("rb") as file:
        placed = place_recording(file, tmp_path / "a", warn=pytest.fail)
    assert placed == Media("a.wav", 44100, 2, 7 * 44100, is_16_bit=True)
    got, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert np.array_equal(got, soundfile.read(wav, dtype="int16")[0])


def test_a_copy_where_there_are_no_links(
    tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link = tmp_path / "link.wav"
    link.symlink_to(wav)
    place_recording(link, tmp_path / "a", warn=pytest.fail)
    assert not (tmp_path / "a.wav").is_symlink()
    assert not (tmp_path / "a.wav").samefile(wav)
    assert (tmp_path / "a.wav").read_bytes() == wav.read_bytes()


def test_a_damaged_recording_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(441000), 44100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    got: list[str] = []
    placed = place_recording(path, tmp_path / "audio", warn=got.append)
    assert 4 < placed.frames / 44100 < 6
    assert len(got) == 1
    assert "damaged" in got[0]


def test_a_long_recording_needs_no_memory(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("not on this system: there is no resource module")
    grown = []
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from adt_plugins.audacity.media import place_recording\n"
        "place_recording(sys.argv[1], Path(sys.argv[2]), warn=print)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    for minutes in (1, 10):
        path, target = tmp_path / "a.flac", tmp_path / f"audio{minutes}"
        soundfile.write(path, np.zeros(minutes * 60 * 44100, np.int16), 44100)
        done = subprocess.run(
            [sys.executable, "-c", code, path, target],
            capture_output=True,
            text=True,
            check=True,
        )
        grown.append(int(done.stdout))
        assert soundfile.info(f"{target}.wav").duration == minutes * 60
    assert grown[1] - grown[0] < 10_000  # kB; the whole would be 53,000


def test_more_than_a_wav_header_can_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adt_plugins.audacity.media._LARGEST_WAV", 100_000)
    path = tmp_path / "a.flac"
    soundfile.write(path, music(2.0), 44100, subtype="PCM_16")
    place_recording(path, tmp_path / "audio", warn=pytest.fail)
    assert (tmp_path / "audio.wav").read_bytes()[:4] == b"RF64"
    got, _ = soundfile.read(tmp_path / "audio.wav", dtype="int16")
    assert np.array_equal(got, soundfile.read(path, dtype="int16")[0])


# Which recording


def test_the_recording_of_the_transcription(tmp_path: Path, wav: Path) -> None:
    source = Source(path=str(wav), sha256=sha256(wav))
    song = Transcription(SONG.onsets, source=source)
    path = tmp_path / "x.drums.aup"
    formats.write(song, path)
    assert audio_of(path).samefile(wav)
    assert parse(path).find(f"{XML}wavetrack[@name='song']") is not None
    other = tmp_path / "y.drums.aup"
    wav.write_bytes(wav.read_bytes() + b"x")
    with pytest.raises(
        FormatError,
        match=r"y\.drums\.aup: needs the recording, and .*"
        r"song\.wav has changed since",
    ):
        formats.write(song, other)
    wav.unlink()
    with pytest.raises(FormatError, match=r"song\.wav is gone"):
        formats.write(song, other)
    with pytest.raises(FormatError, match="it is not known which that is"):
        formats.write(SONG, other)
    assert not other.exists()
    assert not (tmp_path / "y.drums_data").exists()


# What is in the way


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b""
        for p in folder.rglob("*")
    }


def test_nothing_is_replaced_unasked(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    before = listing(tmp_path)
    with pytest.raises(formats.OutputExistsError, match=r"\.drums\.aup: exists; use"):
        formats.write(SONG["KD"], path, audio=wav)
    assert listing(tmp_path) == before
    path.unlink()
    with pytest.raises(formats.OutputExistsError, match=r"\.drums_data: exists; use"):
        formats.write(SONG["KD"], path, audio=wav)
    formats.write(SONG, path, audio=wav, overwrite=True)
    assert audio_of(path).samefile(wav)


def test_our_own_project_is_replaced(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    flac = tmp_path / "in" / "song.flac"
    soundfile.write(flac, music(1.0), 22050)
    saved = tmp_path / "song.drums.aup3"
    saved.write_bytes(b"the user's")
    formats.write(SONG["KD"], path, audio=flac, overwrite=True)
    assert soundfile.info(audio_of(path)).samplerate == 22050
    assert list(labels_of(parse(path))) == ["Kick", "Beats", "Bars", "Form"]
    assert saved.read_bytes() == b"the user's"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in",
        "song.drums.aup",
        "song.drums.aup3",
        "song.drums_data",
    ]
    assert soundfile.info(wav).samplerate == 44100  # it was linked, and is there


def saved_by_audacity_2(path: Path) -> None:
    path.write_text('<?xml version="1.0"?><project projname="song.drums_data"/>')


def with_blocks(path: Path) -> None:
    (path.with_name("song.drums_data") / "e00").mkdir()


def with_a_file(path: Path) -> None:
    (path.with_name("song.drums_data") / "notes.txt").write_text("mine")


def with_a_folder_called_audio(path: Path) -> None:
    audio = audio_of(path)
    audio.unlink()
    audio.mkdir()


def with_another_recording(path: Path) -> None:
    (path.with_name("song.drums_data") / "audio.wav").write_bytes(b"mine")


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_a_link(path: Path) -> None:
    folder = path.with_name("song.drums_data")
    shutil.move(folder, path.with_name("elsewhere"))
    folder.symlink_to(path.with_name("elsewhere"), target_is_directory=True)


def as_a_file(path: Path) -> None:
    folder = path.with_name("song.drums_data")
    shutil.rmtree(folder)
    folder.write_text("mine")


@pytest.mark.parametrize(
    "change",
    [
        saved_by_audacity_2,
        with_blocks,
        with_a_file,
        with_a_folder_called_audio,
        with_another_recording,
        as_a_folder,
        as_a_link,
        as_a_file,
    ],
)
def test_what_is_not_ours_stays(
    tmp_path: Path, wav: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    change(path)
    before = listing(tmp_path)
    with pytest.raises(AdtError, match=r"stays as it is|is a folder"):
        formats.write(SONG["KD"], path, audio=wav, overwrite=True)
    with pytest.raises(AdtError):
        formats.check_outputs(path, "aup", overwrite=True)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("step", ["audio", "text", "folder", "file"])
def test_all_or_nothing(
    tmp_path: Path,
    wav: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    overwrite: bool,
) -> None:
    path = tmp_path / "song.drums.aup"
    if overwrite:
        formats.write(SONG, path, audio=wav)
    before = listing(tmp_path)

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name.startswith(".adt") and self.name.endswith("_data"):
            fail()
        return rename(self, target)

    if step == "audio":
        monkeypatch.setattr("adt_plugins.audacity.media.place_recording", fail)
    elif step == "text":
        monkeypatch.setattr(project, "_wave_track", fail)
    elif step == "folder":
        monkeypatch.setattr(Path, "rename", fail_for_the_new)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(AdtError) as error:
        formats.write(SONG["KD"], path, audio=wav, overwrite=overwrite)
    assert str(error.value) == f"{path}: No space left on device"
    assert listing(tmp_path) == before


def test_ctrl_c_leaves_nothing(
    tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(project, "_wave_track", interrupt)
    before = listing(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        formats.write(SONG, tmp_path / "song.drums.aup", audio=wav)
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("song.drums", "the name of a project ends in .aup"),
        (".aup", "the name of a project ends in .aup"),
        ("nowhere/song.aup", "no such folder"),
    ],
)
def test_places_that_are_refused(
    tmp_path: Path, wav: Path, name: str, reason: str
) -> None:
    with pytest.raises(AdtError) as error:
        formats.write(SONG, tmp_path / name, "aup", audio=wav)
    assert str(error.value) == f"{tmp_path / name}: {reason}"


def test_a_name_that_is_no_text(tmp_path: Path, wav: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("not on this system: names are text")
    path = tmp_path / os.fsdecode(b"\xff.aup")
    with pytest.raises(FormatError, match="whose name is not UTF-8"):
        formats.write(SONG, path, audio=wav)


# Reading what Audacity 2 wrote


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a project of Audacity: no element found: line 1, column 0"),
        (b"AudacityProject\n", "not a project of Audacity: syntax error: line 1"),
        (b"<html/>", "not a project of Audacity"),
        (b"<?xml version='1.0'?><project/>", "a project without label tracks"),
        (b"<project><labeltrack>", "not a project of Audacity: no element found"),
        (b"<project><labeltrack><label/></labeltrack></project>", "a label without a"),
        (
            b'<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
            b'<project><labeltrack name="&b;"/></project>',
            "not a project of Audacity: it declares entities",
        ),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.aup"
    path.write_bytes(content)
    with pytest.raises(FormatError) as error:
        formats.read(path)
    assert str(error.value).startswith(f"{path}: {reason}")


def test_a_project_of_audacity_2(tmp_path: Path) -> None:
    path = tmp_path / "old.aup"
    path.write_text(
        '<?xml version="1.0" standalone="no" ?>\n'
        '<!DOCTYPE project PUBLIC "-//audacityproject-1.3.0//DTD//EN"'
        ' "http://audacity.sourceforge.net/xml/audacityproject-1.3.0.dtd" >\n'
        '<project xmlns="http://audacity.sourceforge.net/xml/" projname="old_data">\n'
        '<tags/><labeltrack name="BD" numlabels="2"><label t="1.5" title="x"/>\n'
        '<label t="2,5" t1="3" title="Snare"/></labeltrack></project>\n'.replace(
            ",", "."
        )
    )
    got: list[str] = []
    song = formats.read(path, warn=got.append)
    assert song.onsets == (Onset(1.5, Drum.KD), Onset(2.5, Drum.SD))
    assert got == [f"{path}: labels whose drum is that of their track: 'x' (1)"]
