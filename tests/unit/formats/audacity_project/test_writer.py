"""Projects for Audacity as they are written; what Audacity makes of them is tested
in `test_aup_in_audacity`."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Label, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.audacity_project.writer import write_project
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.tracks import LabelTrack
from adt_plugins.transcription import Transcription
from tests.support.audacity.projects import SONG, XML, audio_of, labels_of, parse

NAMES = ["song", 'so "n" & <gs>', "Ä 鼓 🥁", "a.b. c", "עברית", "%41 #?"]


# The file


def test_its_labels(tmp_path: Path, wav: Path) -> None:
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
        "Kick": [(0.1 + 0.2, 0.1 + 0.2, "k"), (2.5, 2.5, "k")],
        "Closed hi-hat": [(1e-7, 1e-7, "hc")],
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


def test_its_sound(tmp_path: Path, wav: Path) -> None:
    path = tmp_path / "song.drums.aup"
    formats.write(SONG, path, audio=wav)
    tracks = parse(path).findall(f"{XML}wavetrack")
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


@pytest.mark.parametrize("name", ["transcription.json", "audio-*"])
def test_a_file_of_the_folder_that_was_changed_is_kept(
    tmp_path: Path, wav: Path, name: str
) -> None:
    path, flac = tmp_path / "song.drums.aup", tmp_path / "song.flac"
    soundfile.write(flac, *soundfile.read(wav))  # is decoded, not linked
    formats.write(SONG, path, audio=flac)
    formats.write(SONG, path, audio=flac)  # ours, and as it was written
    (changed,) = (tmp_path / "song.drums_data").glob(name)
    changed.write_bytes(content := changed.read_bytes() + b" ")
    with pytest.raises(AdtError, match=rf"{changed.name}: has been changed"):
        formats.write(SONG, path, audio=flac)
    assert changed.read_bytes() == content
    formats.write(SONG, path, audio=flac, overwrite=True)
    assert not changed.exists() or changed.read_bytes() != content


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
    """Return the part of a text that XML can hold."""

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


# Reading what Audacity 2 wrote


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
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
