"""The ways to install that the pages tell, each in an environment with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.installing import NO_COMPILER, Environment, copy_sources, run
from tests.support.paths import ROOT
from tests.support.snippets import INSTALL, PAGES, README, Block, name, snippets

pytestmark = [
    pytest.mark.needs_network,
    pytest.mark.slow,
]

OTHERS = [
    block for page in PAGES if page != INSTALL for block in snippets(page, "index")
]
WITH_COMPILER = snippets(INSTALL, "compiler")


class Home(NamedTuple):
    """A copy of the repository and an environment with nothing but pip."""

    clone: Path
    environment: Environment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, package_index: None) -> Home:
    clone = copy_sources(tmp_path_factory.mktemp("clone"))
    return Home(clone, Environment(tmp_path_factory.mktemp("env") / "env"))


def run_block(block: Block, home: Home, **variables: str) -> str:
    """Run a block as somebody who has activated the environment."""
    search = {"PATH": f"{home.environment.programs}:/usr/local/bin:/usr/bin:/bin"}
    if block.language == "python":
        (home.clone / "snippet.py").write_text(block.content, encoding="utf-8")
        command = [str(home.environment.python), "snippet.py"]
    else:
        command = ["bash", "-euo", "pipefail", "-c", block.content]
    return run(command, cwd=home.clone, **{**NO_COMPILER, **search, **variables}).stdout


@pytest.mark.parametrize(
    "block", snippets(README), ids=lambda block: block.content.partition("\n")[0]
)
def test_the_readme(block: Block, home: Home) -> None:
    """The pages lead from nothing to every use, in their order."""
    examples = home.clone / "examples"
    printed = run_block(block, home)
    if block.language == "python":
        assert "<Transcription of 'groove.flac'" in printed
        assert (home.clone / "snare.mid").exists()
    if "adt transcribe examples/groove.flac" in block.content:
        labels = (examples / "groove.labels.txt").read_text(encoding="utf-8")
        assert len(labels.splitlines()) > 50
        assert (examples / "groove.drums.mid").exists()


@pytest.mark.parametrize(
    "block",
    [*snippets(INSTALL, "index"), *OTHERS],
    ids=lambda block: f"{name(block.page)} {block.content.splitlines()[-1]}",
)
def test_what_other_pages_install(block: Block, home: Home, tmp_path: Path) -> None:
    user_folder = {"ADT_PLUGINS_HOME": str(tmp_path)}
    content = block.content
    if "transcribe" in content:  # the README's did so already
        content = content.replace("transcribe", "transcribe --overwrite")
    run_block(block._replace(content=content), home, **user_folder)


@pytest.mark.parametrize("block", WITH_COMPILER, ids=lambda block: name(block.page))
def test_what_is_compiled(block: Block, home: Home) -> None:
    if not shutil.which("cc"):
        pytest.skip("not on this system: a C compiler")
    run_block(block, home, CC="cc", CXX="c++")


@pytest.mark.parametrize("needs", ["pipx", "uv"])
def test_an_environment_of_its_own(needs: str, home: Home, tmp_path: Path) -> None:
    """Install from the sources, as the page says, and from a wheel with an extra."""
    (block,) = snippets(INSTALL, needs)
    programs = tmp_path / "programs"
    variables = {
        "HOME": str(tmp_path),
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(programs),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    installer = Environment(tmp_path / "installer")
    installer.pip_install(needs)
    variables["PATH"] = f"{programs}:{installer.programs}:/usr/local/bin:/usr/bin:/bin"
    run_block(block, home, **variables)
    built = tmp_path / "dist"
    tools = Environment(tmp_path / "tools")
    tools.pip_install("build")
    run([tools.python, "-m", "build", "--wheel", "-o", built], cwd=home.clone)
    (wheel,) = built.glob("*.whl")
    command = {
        "pipx": f'pipx run --spec "{wheel}[av]" adt --version',
        "uv": f'uvx --from "{wheel}[av]" adt --version',
    }[needs]
    printed = run_block(block._replace(content=command), home, **variables)
    assert printed.startswith("adt ")


def test_the_recipe_of_ci_is_that_of_the_page() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (block,) = WITH_COMPILER
    assert block.content.splitlines()[-1].removeprefix("python -m pip install ") in (
        script.replace("-q ", "")
    )
