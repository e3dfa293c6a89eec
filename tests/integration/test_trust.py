"""What the sources may not do, and what the package depends on."""

from __future__ import annotations

import ast
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import formats
from adt_plugins.base.files import replacing
from adt_plugins.formats.audacity_project import aup3
from adt_plugins.transcription import Transcription
from tests.support.audacity.make_aup3 import document, label, track, write_aup3
from tests.support.make_dependencies import TARGET, declared
from tests.support.paths import ROOT

SOURCES = [
    path
    for folder in ("adt_plugins", "benchmarks", "examples")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "yaml"}
NETWORK_MODULES = {"ftplib", "http", "requests", "smtplib", "socket", "ssl", "urllib"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
UNSAFE_CALLS |= {"tempfile.mktemp", "os.umask"}  # names, and rights, that others share
# These unpickle unless they are told not to.
SAFELY = {
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "torch.load": ("weights_only", True),
}


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Return the parts of a module that may run or fetch foreign code."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            if name.partition(".")[0] in UNSAFE_MODULES | NETWORK_MODULES:
                yield f"line {node.lineno}: import {name}"  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            given = {
                item.arg: getattr(item.value, "value", None) for item in node.keywords
            }
            is_fixed = name == "exec" and isinstance(node.args[0], ast.Constant)
            if (name in UNSAFE_CALLS and not is_fixed) or given.get("shell"):
                yield f"line {node.lineno}: {name}()"
            if name in SAFELY:
                option, value = SAFELY[name]
                if given.get(option) is not value:
                    yield f"line {node.lineno}: {name}() without {option}={value}"


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_nothing_that_is_read_is_run(path: Path) -> None:
    """No pickle, no eval, no shell, and no module of the network."""
    assert list(unsafe(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from urllib.request import urlopen",
        "import http.client as h",
        "eval('1')",
        "subprocess.run('true', shell=True)",
        "np.load('a')",
        "np.load('a', allow_pickle=True)",
        "torch.load('a', weights_only=False)",
    ],
)
def test_the_look_at_the_sources_sees(text: str) -> None:
    assert len(list(unsafe(ast.parse(text)))) == 1


def test_every_dependency_is_listed_with_its_licence() -> None:
    """Run ``python -m tests.support.make_dependencies`` after a change of them."""
    rows = {}
    for line in TARGET.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| package"):
            name, _, licence, needed = line.strip("| ").split(" | ")
            own = licence.partition("; carries ")[0]
            assert own
            # A library under the GPL would bind whoever ships the two together.
            assert not re.search(r"(?<![A-Z])GPL", own), line
            rows[name] = set(re.findall(r"`([\w-]+)`", needed))
    for extra, requirements in declared().items():
        for requirement in requirements:
            listed = rows[requirement.name.lower().replace("_", "-")]
            assert listed == set() or extra in listed, f"{requirement}: {listed}"
            assert extra or listed == set(), requirement


@pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")
def test_a_draft_is_no_more_open_than_what_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "song.drums.json"
    path.write_text("secret")
    path.chmod(0o600)
    with replacing(path, overwrite=True) as [draft]:
        draft.write_text("a new secret")
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    assert path.read_text() == "a new secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    formats.write(Transcription(), path, "json", overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")
def test_a_copy_of_a_project_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "a.aup3"
    kept = []
    copy = aup3._copy_project

    def look(*arguments: Any) -> None:
        copy(*arguments)
        [folder] = tmp_path.glob("adt-*")
        kept.append(stat.S_IMODE(folder.stat().st_mode))

    monkeypatch.setattr(aup3, "_copy_project", look)
    with closing(write_aup3(path, document([track("Snare", label(0.5, "SD"))]))):
        formats.read(path)
    assert kept == [0o700]
    assert not list(tmp_path.glob("adt-*"))
