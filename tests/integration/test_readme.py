"""Every command of the README works, in the order in which it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.installing import NO_COMPILER, Environment, copy_sources, run
from tests.support.paths import ROOT
from tests.support.readme import BLOCKS, README, Block


class Home(NamedTuple):
    """A copy of the repository and an environment with nothing but pip."""

    clone: Path
    environment: Environment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, package_index: None) -> Home:
    clone = copy_sources(tmp_path_factory.mktemp("clone"))
    return Home(clone, Environment(tmp_path_factory.mktemp("env") / "env"))


@pytest.mark.needs_network
@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    # Those with Audacity are run by tests/external/audacity/test_readme_page.py.
    [block for block in BLOCKS if block.word != "needs-audacity"],
    ids=lambda b: b.content.partition("\n")[0],
)
def test_block(block: Block, home: Home) -> None:
    search = {"PATH": f"{home.environment.programs}:/usr/local/bin:/usr/bin:/bin"}
    if block.language == "python":
        (home.clone / "readme.py").write_text(block.content, encoding="utf-8")
        done = run([home.environment.python, "readme.py"], cwd=home.clone, **search)
        assert "<Transcription of 'groove.flac'" in done.stdout
        assert (home.clone / "hats.mid").exists()
        return
    assert block.language == "sh"
    compiler = {} if block.word == "needs-compiler" else NO_COMPILER
    if block.word == "needs-compiler" and not shutil.which("cc"):
        pytest.skip("not on this system: a C compiler")
    # The tests run already; that they can be loaded with this extra alone is left.
    command = block.content.replace(
        "python -m pytest", "python -m pytest -q --collect-only"
    )
    # Likewise tests/integration/test_benchmark.py runs all of it.
    command = command.replace("bench.py\n", "bench.py --minutes 0.5 --no-memory\n")
    run(["bash", "-euc", command], cwd=home.clone, **search, **compiler)
    if "adt transcribe examples/groove.flac" in command:
        labels = home.clone / "examples" / "groove.labels.txt"
        assert len(labels.read_text(encoding="utf-8").splitlines()) > 50
        assert (home.clone / "examples" / "groove.drums.mid").exists()


def test_there_are_blocks_and_all_are_of_a_kind_that_is_run() -> None:
    assert len(BLOCKS) >= 8
    assert README.count("\n```") == 2 * len(BLOCKS)
    assert {block.language for block in BLOCKS} == {"sh", "python"}


def test_ci_runs_the_tests_as_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert any("python -m pytest\n" in block.content for block in BLOCKS)
    assert "\npython -m pytest\n" in script
    recipe = "--no-build-isolation madmom==0.16.1"
    assert recipe in README
    assert recipe in script


def test_every_extra_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = re.search(
        r"^\[project.optional-dependencies\]\n(.*?)^\[", project, re.M | re.S
    )
    assert section is not None
    extras = set(re.findall(r"^([\w-]+) = ", section[1], re.M))
    assert {"train", "test", "madmom"} <= extras
    assert set(re.findall(r"^\| `([\w-]+)` \|", README, re.M)) >= extras


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (ROOT / target).exists(), target
