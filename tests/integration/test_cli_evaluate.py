"""``adt evaluate``: tables and reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adt_plugins.cli import main
from tests.support.commands import run, transcribe
from tests.support.recordings import HITS

pytestmark = pytest.mark.usefixtures("user_home")


def test_evaluate_prints_a_table_or_json(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(song, "--format", "labels") == 0
    truth = tmp_path / "truth.txt"
    truth.write_text("".join(f"{time}\t{drum}\n" for time, drum in HITS))
    capsys.readouterr()
    labels = song.with_name("song.labels.txt")
    assert run("evaluate", truth, labels, "--window", "0.05") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["KD", "1.000"] in [row[:2] for row in rows]
    assert ["all", "1.000"] in [row[:2] for row in rows]
    assert run("evaluate", truth, labels, "--report", "json", "--drums", "SD") == 0
    scores = json.loads(capsys.readouterr().out)["strict"]
    assert [score["drum"] for score in scores] == ["SD", "all", "SD", "all"]
    assert scores[0]["f"] == 1
    assert run("evaluate", truth, tmp_path / "none.txt") == 1
    assert run("evaluate", truth, labels, "--window", "0") == 2


def test_evaluate_prints_no_table_if_nothing_could_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, text in (("truth", "0.5\tKD\n"), ("drums", "not a label\n")):
        (tmp_path / folder).mkdir()
        for name in ("a.txt", "b.txt"):
            (tmp_path / folder / name).write_text(text)
    command = ("evaluate", tmp_path / "truth", tmp_path / "drums")
    assert main([*map(str, command)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2
    assert main([*map(str, command), "--report", "json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["failures"]) == 2
