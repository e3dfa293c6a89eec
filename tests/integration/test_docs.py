"""Every command and every line of Python in the documentation works, page by page."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.cli import build_parser
from tests.support.dask_cluster import cluster
from tests.support.installing import run
from tests.support.paths import EXAMPLES, GROOVE, ROOT
from tests.support.snippets import INSTALL, PAGES, Block, blocks, name, snippets

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="not on this system: bash"),
]

# How to install is tried by tests/integration/test_fresh_install.py.
RUN = [page for page in PAGES if snippets(page, "", "dask") and page != INSTALL]
LONG = [block for page in PAGES for block in snippets(page, "hours", "microphone")]


def prepare(folder: Path) -> dict[str, str]:
    """Put into a folder what the pages assume, and return the environment."""
    for target in ("song.flac", "album/one.flac", "album/two.flac"):
        (folder / target).parent.mkdir(exist_ok=True)
        shutil.copy(GROOVE, folder / target)
    (folder / "examples").mkdir()
    for source in (GROOVE, EXAMPLES / "groove.txt"):
        shutil.copy(source, folder / "examples")
    truth = formats.read(EXAMPLES / "groove.txt")
    formats.write(truth, folder / "corrected.drums.json")
    formats.write(truth, folder / "performance.mid")
    formats.write(truth, folder / "examples" / "groove.labels.txt")
    (folder / "programs").mkdir()
    adt = folder / "programs" / "adt"
    adt.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adt_plugins "$@"\n')
    adt.chmod(0o755)
    return {
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error::DeprecationWarning:__main__",
    }


def run_snippet(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """Run a block in this folder, and return its output."""
    if block.language == "python":
        (folder / "snippet.py").write_text(block.content, encoding="utf-8")
        command = [sys.executable, "snippet.py"]
    else:
        command = ["bash", "-euo", "pipefail", "-c", block.content]
    # `run` leaves out what an environment of this process says of Python.
    return run(
        ["env", *(f"{k}={v}" for k, v in environment.items()), *command], folder
    ).stdout


@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_commands_of_a_page(page: Path, tmp_path: Path) -> None:
    environment = prepare(tmp_path)
    run = snippets(page, "", "dask")
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.content, encoding="utf-8")
        elif block not in run:
            continue
        elif block.needs == "dask":
            with cluster(tmp_path / "dask", workers=1) as started:
                content = block.content.replace("tcp://HOST:8786", started.address)
                run_snippet(block._replace(content=content), tmp_path, environment)
        else:
            run_snippet(block, tmp_path, environment)
    for made in tmp_path.rglob("*.drums.json"):
        json.loads(made.read_text(encoding="utf-8"))
    # What a page says is written is there.
    text = page.read_text(encoding="utf-8")
    for file in re.findall(r"writes? `(song\.[\w.]+|out/[\w.]+)`", text):
        assert (tmp_path / file).exists(), file


@pytest.mark.parametrize("block", LONG, ids=lambda block: block.content.split("\n")[0])
def test_commands_that_cannot_be_run_here_are_at_least_commands(block: Block) -> None:
    for line in block.content.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "adt"
        build_parser().parse_args(arguments)


def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="MkDocs (extra `docs`) is missing")
    pytest.importorskip("mkdocstrings", reason="mkdocstrings (extra `docs`) is missing")
    environment = {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q"]
    site = tmp_path / "site"
    run(
        ["env", *(f"{k}={v}" for k, v in environment.items()), *command, "-d", site],
        cwd=ROOT,
    )
    commands = (site / "reference" / "command-line" / "index.html").read_text("utf-8")
    assert "adt audacity push" in commands
    assert "--first-downbeat" in commands
    table = (site / "reference" / "formats" / "index.html").read_text("utf-8")
    for form in formats.FORMATS:
        assert f"<code>{form}</code>" in table
    functions = (site / "reference" / "python" / "index.html").read_text("utf-8")
    assert "transcribe_stream" in functions
    assert "Find the drum hits of a recording" in functions
    for page in site.rglob("*.html"):
        assert "<!-- generated" not in page.read_text("utf-8"), page
