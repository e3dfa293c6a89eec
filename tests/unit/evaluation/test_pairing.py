"""Which estimate file goes with which reference file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.evaluation.pairing import pair_files
from adt_plugins.transcription import Transcription

ONE_KICK = Transcription(onsets=(Onset(1.0, Drum.KD),))


def fill(folder: Path, files: Sequence[str]) -> Path:
    """Files with one kick each, JSON or MDB-style text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        text = ONE_KICK.to_json() if name.endswith(".json") else "1.0 \t KD \n"
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class TestPairs:
    @pytest.mark.parametrize(
        ("suffix", "estimates", "expected"),
        [
            ("", ["Punk.drums.json"], "Punk.drums.json"),
            ("", ["Punk.json"], "Punk.json"),
            ("", ["Punk.txt"], "Punk.txt"),
            ("", ["Punk.ADT.txt", "Punky.drums.json"], "Punk.ADT.txt"),
            (".drums", ["Punk.drums.drums.json"], "Punk.drums.drums.json"),
            (".mix", ["Punk.mix.drums.json", "Punk.drums.json"], "Punk.mix.drums.json"),
            (".drums", ["Punk.drums.txt"], "Punk.drums.txt"),
            # The song's own transcription is not that of its drum track.
            (".drums", ["Punk.drums.json"], None),
            ("", ["Punk.drums.drums.json"], None),
            ("", ["punk2.drums.json", "Punk.flac", "Punk"], None),
            # JSON before the other formats, these before plain text.
            ("", ["Punk.txt", "Punk.ADT.txt", "Punk.drums.json"], "Punk.drums.json"),
            ("", ["Punk.txt", "Punk.ADT.txt"], "Punk.ADT.txt"),
        ],
    )
    def test_by_name(
        self, tmp_path: Path, suffix: str, estimates: list[str], expected: str | None
    ) -> None:
        references = fill(tmp_path / "ref", ["Punk.txt"])
        folder = fill(tmp_path / "est", estimates)
        if expected is None:
            with pytest.raises(FormatError, match=f"no estimate is named Punk{suffix}"):
                pair_files(references, [folder], suffix=suffix)
        else:
            (pair,), failures = pair_files(references, [folder], suffix=suffix)
            assert pair.name == "Punk"
            assert pair.reference == references / "Punk.txt"
            assert pair.estimate == folder / expected
            assert failures == []

    def test_variants_are_no_recordings(self, tmp_path: Path) -> None:
        names = ["A.txt", "A.subclass.txt", "B.txt", "B.subclass.txt", "B.beats"]
        references = fill(tmp_path / "ref", [*names, "README.md"])
        folder = fill(tmp_path / "est", ["A.drums.json", "B.drums.json"])
        pairs, failures = pair_files(references, [folder])
        assert [(p.name, p.reference.name) for p in pairs] == [
            ("A", "A.txt"),
            ("B", "B.txt"),
        ]
        assert failures == []
        pairs, _ = pair_files(references, [folder], reference_suffix=".subclass")
        assert [(p.name, p.reference.name) for p in pairs] == [
            ("A", "A.subclass.txt"),
            ("B", "B.subclass.txt"),
        ]

    def test_one_folder_for_both(self, tmp_path: Path) -> None:
        fill(tmp_path, ["A.txt", "A.drums.json", "A.drums.drums.json"])
        for suffix, expected in (
            ("", "A.drums.json"),
            (".drums", "A.drums.drums.json"),
        ):
            (pair,), _ = pair_files(tmp_path, [tmp_path], suffix=suffix)
            assert (pair.reference.name, pair.estimate.name) == ("A.txt", expected)

    def test_nothing_is_its_own_estimate(self, tmp_path: Path) -> None:
        fill(tmp_path, ["A.txt"])
        with pytest.raises(FormatError, match="no estimate is named A"):
            pair_files(tmp_path, [tmp_path])

    def test_two_files_are_a_pair_whatever_their_names(self, tmp_path: Path) -> None:
        fill(tmp_path, ["truth.txt", "guess.drums.json"])
        (pair,), failures = pair_files(
            tmp_path / "truth.txt", [tmp_path / "guess.drums.json"], suffix=".mix"
        )
        assert pair.estimate.name == "guess.drums.json"
        assert failures == []

    def test_what_is_left_over(self, tmp_path: Path) -> None:
        references = fill(tmp_path / "ref", ["A.txt", "B.txt"])
        folder = fill(tmp_path / "est", ["A.drums.json", "C.drums.json"])
        pairs, failures = pair_files(references, [folder])
        assert [pair.name for pair in pairs] == ["A"]
        assert failures == [f"{references / 'B.txt'}: no estimate is named B"]
        named = [folder / "A.drums.json", folder / "C.drums.json"]
        _, failures = pair_files(references, named)
        assert failures[1] == f"{named[1]}: no reference goes by this name"

    def test_missing_paths(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="nowhere: no such file or folder"):
            pair_files(tmp_path / "nowhere", [tmp_path])
        with pytest.raises(FormatError, match="no references in it"):
            pair_files(tmp_path, [tmp_path])
