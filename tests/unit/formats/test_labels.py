"""Audacity's label files, byte by byte, and what people make of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.labels import parse_labels
from adt_plugins.labels.names import LABEL_TEXTS, LabelNames
from adt_plugins.labels.tracks import LabelTrack, transcription_of
from adt_plugins.transcription import Transcription

HITS = Transcription(
    (
        Onset(0.0, Drum.KD, 90),
        Onset(0.1 + 0.2, Drum.CHH, 64),
        Onset(1.0, Drum.KD, 127),
        Onset(3599.9999996, Drum.SST, 1),
    )
)
onset_lists = st.lists(
    st.builds(Onset, st.floats(0, 86_400), st.sampled_from(Drum), st.integers(1, 127)),
    max_size=50,
)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (
            "code",
            b"0.000000000\t0.000000000\tKD\n"
            b"0.300000000\t0.300000000\tCHH\n"
            b"1.000000000\t1.000000000\tKD\n"
            b"3599.999999600\t3599.999999600\tSST\n",
        ),
        (
            "name",
            b"0.000000000\t0.000000000\tKick\n"
            b"0.300000000\t0.300000000\tClosed hi-hat\n"
            b"1.000000000\t1.000000000\tKick\n"
            b"3599.999999600\t3599.999999600\tSide stick\n",
        ),
        (
            "name+velocity",
            b"0.000000000\t0.000000000\tKick 90\n"
            b"0.300000000\t0.300000000\tClosed hi-hat 64\n"
            b"1.000000000\t1.000000000\tKick 127\n"
            b"3599.999999600\t3599.999999600\tSide stick 1\n",
        ),
        (
            "note",
            b"0.000000000\t0.000000000\t36\n"
            b"0.300000000\t0.300000000\t42\n"
            b"1.000000000\t1.000000000\t36\n"
            b"3599.999999600\t3599.999999600\t37\n",
        ),
        (
            "code+velocity",
            b"0.000000000\t0.000000000\tKD 90\n"
            b"0.300000000\t0.300000000\tCHH 64\n"
            b"1.000000000\t1.000000000\tKD 127\n"
            b"3599.999999600\t3599.999999600\tSST 1\n",
        ),
    ],
)
def test_the_bytes(tmp_path: Path, text: str, content: bytes) -> None:
    path = tmp_path / "song.labels.txt"
    assert formats.write(HITS, path, "labels", text=text) == [path]
    assert path.read_bytes() == content
    read = formats.read(path)
    assert [o.drum for o in read] == [o.drum for o in HITS]
    if text.endswith("velocity"):
        assert [o.velocity for o in read] == [90, 64, 127, 1]


def test_an_unknown_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no label text 'x'; there are name, name"):
        formats.write(HITS, tmp_path / "a.labels.txt", text="x")


def test_the_bytes_of_a_split_set(tmp_path: Path) -> None:
    path = formats.output_path("song", tmp_path, "labels-split")
    written = formats.write(HITS, path, "labels-split")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "song.labels.KD.txt": b"0.000000000\t0.000000000\tKD\n"
        b"1.000000000\t1.000000000\tKD\n",
        "song.labels.CHH.txt": b"0.300000000\t0.300000000\tCHH\n",
        "song.labels.SST.txt": b"3599.999999600\t3599.999999600\tSST\n",
    }
    assert sorted(p.name for p in written) == sorted(p.name for p in tmp_path.iterdir())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(onset_lists, st.sampled_from(LABEL_TEXTS))
def test_round_trip(tmp_path: Path, onsets: list[Onset], text: str) -> None:
    path, again = tmp_path / "a.labels.txt", tmp_path / "b.labels.txt"
    whole = Transcription(tuple(onsets))
    formats.write(whole, path, text=text, overwrite=True)
    read = formats.read(path)
    assert read.labels == ()
    # A file is sorted by time and text, a transcription by time and drum: hits
    # within a nanosecond may change places.
    pairs = list(zip(read, whole, strict=True))
    for got, want in pairs:
        assert abs(got.time - want.time) <= 0.51e-9
    if text != "note":
        assert read.counts() == whole.counts()
        formats.write(read, again, text=text, overwrite=True)
        if text.endswith("velocity"):  # nothing drifts
            lines = [sorted(p.read_text().splitlines()) for p in (path, again)]
            assert lines[0] == lines[1]
    for line in path.read_text().splitlines():
        assert len(line.split("\t")) == 3


def test_round_trip_of_a_long_song(tmp_path: Path) -> None:
    drums = list(Drum)
    whole = Transcription(
        tuple(Onset(i * 0.7213579, drums[i % len(drums)]) for i in range(5000))
    )
    for form in ("labels", "labels-split"):
        read = formats.read(formats.write_all(whole, form, tmp_path, [form])[0])
        assert read.counts() == whole.counts()
        for drum in drums:
            assert abs(read.times(drum) - whole.times(drum)).max() <= 0.51e-9


# What people make of it


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("", []),
        ("\n\n \t \n", []),
        ("1.5\t1.5\tKD", [(1.5, 1.5, "KD")]),
        ("1\t2\tKD\n", [(1.0, 2.0, "KD")]),
        ("1,500000\t2,25\tKD\n", [(1.5, 2.25, "KD")]),
        ("1.5\t1.5\tKD\r\n2.5\t2.5\tSD\r\n", [(1.5, 1.5, "KD"), (2.5, 2.5, "SD")]),
        ("1.5\t1.5\tKD\r2.5\t2.5\tSD", [(1.5, 1.5, "KD"), (2.5, 2.5, "SD")]),
        ("1\t1\tKD\n\\\t100.0\t2000.5\n2\t2\tSD\n", [(1, 1, "KD"), (2, 2, "SD")]),
        ("1\t1\tKD\n\\\t-\t-\n", [(1, 1, "KD")]),
        ("\n1\t1\tKD\n\n\n2\t2\tSD\n\n", [(1, 1, "KD"), (2, 2, "SD")]),
        ("1\t1\n", [(1, 1, "")]),
        ("1\t1\t\n", [(1, 1, "")]),
        ("1\t1\ta\tb\n", [(1, 1, "a")]),
        ("4.5\t36\n", [(4.5, 4.5, "36")]),
        ("0,5\t0\n\n60.5\t42\r\n", [(0.5, 0.5, "0"), (60.5, 60.5, "42")]),
        ("4.5\t36\n36.0\t40.5\n", [(4.5, 36.0, ""), (36.0, 40.5, "")]),
        ("4\t36\n", [(4.0, 36.0, "")]),
        ("4.5\tkick\n5,5\tSD 90\n", [(4.5, 4.5, "kick"), (5.5, 5.5, "SD 90")]),
        ("start\tend\ttext\n1\t1\tKD\n", [(1, 1, "KD")]),
        ("# drums\n\nLabel Track\n1\t1\tKD\n", [(1, 1, "KD")]),
        ('"Anfang"\t"Ende"\t"Name"\n1,5\t2,0\tKD\n', [(1.5, 2, "KD")]),
        (" 1 \t 1 \t a b \n", [(1, 1, "a b")]),
        ("1e1\t1.5E+1\tKD", [(10, 15, "KD")]),
        ("-0.0\t0\tKD", [(0, 0, "KD")]),
        ("1\t1\tä\u2028b\x0bc 鼓\n", [(1, 1, "ä\u2028b\x0bc 鼓")]),
    ],
)
def test_labels_that_are_understood(
    content: str, labels: list[tuple[float, float, str]]
) -> None:
    assert parse_labels(content) == [Label(*label) for label in labels]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("1\n", "line 1 is not a label: '1'"),
        ("1\t1\tKD\n\n# comment\n", "line 3 is not a label: '# comment'"),
        ("start\tend\ttext\n", "line 1 is not a label"),
        ("words\n\nand no label\n", "line 1 is not a label"),
        ("1\t1\tKD\nLabel Track\n", "line 2 is not a label"),
        ("1 1 KD\n", "line 1 is not a label"),
        ("1;1;KD\n", "line 1 is not a label"),
        ("1e999\t1\tKD\n", "line 1: a time is out of range"),
        ("1\t1e999\tKD\n", "line 1: a time is out of range"),
        ("nan\tnan\tKD\n", "line 1 is not a label"),
        ("inf\tinf\tKD\n", "line 1 is not a label"),
        ("1_0\t1_0\tKD\n", "line 1 is not a label"),
        ("0x10\t1\tKD\n", "line 1 is not a label"),
        ("١\t١\tKD\n", "line 1 is not a label"),
        ("1,000.5\t1\tKD\n", "line 1 is not a label"),
        ("1.5.5\t1\tKD\n", "line 1 is not a label"),
        ("\t\tKD\n", "line 1 is not a label"),
        ("9" * 5000 + "\t1\tKD\n", "line 1: a time is out of range"),
    ],
)
def test_labels_that_are_refused(content: str, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        parse_labels(content)
    assert str(error.value).startswith(reason)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 120


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("SD", ("SD", None)),
        ("38", ("SD", None)),
        ("Snare", ("SD", None)),
        ("snare 90", ("SD", 90)),
        ("SD 1", ("SD", 1)),
        ("SD 127", ("SD", 127)),
        ("SD (90)", ("SD", 90)),
        ("SD [90]", ("SD", 90)),
        ("SD, 90", ("SD", 90)),
        ("SD: v90", ("SD", 90)),
        ("snare Velocity 90", ("SD", 90)),
        ("SD vel=90", ("SD", 90)),
        ("snare - 90", ("SD", 90)),
        ("38 90", ("SD", 90)),
        ("Closed hi-hat 64", ("CHH", 64)),
        ("hihat closed @64", ("CHH", 64)),
        ("tom 1", ("HIT", None)),
        ("tom 2 88", ("MHT", 88)),
        ("tom 9", ("TT", 9)),
        ("crash 2", ("CRC", None)),
        ("SD 0", None),
        ("SD 128", None),
        ("SD 1000", None),
        ("verse 2", None),
        ("90", None),
        ("", None),
        ("hit", None),
    ],
)
def test_texts(text: str, meant: tuple[str, int | None] | None) -> None:
    wanted = None if meant is None else (Drum(meant[0]), meant[1])
    assert LabelNames().meaning(text) == wanted


@pytest.mark.parametrize("drum", Drum)
def test_short_texts_are_understood(drum: Drum) -> None:
    """Where labels are drums: on tracks of drums, and where tracks are not known."""
    text = LabelNames().writer("short")(Onset(1.0, drum))
    assert len(text) <= 2
    for name in ("", "Snare"):
        track = LabelTrack(name, (Label(1.0, 1.0, text),))
        read = transcription_of([track], warn=pytest.fail)
        assert read.onsets == (Onset(1.0, drum),)
    assert LabelNames().meaning(text) in (None, (drum, None))


@pytest.mark.parametrize("drum", Drum)
@pytest.mark.parametrize("text", [text for text in LABEL_TEXTS if text != "short"])
def test_every_written_text_is_understood(drum: Drum, text: str) -> None:
    names = LabelNames()
    for velocity in range(1, 128):
        onset = Onset(1.0, drum, velocity)
        meant = names.meaning(names.writer(text)(onset))
        assert meant is not None
        if text == "note":
            assert meant[0].note == drum.note
        else:
            assert meant[0] is drum
        if text.endswith("velocity"):
            assert meant[1] == velocity


def test_unknown_labels_are_kept_and_listed(tmp_path: Path) -> None:
    path, copy = tmp_path / "export.txt", tmp_path / "copy.labels.txt"
    path.write_text("1\t1\tverse\n2\t3\tSnare\n4\t4.5\tmaybe?\n5\t5\tverse\n")
    got: list[str] = []
    read = formats.read(path, warn=got.append)
    labels = (Label(1, 1, "verse"), Label(4, 4.5, "maybe?"), Label(5, 5, "verse"))
    assert read == Transcription((Onset(2.0, Drum.SD),), labels=labels)
    assert got == [
        f"{path}: labels that name no drum are kept as labels:"
        " 'verse' (2), 'maybe?' (1)"
    ]
    formats.write(read, copy)
    assert formats.read(copy, warn=got.append) == read
    json = tmp_path / "song.json"
    formats.write(read, json)
    assert formats.read(json) == read


def test_beats_of_an_export_are_found() -> None:
    export = (
        "0.5\t0.5\t0.4\n1\t1\t1.1\n1\t2\tBar 1\n1.5\t1.5\t1.2\n2\t2\t2.1\n"
        "2.25\t2.25\tBar 2\n"
    )
    got: list[str] = []
    track = LabelTrack("", tuple(parse_labels(export)))
    read = transcription_of([track], warn=got.append)
    assert read.beats == (Beat(0.5, 4), Beat(1.0, 1), Beat(1.5, 2), Beat(2.0, 1))
    assert read.labels == (Label(2.25, 2.25, "Bar 2", "Bars"),)  # moved: no beat there
    assert got == ["labels that name no drum are kept as labels: 'Bar 2' (1)"]


# Sets of files


def write_set(folder: Path) -> None:
    formats.write_all(HITS, "song", folder, ["labels-split"])


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("song.labels.KD.txt", None),
        ("song.labels.SST.txt", None),
        ("song.labels.CHH.txt", "labels-split"),
        ("song.labels.txt", "labels-split"),
    ],
)
def test_any_file_of_a_set_reads_the_set(
    tmp_path: Path, name: str, form: str | None
) -> None:
    write_set(tmp_path)
    (tmp_path / "other.labels.SD.txt").write_text("9\t9\tSD\n")
    (tmp_path / "song.labels.old.txt").write_text("9\t9\tSD\n")
    assert formats.read(tmp_path / name, form).counts() == HITS.counts()


def test_one_file_of_a_set_alone(tmp_path: Path) -> None:
    write_set(tmp_path)
    read = formats.read(tmp_path / "song.labels.KD.txt", "labels")
    assert read.counts() == {Drum.KD: 2}


def test_the_file_tells_the_drum_where_the_text_does_not(tmp_path: Path) -> None:
    path = tmp_path / "song.labels.KD.txt"
    path.write_text("1\t1\t\n2\t2\tloud!\n3\t3\tSD 64\n")
    (tmp_path / "song.labels.HH.txt").write_text("4\t4\t42\n5\t5\t46\n")
    got: list[str] = []
    read = formats.read(path, warn=got.append)
    assert list(read) == [
        Onset(1.0, Drum.KD),
        Onset(2.0, Drum.KD),
        Onset(3.0, Drum.SD, 64),
        Onset(4.0, Drum.HH),  # 42 is the note of both, and the file says which
        Onset(5.0, Drum.OHH),
    ]
    assert got == [
        f"{tmp_path / 'song.labels.txt'}: labels whose drum is that of their track:"
        " 'loud!' (1)"
    ]


def test_a_set_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "song.labels.mine.txt").write_text("mine")
    path = tmp_path / "song.labels.txt"
    corrected = tmp_path / "song.labels.SD.txt"
    with corrected.open("a") as file:
        file.write("9.0\t9.0\tSD\n")
    with pytest.raises(formats.OutputExistsError):
        formats.write(HITS["KD"], path, "labels-split")
    assert "9.0" in corrected.read_text()
    changed = Transcription((Onset(1.0, Drum.KD), Onset(2.0, Drum.SD)))
    formats.write(changed, path, "labels-split", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "song.labels.KD.txt",
        "song.labels.SD.txt",
        "song.labels.mine.txt",
    ]
    assert formats.read(path, "labels-split") == changed


def test_a_file_of_a_drum_that_is_gone_stays_if_it_is_not_ours(tmp_path: Path) -> None:
    mine, ours = (tmp_path / f"song.labels.{drum}.txt" for drum in ("CY", "SD"))
    path = tmp_path / "song.labels.txt"
    two = Transcription((Onset(1.0, Drum.KD), Onset(2.0, Drum.SD)))
    formats.write(two, path, "labels-split")
    mine.write_text("3.0\t3.0\tCY\n")
    warnings: list[str] = []
    one = Transcription((Onset(1.0, Drum.KD),))
    formats.write(one, path, "labels-split", overwrite=True, warn=warnings.append)
    assert mine.read_text() == "3.0\t3.0\tCY\n"
    assert not ours.exists()
    assert warnings == [f"{mine}: was not written by this run, and is kept"]


def test_errors_in_a_set_name_the_file(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "song.labels.SST.txt").write_text("oops")
    with pytest.raises(FormatError) as error:
        formats.read(tmp_path / "song.labels.KD.txt")
    assert str(error.value) == (
        f"{tmp_path / 'song.labels.KD.txt'}: song.labels.SST.txt: "
        "line 1 is not a label: 'oops'"
    )
    with pytest.raises(
        AdtError, match=r"there are no files of single drums such as a\.KD\.txt"
    ):
        formats.read(tmp_path / "a.txt", "labels-split")
