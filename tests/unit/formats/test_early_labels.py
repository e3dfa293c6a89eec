"""Labels before 0 s: Audacity writes them, and every reader treats them alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.audacity_project.writer import write_project
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.tracks import LabelTrack

FILES = {
    "a.labels.txt": "-0.5\t-0.5\tKD\n-0.25\t2\tverse\n-0.001\t-0.001\tSD\n1\t1\tKD\n",
    "b.labels.txt": "1,0\t1,0\tKD\n2,0\t-0,5\tKD\n-3,0\t-3,0\tKD\n-0,001\t0\tSD\n",
    "a.labels.KD.txt": "-0.5\t-0.5\tKD\n-0.2\t1\tKD\n-0.001\t0\tSD\n1\t1\tKD\n",
    "a.sv.csv": "-0.5,KD\n-0.25,KD\n-0.001,SD\n1.0,KD\n",
    "a.reaper.csv": (
        "#,Name,Start,End,Length\nM1,KD,-0.5,,\nR1,verse,-0:01.5,2,\n"
        "M2,SD,-0.001,,\nM3,KD,1.0,,\n"
    ),
    "a.csv": "time,drum\n-0.5,KD\n-1e3,KD\n-0.001,SD\n1.0,KD\n",
    "a.rlrr": json.dumps(
        {
            "instruments": [],
            "events": [
                {"name": f"BP_{drum}_C", "vel": 100, "loc": 0, "time": time}
                for time, drum in (
                    *((-0.5, "Kick"), (-3, "Snare"), (-0.001, "Snare"), (1, "Kick")),
                )
            ],
        }
    ),
    "a.jams": json.dumps(
        {
            "annotations": [
                {
                    "namespace": "tag_open",
                    "data": [
                        {"time": time, "value": drum}
                        for time, drum in (
                            *((-0.5, "KD"), (-3, "SD"), (-0.001, "SD"), (1, "KD")),
                        )
                    ],
                }
            ],
            "file_metadata": {},
        }
    ),
    "notes.chart": (
        "[Song]\n{\n  Resolution = 100\n  Offset = -1\n}\n"
        "[SyncTrack]\n{\n  0 = B 60000\n}\n"
        "[ExpertDrums]\n{\n  0 = N 0 0\n  50 = N 0 0\n  100 = N 1 0\n"
        "  200 = N 0 0\n}\n"
    ),
    "a.srt": (
        "1\n-00:00:00,500 --> -00:00:00,500\nKD\n\n2\n-00:00:02,000 -->"
        " -00:00:02,000\nKD\n\n3\n-00:00:00,001 --> 00:00:00,000\nSD\n\n"
        "4\n00:00:01,000 --> 00:00:01,000\nKD\n"
    ),
    "a.ADT.txt": "-0.5 \t KD \n-1.0 \t KD \n-0.001 \t SD \n1.0 \t KD \n",
}

HITS = ("a.csv", "a.ADT.txt", "a.rlrr", "notes.chart")
"""Files that hold hits, and no labels."""


@pytest.mark.parametrize("name", FILES)
def test_what_lies_before_zero_is_left_out_and_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name])
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert [(o.time, o.drum) for o in read] == [(0.0, Drum.SD), (1.0, Drum.KD)]
    what = {"a.jams": "observations"} | dict.fromkeys(HITS, "hits")
    assert warnings == [
        f"{path}: 2 {what.get(name, 'labels')} lie before 0 s and are left out"
    ]
    assert "chart" in name or read.beats == ()


def test_of_an_audacity_project(tmp_path: Path) -> None:
    path = write_project(tmp_path / "a.aup", [LabelTrack("Kick", ())])
    text = path.read_text()
    labels = "".join(
        f'<label t="{t}" t1="{t1}" title=""/>'
        for t, t1 in ((-0.5, -0.5), (-2, 3), (-0.001, -0.001), (1, 1))
    )
    assert text.count("</labeltrack>") == 1 or "/>" in text
    start = text.index("<labeltrack")
    end = text.index(">", start)
    body = text[: end - (text[end - 1] == "/")] + f">{labels}</labeltrack>"
    rest = text[end + 1 :].removeprefix("\n").lstrip().removeprefix("</labeltrack>")
    path.write_text(body + rest)
    warnings: list[str] = []
    read = formats.read(path, warn=warnings.append)
    assert read.onsets == (Onset(0.0, Drum.KD), Onset(1.0, Drum.KD))
    assert warnings == [f"{path}: 2 labels lie before 0 s and are left out"]


def test_one_is_told_as_one() -> None:
    early, warnings = EarlyLabels(), list[str]()
    early.tell(warnings.append)
    assert warnings == []
    assert early.place(0.5) == (0.5, 0.5)
    assert early.place(3.0, -0.004) == (0.0, 3.0)
    assert early.place(-0.0) == (0.0, 0.0)
    assert early.place(-0.006)[0] < 0
    early.tell(warnings.append)
    assert warnings == ["1 label lies before 0 s and is left out"]


def test_beats_too(tmp_path: Path) -> None:
    path = tmp_path / "a.labels.txt"
    path.write_text("-0.5\t-0.5\t0.4\n0\t0\t1.1\n0.5\t0.5\t1.2\n0.5\t0.5\tSD\n")
    read = formats.read(path, warn=lambda _: None)
    assert read.beats == (Beat(0.0, 1), Beat(0.5, 2))
