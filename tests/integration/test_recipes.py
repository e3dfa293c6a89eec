"""The recipes for contributors, followed in a copy of the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installing import copy_sources, run
from tests.support.paths import ROOT
from tests.support.snippets import blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="not on this system: bash"),
]

RECIPES = ROOT / "docs" / "contributing"


class Clone:
    """A copy of the repository, and a shell in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_sources(folder / "clone")
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.write_program(
            "adt",
            f'exec "{sys.executable}" -W error::DeprecationWarning -m adt_plugins "$@"',
        )

    def write_program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def write_files(self, recipe: str) -> None:
        """Write the files that a recipe shows."""
        for block in blocks(RECIPES / recipe):
            if block.file:
                assert not (self.folder / block.file).exists()
                (self.folder / block.file).write_text(block.content, encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, commands: str) -> str:
        search = f"PATH={self.programs}:{os.environ['PATH']}"
        python = f"PYTHONPATH={self.folder}"
        bash = ["bash", "-euc", commands]
        return run(["env", search, python, *bash], cwd=self.folder).stdout

    def run_recipe(self, recipe: str, *, after: str = "") -> str:
        """Run the commands of a recipe that are for trying it."""
        (block,) = (
            block
            for block in blocks(RECIPES / recipe)
            if block.language == "text" and block.content.startswith("adt ")
        )
        return self.run(block.content + after)

    def lint(self) -> None:
        """Style, types and the import rule hold for what a recipe shows."""
        changed = [
            block.file
            for page in RECIPES.glob("*.md")
            for block in blocks(page)
            if block.file.endswith(".py") and (self.folder / block.file).exists()
        ]
        run([sys.executable, "-m", "ruff", "check", *changed], cwd=self.folder)
        run([sys.executable, "-m", "ruff", "format", "--check", *changed], self.folder)
        strict = ["--strict", "--follow-imports", "silent"]
        run([sys.executable, "-m", "mypy", *strict, *changed], cwd=self.folder)
        self.check_imports()

    def check_imports(self) -> None:
        linter = Path(sys.executable).with_name("lint-imports")
        run(["env", f"PYTHONPATH={self.folder}", linter], cwd=self.folder)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_a_format(clone: Clone) -> None:
    clone.write_files("formats.md")
    registry = "adt_plugins/formats/registry.py"
    late, entry = (
        block.content
        for block in blocks(RECIPES / "formats.md")
        if block.language == "text" and block.content.startswith("    ")
    )
    clone.replace(registry, "        labels,\n", "        labels,\n        lines,\n")
    clone.replace(
        registry, '    midi = _late("midi")\n', f'{late}    midi = _late("midi")\n'
    )
    clone.replace(registry, "_ALL = (\n", f"_ALL = (\n{entry}")
    listed = clone.run_recipe("formats.md")
    assert "one hit a line, in milliseconds" in listed
    lines = (clone.folder / "examples" / "groove.lines.txt").read_text().splitlines()
    assert len(lines) > 100
    assert all(float(line.split(" ")[1]) < 20_000 for line in lines)
    clone.run("adt convert --format json -o back examples/groove.lines.txt")
    back = json.loads((clone.folder / "back" / "groove.drums.json").read_text())
    written = [
        (onset["drum"], f"{onset['time'] * 1000:.3f}") for onset in back["onsets"]
    ]
    assert written == [tuple(line.split(" ")) for line in lines]
    with pytest.raises(AssertionError, match=r"bad\.lines\.txt: line 1: 'Gong' is not"):
        clone.run(
            "echo 'Gong 1.0' > bad.lines.txt; adt convert --format json bad.lines.txt"
        )
    clone.lint()


def test_a_host(clone: Clone) -> None:
    clone.write_files("hosts.md")
    commands = "adt_plugins/cli/__init__.py"
    summary = '"open a recording in Sonic Visualiser with its hits"'
    clone.replace(
        commands, '    "web": ', f'    "sonic-visualiser": {summary},\n    "web": '
    )
    floor = "training | evaluation | audacity | notebook"
    clone.replace("pyproject.toml", floor, f"{floor} | sonic_visualiser")
    shutil.copy(clone.folder / "examples" / "groove.flac", clone.folder / "song.flac")
    with pytest.raises(AssertionError, match="sonic-visualiser is not installed"):
        clone.run("adt sonic-visualiser song.flac")
    assert not (clone.folder / "song.sv.csv").exists()
    clone.write_program(
        "sonic-visualiser", 'echo "$@" > opened.tmp; mv opened.tmp opened'
    )
    clone.run(
        "adt sonic-visualiser song.flac; until test -e opened; do sleep 0.1; done"
    )
    assert (clone.folder / "opened").read_text() == "song.flac song.sv.csv\n"
    assert len((clone.folder / "song.sv.csv").read_text().splitlines()) > 100
    clone.lint()
    # "Import your room from a format, and see it fail."
    with (clone.folder / "adt_plugins" / "formats" / "sonic_visualiser.py").open(
        "a"
    ) as file:
        file.write("\n\nfrom adt_plugins.sonic_visualiser import PROGRAM\n")
    with pytest.raises(AssertionError, match="Imports go down only BROKEN"):
        clone.check_imports()


def test_a_model(clone: Clone) -> None:
    (clone.folder / "path" / "to").mkdir(parents=True)
    models = clone.folder / "models"
    card = json.loads((models / "drums.json").read_text(encoding="utf-8"))
    card["name"] = "mine"
    target = clone.folder / "path" / "to"
    (target / "mine.json").write_text(json.dumps(card), encoding="utf-8")
    for name in ("drums.tflite", "drums.finer.npz"):
        shutil.copy(models / name, target)
    shutil.copy(clone.folder / "examples" / "groove.flac", clone.folder / "song.flac")
    clone.run_recipe("models.md")
    assert (clone.folder / "song.drums.mid").exists()


def test_a_drum_map(clone: Clone) -> None:
    clone.write_files("drum-maps.md")
    shown = clone.run_recipe("drum-maps.md")
    assert "My Sampler" in shown
    names = (clone.folder / "out" / "my-sampler.txt").read_text(encoding="utf-8")
    assert "56 Cowbell" in names
    assert "my-sampler: My Sampler (grade B)" in clone.run("adt maps list")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "tests/unit/midi/test_drum_maps.py",
    ]
    done = subprocess.run(
        command, cwd=clone.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
