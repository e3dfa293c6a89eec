"""Names of drums that a user has chosen for labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.labels.names import read_label_names
from adt_plugins.transcription import Transcription

# Names of one's own


def test_own_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(
        "# Mine\n\nBombo = KD\n  Caja  =  snare \nSnare = HH\na = b = 38\n"
        "Strophe = -\nСнейр 2=SD\n",
        encoding="utf-8",
    )
    names = read_label_names(path)
    for text, meant in [
        ("bombo", (Drum.KD, None)),
        (" BOMBO ", (Drum.KD, None)),
        ("Bombo 90", (Drum.KD, 90)),
        ("caja (12)", (Drum.SD, 12)),
        ("Snare", (Drum.HH, None)),  # one's own names count first
        ("SD", (Drum.SD, None)),
        ("A = B", (Drum.SD, None)),
        ("снейр 2", (Drum.SD, None)),
        ("снейр 2 64", (Drum.SD, 64)),
        ("Strophe", None),
        ("kick", (Drum.KD, None)),
    ]:
        assert names.meaning(text) == meant, text
    assert names.name(Drum.KD) == "Bombo"
    assert names.name(Drum.SD) == "Caja"
    assert names.name(Drum.CHH) == "Closed hi-hat"
    assert names.is_no_drum("strophe")
    assert not names.is_no_drum("verse")
    song = Transcription((Onset(1.0, Drum.KD, 3), Onset(2.0, Drum.SD, 64)))
    written = tmp_path / "song.labels.txt"
    formats.write(song, written, text="name+velocity", names=names)
    assert written.read_text().split("\n")[0].endswith("\tBombo 3")
    assert formats.read(written, names=names) == song


def test_the_names_of_the_user_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(tmp_path))
    (tmp_path / "label-names.txt").write_text("Bombo = KD\nverse = -\n")
    path = tmp_path / "a.labels.txt"
    path.write_text("1\t1\tbombo\n2\t2\tverse\n3\t3\tbridge\n")
    got: list[str] = []
    read = formats.read(path, warn=got.append)
    assert read.onsets == (Onset(1.0, Drum.KD),)
    assert [label.text for label in read.labels] == ["verse", "bridge"]
    assert got == [f"{path}: labels that name no drum are kept as labels: 'bridge' (1)"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Bombo\n", "line 1 is not 'name = drum'"),
        ("\n# x\n= KD\n", "line 3 is not 'name = drum'"),
        ("Bombo = Kck\n", "line 1: unknown drum 'Kck'"),
        ("Bombo = \n", "line 1: unknown drum ''"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "names.txt"
    path.write_text(content)
    with pytest.raises(FormatError) as error:
        read_label_names(path)
    assert str(error.value) == f"{path}: {reason}"


def test_a_file_without_any_drum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lyrics.txt"
    path.write_text("".join(f"{i}\t{i}\tword\x1b{i}\n" for i in range(9)))
    with pytest.raises(FormatError) as error:
        formats.read(path)
    assert str(error.value).isprintable()
    assert str(error.value).endswith(", 'word\\x1b4' (1) and 4 more")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.labels.txt"
    path.write_bytes("1\t1\tKD\r\n2\t2\tVers ä\r\n".encode(encoding))
    got: list[str] = []
    assert len(formats.read(path, warn=got.append)) == 1
    assert "'Vers ä' (1)" in got[0]


@pytest.mark.parametrize(
    "line",
    [
        "1" + " " * 100_000 + "x",
        "1" + "\t" * 100_000 + "x",
        "9" * 100_000 + "x",
        "1\t1\tSD" + " " * 100_000 + "x",
        "1\t1\t" + "a " * 50_000 + "\n1\t1\t" + ", " * 50_000,
        "\t" * 100_000 + "x",
    ],
)
def test_hostile_lines_are_refused(tmp_path: Path, line: str) -> None:
    """Expressions that start again at every character would take minutes."""
    path = tmp_path / "a.labels.txt"
    path.write_text(line)
    with pytest.raises(FormatError):
        formats.read(path)
