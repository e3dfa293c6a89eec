"""Marker lists of iZotope RX."""

from __future__ import annotations

from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError

FIRST = "Marker file version: 1\n"


@pytest.mark.parametrize(
    "rows",
    [
        "Time format: Time\nsnare 90\t00:00:01.50000000\nKD\t00:01:02.00000000\n"
        "Verse\t00:01:03.00000000\t00:01:04.00000000\n",
        "Time format: Source Time\r\nsnare 90\t00:00:01,50000000\t\t\r\n"
        "KD\t00:01:02,00000000\t00:01:02,50000000\t\r\nVerse\t1:03,0\t1:04\r\n",
    ],
)
def test_markers_and_regions(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "markers.txt"
    path.write_bytes((FIRST + rows).encode())
    assert formats.format_of_file(path) == "rx"
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert read.onsets == (Onset(1.5, Drum.SD, 90), Onset(62.0, Drum.KD))
    assert read.labels == (Label(63.0, 64.0, "Verse"),)
    assert warnings == [
        f"{path}: labels that name no drum are kept as labels: 'Verse' (1)"
    ]


def test_a_marker_may_be_named_like_a_header(tmp_path: Path) -> None:
    path = tmp_path / "markers.txt"
    rows = "Time format: Time\nTime format: Samples\t00:00:01.5\nKD\t00:00:02.0\n"
    path.write_text(FIRST + rows)
    read = formats.read(path)
    assert read.onsets == (Onset(2.0, Drum.KD),)
    assert read.labels == (Label(1.5, 1.5, "Time format: Samples"),)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("Time format: Samples\nKD\t66150\n", "line 2: times are in seconds, not in"),
        ("Time format: Timecode\nKD\t00:00:01:12\n", "line 2: times are in seconds"),
        ("Time format: Time\nKD\n", "line 3 is not a marker: 'KD'"),
        ("Time format: Time\nKD\tsoon\n", "line 3: a time is seconds or m:ss.sss"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, rows: str, reason: str) -> None:
    path = tmp_path / "markers.txt"
    path.write_text(FIRST + rows)
    with pytest.raises(FormatError) as error:
        formats.read(path)
    assert str(error.value).startswith(f"{path}: {reason}")
