"""The CSV table, and ADTLib's and MDB Drums' lines of a time and a code."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.csv import looks_like
from adt_plugins.transcription import Transcription

HITS = Transcription(
    (
        Onset(0.1 + 0.2, Drum.KD, 90, 0.25),
        Onset(1.0, Drum.OHH, 127, 1.0),
        Onset(12.00006, Drum.SD, 1, 0.0),
        Onset(13.0, Drum.CRC),
        Onset(14.0, Drum.SST),
        Onset(15.0, Drum.SST),
    )
)


def read(content: bytes | str, folder: Path, form: str) -> list[Onset]:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(formats.read(path, form, warn=pytest.fail))


# The table


def test_the_bytes_of_a_table(tmp_path: Path) -> None:
    path = formats.write(HITS, tmp_path / "song.drums.csv")[0]
    assert path.read_bytes() == (
        b"time,drum,velocity,confidence\n"
        b"0.300000,KD,90,0.25\n"
        b"1.000000,OHH,127,1.0\n"
        b"12.000060,SD,1,0.0\n"
        b"13.000000,CRC,100,1.0\n"
        b"14.000000,SST,100,1.0\n"
        b"15.000000,SST,100,1.0\n"
    )
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["drum"] == "KD"


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Onset,
            st.floats(0, 1e300),
            st.sampled_from(Drum),
            st.integers(1, 127),
            st.floats(0, 1),
        )
    )
)
def test_a_table_keeps_every_onset(onsets: list[Onset]) -> None:
    whole = Transcription(tuple(onsets))
    with tempfile.TemporaryDirectory() as folder:
        path = formats.write(whole, Path(folder) / "a.csv")[0]
        assert formats.read(path) == whole.rounded()


@pytest.mark.parametrize(
    "content",
    [
        "time,drum\n1.5,KD\n2.0,SD\n",
        "time,drum\r\n1.5,KD\r\n2.0,SD\r\n",
        "time,drum\r1.5,KD\r2.0,SD",
        "\ufefftime,drum\n1.5,KD\n2.0,SD\n",
        "Drum, Time\nKD, 1.5\n\nsnare, 2\n,\n",
        '"time";"drum";"velocity"\n1,5;KD;100\n2;"SD";100\n',
        "time\tdrum\tcomment\n1.5\tKD\tx\n2,0\tSD\n",
        "time,drum,velocity,confidence\n1.5,KD,,\n2,SD,100,1\n",
        "time,drum,velocity\n1.5,kick,100.0\n2,38\n",
        "later,time,drum\na,1.5,KD\nb,2,SD,more\n",
    ],
)
def test_tables_that_are_understood(tmp_path: Path, content: str) -> None:
    assert read(content, tmp_path, "csv") == [Onset(1.5, Drum.KD), Onset(2.0, Drum.SD)]
    assert looks_like(content.removeprefix("\ufeff"))


@pytest.mark.parametrize(
    "content",
    [
        "start,end,label\n1.5,1.6,KD\n2.0,2.1,SD\n",
        "onset;instrument\n1,5;bass drum\n2;snare\n",
        "note,start,velocity\n36,0:01.5,100\n38,00:00:02,100\n",
        "Name\tStart\tDuration\tTime Format\tType\tDescription\n"
        "KD\t0:01.500\t0:00.000\tdecimal\tCue\t\n"
        "SD\t0:02.000\t0:00.000\tdecimal\tCue\t\n",
        "sep=;\r\ntime;drum\r\n1,5;KD\r\n2;SD\r\n",
        "\n# made by a script\n#\n \ntime,drum\n1.5,KD\n2,SD\n",
    ],
)
def test_tables_of_others(tmp_path: Path, content: str) -> None:
    path = tmp_path / "markers.csv"
    path.write_bytes(content.encode())
    assert formats.format_of_file(path) == "csv"
    drums = [Onset(1.5, Drum.KD), Onset(2.0, Drum.SD)]
    assert list(formats.read(path)) == drums


def test_markers_that_name_no_drum_stay_labels(tmp_path: Path) -> None:
    path = tmp_path / "markers.csv"
    path.write_text("Name;Start\nKD;1,5\nVerse;1,75\n")
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert read.onsets == (Onset(1.5, Drum.KD),)
    assert read.labels == (Label(1.75, 1.75, "Verse"),)
    assert warnings == [
        f"{path}: markers that name no drum are kept as labels: 'Verse' (1)"
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("start,name\n1,verse\n", "no marker names a drum: 'verse' (1)"),
        ("time,velocity\n1,2\n", "no column drum"),
        ("#,Name,Start\n", "no column drum and no column time"),
        ("time,drum\n1.5,KD\nx,KD\n", "line 3: time is a number, not 'x'"),
        ("time,drum\nnan,KD\n", "line 2: time is a number, not 'nan'"),
        ("time,drum\n1e999,KD\n", "line 2: time is finite"),
        ("time,drum\n1_0,KD\n", "line 2: time is a number"),
        ("time,drum\n,KD\n", "line 2: time is a number, not ''"),
        ("time,drum\n1\n", "line 2: '' is not a drum"),
        ("\n# x\ntime,drum\n1,KD\ny,KD\n", "line 5: time is a number, not 'y'"),
        ("time,drum\n" + "9" * 400 + ":1,KD\n", "line 2: time is finite"),
        ("time,drum\n1:x:2,KD\n", "line 2: a time is seconds or m:ss.sss"),
        (
            "Name\tStart\tTime Format\nKD\t22050\tsamples\n",
            "line 2: times are in seconds, not in 'samples'",
        ),
        ("time,drum\n1,verse\n", "line 2: 'verse' is not a drum"),
        ("time,drum\n1,'=cmd()\n", 'line 2: "\'=cmd()" is not a drum'),
        ("time,drum,velocity\n1,KD,0\n", "line 2: velocity is 1 to 127, not 0"),
        ("time,drum,velocity\n1,KD,9.5\n", "line 2: velocity is a whole number"),
        ("time,drum,velocity\n1,KD,1e300\n", "line 2: velocity is 1 to 127"),
        ("time,drum,velocity\n1,KD,1e999\n", "line 2: velocity"),
        ("time,drum,confidence\n1,KD,1.5\n", "line 2: confidence is 0 to 1"),
        ('time,drum\n1,"' + "K" * 200_000 + '"\n', "line 2: field larger"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        read(content, tmp_path, "csv")
    assert reason in str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < len(str(tmp_path)) + 120


# Lines of a time and a code


def test_the_bytes_of_adtlib_s_lines(tmp_path: Path) -> None:
    got: list[str] = []
    path = formats.write(HITS, tmp_path / "song.ADT.txt", warn=got.append)[0]
    assert path.read_bytes() == b"0.3000 \t KD \n1.0000 \t HH \n12.0001 \t SD \n"
    assert got == [
        f"{path}: ADTLib has only KD, SD and HH; left out were 'CY' (1), 'OT' (2)"
    ]
    assert list(formats.read(path)) == [
        Onset(0.3, Drum.KD),
        Onset(1.0, Drum.HH),
        Onset(12.0001, Drum.SD),
    ]


def test_nothing_is_warned_of_where_nothing_is_lost(tmp_path: Path) -> None:
    formats.write(HITS["KD", "HH"], tmp_path / "a.ADT.txt", warn=pytest.fail)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_mdb_annotations_are_understood(tmp_path: Path, end: str) -> None:
    codes = {
        "KD": "KD",
        "SD": "SD SDB SDD SDF SDG SDNS",
        "HH": "HH",
        "CHH": "CHH",
        "OHH": "OHH",
        "PHH": "PHH",
        "TT": "TT",
        "HIT": "HIT",
        "MHT": "MHT",
        "HFT": "HFT",
        "LFT": "LFT",
        "CY": "CY",
        "RDC": "RDC",
        "RDB": "RDB",
        "CRC": "CRC",
        "SPC": "SPC",
        "CHC": "CHC",
        "OT": "OT TMB",
        "SST": "SST",
    }
    pairs = [(code, drum) for drum, all_ in codes.items() for code in all_.split()]
    content = "".join(f"{i}.010000 \t{code} {end}" for i, (code, _) in enumerate(pairs))
    onsets = read(content, tmp_path, "adtlib")
    assert [(o.time, o.drum) for o in onsets] == [
        (float(f"{i}.01"), drum) for i, (_, drum) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    "content",
    [
        "1,5 KD\n2,0 SD\n",
        "# x\nTime  Drum\n1.5 \t KD\n2 SD\n",
        "onset\tlabel\n1.5\tKD\n2\tSD\n",
    ],
)
def test_lines_of_others(tmp_path: Path, content: str) -> None:
    path = tmp_path / "drums.txt"
    path.write_text(content)
    assert list(formats.read(path)) == [Onset(1.5, Drum.KD), Onset(2.0, Drum.SD)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("1.0 \t XX \n", "line 1: unknown drum 'XX'"),
        ("1.0 KD\n\n2.0 kd\n", "line 3 is not a time and a drum: '2.0 kd'"),
        ("1.0 KD 90\n", "line 1 is not a time and a drum"),
        ("1.0\n", "line 1 is not a time and a drum"),
        ("KD 1.0\n", "line 1 is not a time and a drum"),
        ("nan KD\n", "line 1 is not a time and a drum"),
        ("1e999 KD\n", "line 1: time is finite"),
        ("time drum\n", "line 1 is not a time and a drum"),
        ("1" + " " * 100_000 + "1", "line 1 is not a time and a drum"),
        ("1 " + "K" * 100_000, "line 1: unknown drum"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        read(content, tmp_path, "adtlib")
    assert reason in str(error.value)
    assert len(str(error.value)) < len(str(tmp_path)) + 120
