"""Folders of files that belong together by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from adt_plugins.evaluation import evaluate_files
from tests.support.scores import counts, track


def fill(folder: Path, files: Sequence[str]) -> Path:
    """Files with one kick each, JSON or MDB-style text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        text = track(KD=[1]).to_json() if name.endswith(".json") else "1.0 \t KD \n"
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class TestFiles:
    def test_scores_of_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "A.txt").write_text("1.0\tKD\n2.0 \t SD \n2.0 HH\n")
        (tmp_path / "B.txt").write_text("1.0\tKD\n")
        estimates = tmp_path / "out"
        estimates.mkdir()
        (estimates / "A.drums.json").write_text(track(KD=[1.01], CHH=[2]).to_json())
        (estimates / "B.ADT.txt").write_text("1.0000 \t KD \n1.5000 \t SD \n")
        result = evaluate_files(tmp_path, [estimates], windows=(0.05,), seed=5)
        assert result.tracks == ("A", "B")
        assert counts(result.score()) == (3, 1, 1)
        assert result.failures == ()
        assert result == evaluate_files(
            str(tmp_path), [str(estimates)], windows=(0.05,), seed=5
        )

    @pytest.mark.parametrize(
        ("name", "text", "reason"),
        [
            ("B.ADT.txt", "1.0 KD\n2.0 XX\n", "unknown drum 'XX'"),
            ("B.ADT.txt", "what\n", "line 1 is not a time and a drum"),
            ("B.drums.json", "{}", "not a transcription"),
            (
                "B.labels.txt",
                "1.0\t1.0\tKD\n2.0\t2.0\tverse\n",
                "labels that name no drum",
            ),
        ],
    )
    def test_a_bad_file_is_one_line_and_the_rest_is_done(
        self, tmp_path: Path, name: str, text: str, reason: str
    ) -> None:
        references = fill(tmp_path / "ref", ["A.txt", "B.txt"])
        folder = fill(tmp_path / "est", ["A.drums.json"])
        (folder / name).write_text(text)
        result = evaluate_files(references, [folder])
        (failure,) = result.failures
        assert failure.startswith(f"{folder / name}: ")
        assert reason in failure
        assert "\n" not in failure
        assert result.tracks == ("A",)
        assert counts(result.score()) == (1, 0, 0)
        assert result.to_dict()["failures"] == [failure]

    @pytest.mark.parametrize(
        ("name", "text", "parts"),
        [
            (
                "A.jams",
                '{"file_metadata": {}, "annotations": [{"namespace": "beat", "data":'
                ' [{"time": 1, "value": null}]}, {"namespace": "chord", "data": []},'
                ' {"namespace": "tag_open", "data": [{"time": 1, "value": "KD"}]}]}',
                ["counted in fours", "other than hits and beats: 'chord'"],
            ),
            (
                "A.chart",
                "[Song]\n{\nResolution = 100\n}\n[SyncTrack]\n{\n0 = B 60000\n}\n"
                "[ExpertDrums]\n{\n100 = N 0 0\n100 = N 2 0\n}\n",
                ["does not tell cymbals from toms"],
            ),
        ],
    )
    def test_a_warning_after_which_no_hit_is_missing_is_passed_on(
        self, tmp_path: Path, name: str, text: str, parts: list[str]
    ) -> None:
        references = fill(tmp_path / "ref", ["A.txt"])
        (tmp_path / "est").mkdir()
        path = tmp_path / "est" / name
        path.write_text(text)
        warnings: list[str] = []
        result = evaluate_files(references, [path], drums=["KD"], warn=warnings.append)
        assert result.failures == ()
        assert counts(result.score()) == (1, 0, 0)
        assert len(warnings) == len(parts)
        assert all(part in line for part, line in zip(parts, warnings, strict=True))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("A.labels.txt", "-1\t-1\tKD\n1\t1\tKD\n"),
            (
                "A.jams",
                '{"file_metadata": {}, "annotations": [{"namespace": "onset", "data":'
                ' []}, {"namespace": "tag_open", "data": [{"time": 1, "value":'
                ' "KD"}]}]}',
            ),
            (
                "A.jams",
                '{"file_metadata": {}, "annotations": [{"namespace": "tag_open",'
                ' "data": [{"time": 1, "value": "KD"}, {"time": 1, "value": "x"}]}]}',
            ),
        ],
    )
    def test_hits_that_may_be_lost_count_for_no_score(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        references = fill(tmp_path / "ref", ["A.txt"])
        (tmp_path / "est").mkdir()
        path = tmp_path / "est" / name
        path.write_text(text)
        (failure,) = evaluate_files(references, [path]).failures
        assert failure.endswith("; a comparison needs all of them")

    def test_all_bad(self, tmp_path: Path) -> None:
        fill(tmp_path, ["A.txt"])
        (tmp_path / "A.drums.json").write_text("{}")
        result = evaluate_files(tmp_path, [tmp_path])
        assert len(result.failures) == 1
        assert result.tracks == ()
        assert result.score().f is None
        assert "Pooled over 0 tracks" in result.table()
