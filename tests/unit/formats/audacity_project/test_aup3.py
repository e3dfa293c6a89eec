"""Reading projects that Audacity saved."""

from __future__ import annotations

import gzip
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.audacity_project import aup3
from adt_plugins.formats.audacity_project.aup3 import read_aup3
from adt_plugins.labels.tracks import LabelTrack
from tests.support.audacity.make_aup3 import (
    document,
    label,
    saved_project,
    track,
    write_aup3,
)
from tests.support.paths import DATA

SNARE = track("Snare", label(0.1 + 0.2, "Snare 90"), label(1 / 3, ""))
SNARE_READ = LabelTrack(
    "Snare", (Label(0.1 + 0.2, 0.1 + 0.2, "Snare 90"), Label(1 / 3, 1 / 3, ""))
)


def read(path: Path) -> tuple[list[LabelTrack], list[str]]:
    got: list[str] = []
    return read_aup3(path, warn=got.append), got


# What Audacity 3.2.4 saved


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.aup3"
    path.write_bytes(gzip.decompress((DATA / "saved.aup3.gz").read_bytes()))
    return path


SAVED = [
    LabelTrack(
        'Kick "x" <&> 🥁',
        (
            Label(0.1 + 0.2, 0.1 + 0.2, "Kick 90"),
            Label(3599.9999999, 3600.5, "tab\there"),
        ),
    ),
    LabelTrack("עברית", (Label(1 / 3, 1 / 3, ""),)),
    LabelTrack("Empty", ()),
]


def test_a_project_of_audacity(saved: Path) -> None:
    before = saved.read_bytes()
    assert read(saved) == (
        SAVED,
        ["has changed labels that were not saved; these are as saved"],
    )
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["saved.aup3"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_project_of_audacity(data: st.DataObject) -> None:
    whole = gzip.decompress((DATA / "saved.aup3.gz").read_bytes())
    damaged = bytearray(whole)
    # Most of the file is empty: damage what is not.
    used = [i for i in range(0, len(whole), 64) if any(whole[i : i + 64])]
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.sampled_from(used)) + data.draw(st.integers(0, 63))
        damaged[place] = data.draw(st.integers(0, 255))
    check_that_it_ends_well(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 20))
def test_a_truncated_project_of_audacity(size: int) -> None:
    whole = gzip.decompress((DATA / "saved.aup3.gz").read_bytes())
    check_that_it_ends_well(whole[: size % len(whole)])


def check_that_it_ends_well(content: bytes) -> None:
    """Check that a file is read, or refused in one line."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.aup3")
        path.write_bytes(content)
        message = f"{path}: fine"
        try:
            formats.read(path, warn=lambda _: None)
        except AdtError as error:
            message = str(error)
        assert message.startswith(f"{path}: ")
        assert message.isprintable()
        assert [p.name for p in Path(folder).iterdir()] == ["x.aup3"]


# What there may be in one


def test_hits_beats_and_labels(tmp_path: Path) -> None:
    path = saved_project(
        tmp_path / "song.drums.aup3",
        track("Snare", label(1.0, "Snare"), label(2.0, "?"), label(3.0, "Kick 12")),
        track("Hi-hat", label(1.5, "42")),
        track("Beats", label(1.0, "1.1"), label(1.5, "1.2"), label(1.75, "no beat")),
        track("Bars", label(1.0, "Bar 1", 2.0)),
        track("Lyrics", label(0.5, "la la", 0.75)),
    )
    got: list[str] = []
    song = formats.read(path, warn=got.append)
    assert song.onsets == (
        Onset(1.0, Drum.SD),
        Onset(1.5, Drum.HH),
        Onset(2.0, Drum.SD),
        Onset(3.0, Drum.KD, 12),
    )
    assert song.beats == (Beat(1.0, 1), Beat(1.5, 2))
    assert song.labels == (
        Label(0.5, 0.75, "la la", "Lyrics"),
        Label(1.75, 1.75, "no beat", "Beats"),
    )
    assert got == [
        f"{path}: labels that name no drum are kept as labels:"
        " 'no beat' (1), 'la la' (1)",
        f"{path}: labels whose drum is that of their track: '?' (1)",
    ]
    assert formats.song_stem(path) == "song"
    written = formats.convert(path, ["json", "csv"], warn=got.append)
    assert [p.name for p in written] == ["song.drums.json", "song.drums.csv"]
    assert formats.read(written[0]) == song


@pytest.mark.parametrize("char_size", [1, 2, 4])
def test_characters_of_every_system(tmp_path: Path, char_size: int) -> None:
    path = tmp_path / "a.aup3"
    with closing(write_aup3(path, document([SNARE, track("鼓 🥁")], char_size))):
        pass
    assert read(path)[0] == [SNARE_READ, LabelTrack("鼓 🥁", ())]


def test_labels_before_zero_are_counted(tmp_path: Path) -> None:
    labels = (
        label(-0.5, "SD"),
        label(-0.5, "SD", 1.0),
        label(0.0, "SD"),
        label(2.0, "SD", 1.0),
    )
    path = saved_project(tmp_path / "a.aup3", track("Snare", *labels))
    tracks, got = read(path)
    assert tracks[0].labels == (Label(0.0, 0.0, "SD"), Label(1.0, 2.0, "SD"))
    assert got == ["2 labels lie before 0 s and are left out"]


def test_unsaved_changes_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "a.aup3"
    changed = document([track("Snare", label(9.0, "SD"))])
    with closing(write_aup3(path, document([SNARE]), changed)):
        assert read(path) == (
            [SNARE_READ],
            ["has changed labels that were not saved; these are as saved"],
        )
    moved = document([SNARE])
    with closing(write_aup3(tmp_path / "b.aup3", document([SNARE]), moved)):
        assert read(tmp_path / "b.aup3") == ([SNARE_READ], [])
    with closing(write_aup3(tmp_path / "c.aup3", None, changed)):
        assert read(tmp_path / "c.aup3")[0][0].labels == (Label(9.0, 9.0, "SD"),)


def test_a_project_that_is_open(tmp_path: Path) -> None:
    path = tmp_path / 'so "n" & ä ? # %41.aup3'
    with closing(write_aup3(path, document([SNARE]))) as database:
        log = path.with_name(path.name + "-wal")
        assert log.stat().st_size > 0
        before = path.read_bytes(), log.read_bytes()
        assert read(path) == ([SNARE_READ], [])
        assert (path.read_bytes(), log.read_bytes()) == before
        database.execute("UPDATE project SET doc = ?", [document([track("Kick")])[1]])
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(path, timeout=0).execute("SELECT * FROM project")
        assert read(path)[0] == [LabelTrack("Kick", ())]
    assert read(path)[0] == [LabelTrack("Kick", ())]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_project_that_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.aup3"
    monkeypatch.setattr(aup3, "_PAUSE_SECONDS", 0.0)
    with closing(write_aup3(path, document([SNARE]))) as database:
        copy, busy = aup3._copy, [True]

        def copy_while_it_changes(source: Path, *rest: Path | int) -> None:
            copy(source, *rest)  # type: ignore[arg-type]
            if busy[0] and source == path:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                database.execute("UPDATE autosave SET id = id")
                database.execute("INSERT INTO sampleblocks (samples) VALUES ('')")

        monkeypatch.setattr(aup3, "_copy", copy_while_it_changes)
        with pytest.raises(AdtError, match=r"a\.aup3: Audacity is writing to it; try"):
            read(path)
        busy[0] = False
        assert read(path)[0] == [SNARE_READ]


def test_the_page_with_the_locks_is_not_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    block = bytes(range(1, 256)) * 20_000
    source.write_bytes(block)
    aup3._copy(source, target, 1_000_000, 65_536)
    copied = target.read_bytes()
    assert copied[:1_000_000] == block[:1_000_000]
    assert not any(copied[1_000_000:1_065_536])
    assert copied[1_065_536:] == block[1_065_536:]
    aup3._copy(source, target, 1 << 30, 65_536)  # a smaller file has none
    assert target.read_bytes() == block


def test_a_copy_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.aup3"
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    with closing(write_aup3(path, document([SNARE]))):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(AdtError, match="is open in Audacity, and for a copy"):
            read(path)


def test_a_log_that_is_none(tmp_path: Path) -> None:
    path = saved_project(tmp_path / "a.aup3", SNARE)
    path.with_name("a.aup3-wal").write_bytes(random.Random(0).randbytes(100_000))
    assert read(path)[0] == [SNARE_READ]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"t": "soon"},
        {"t": float("nan")},
        {"t": float("inf")},
        {"t": 1.0, "t1": "x"},
    ],
)
def test_labels_without_a_time(
    tmp_path: Path, attributes: dict[str, float | str]
) -> None:
    path = saved_project(tmp_path / "a.aup3", track("SD", ("label", attributes, [])))
    with pytest.raises(FormatError, match=r"a label (without a time|at no time)"):
        formats.read(path)
