"""What importing a part of the package loads, and what it never does."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

import adt_plugins
from adt_plugins import cli
from tests.support.paths import ROOT
from tests.support.structure import (
    PACKAGE,
    circles,
    imports,
    is_private,
    loaded,
    modules,
    private_from_outside,
    running_up,
    without_the_door,
)

HEAVY = ("features", "network", "picking", "pipeline")
PUBLIC = [
    "Activations",
    "AdtError",
    "AdtWarning",
    "Beat",
    "Drum",
    "Onset",
    "Source",
    "Stems",
    "Transcription",
    "load",
    "load_audio",
    "save",
    "separate",
    "transcribe",
    "transcribe_stream",
]
"""What the package promises to keep: nobody adds to it or drops a name by accident."""


def test_lint_imports_knows_all_private_modules() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    protected = project.partition("protected_modules = [")[2].partition("]")[0]
    named = {line.strip(' ",') for line in protected.splitlines() if line.strip()}
    assert named == {name for name in modules(ROOT) if is_private(name)}


def test_imports_go_down_only_and_in_no_circle() -> None:
    graph = without_the_door(imports(ROOT))
    assert running_up(graph) == []
    assert circles(graph) == []
    assert private_from_outside(graph) == []


@pytest.mark.parametrize(
    ("entry", "most"),
    [
        ("audacity.request_folder", 15),
        ("audacity.autostart", 12),
        ("activations", 13),
        ("batch.manifest", 15),
        ("midi.tempo_map", 11),
        ("formats.registry", 20),
        ("formats.midi", 42),
        ("formats.audacity_project", 33),
    ],
)
def test_a_small_part_loads_little(entry: str, most: int) -> None:
    assert len(loaded(ROOT, entry)) <= most


def modules_after(folder: Path, *words: object) -> set[str]:
    """Return the modules that a process has loaded once it has run a command."""
    show = (
        "import sys; from adt_plugins import cli; code = cli.main(sys.argv[1:]); "
        "print(*sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", show, *map(str, words), "-o", str(folder), "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    wavfile.write(folder / "a.wav", 44100, np.zeros(22050, np.int16))
    return folder


def test_a_recording_loads_the_formats_that_are_written(
    tmp_path: Path, music: Path
) -> None:
    words = ("transcribe", music / "a.wav", "--format", "csv,labels")
    loaded = modules_after(tmp_path, *words)
    rooms = {name for name in loaded if name.startswith(f"{PACKAGE}.formats.")}
    names = ("csv", "format", "labels", "lookup", "registry")
    assert rooms == {f"{PACKAGE}.formats.{name}" for name in names}
    assert not loaded & {"html", "shlex", "zipfile"}


def test_a_batch_loads_no_network_beside_its_workers(
    tmp_path: Path, music: Path
) -> None:
    """The process that hands out the work does none of it."""
    loaded = modules_after(tmp_path, "batch", music, "-j", "1")
    rooms = {name.split(".")[1] for name in loaded if name.startswith(f"{PACKAGE}.")}
    assert not rooms & {"audio", "features", "pipeline", "rhythm", "transcription"}
    assert "numpy" not in loaded


@pytest.mark.parametrize("entry", ["formats.midi", "formats.audacity_project", "midi"])
def test_writers_load_no_spectrogram_and_no_network(entry: str) -> None:
    rooms = {name.split(".")[1] for name in loaded(ROOT, entry) if "." in name}
    assert not rooms & set(HEAVY)


@pytest.mark.parametrize("entry", ["network.inference", "pipeline"])
def test_running_a_network_loads_nothing_that_writes_one(entry: str) -> None:
    names = loaded(ROOT, entry)
    assert f"{PACKAGE}.network.brnn_sa.graph" not in names
    assert not [name for name in names if ".tflite" in name]


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        ([], set()),
        (["--help"], set()),
        (["--version"], set()),
        (["no-such-command"], set()),
        (["transcribe", "--help"], {"transcribe"}),
        (["help", "convert"], {"convert"}),
    ],
)
def test_only_the_command_that_is_asked_for_is_imported(
    words: list[str], commands: set[str]
) -> None:
    show = (
        "import sys; from adt_plugins import cli; cli.main(sys.argv[1:]); "
        "print(*(name for name in sys.modules if name.startswith('adt_plugins.cli.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", show, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name.split(".")[2] for name in done.stdout.splitlines()[-1].split()}
    modules = {command.replace("-", "_") for command in cli.COMMANDS}
    assert names & modules == commands


def test_the_contract_fails_on_a_planted_import(tmp_path: Path) -> None:
    """The linter sees an import that runs up; its layers are those tested here."""
    pytest.importorskip("importlinter", reason="import-linter is missing")
    for name in ("pyproject.toml", PACKAGE):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    kept = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert kept.returncode == 0, kept.stdout
    with (tmp_path / PACKAGE / "meter.py").open("a") as file:
        file.write("\nfrom adt_plugins import pipeline  # noqa\n")
    broken = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert broken.returncode == 1
    assert "adt_plugins.meter -> adt_plugins.pipeline" in broken.stdout


def test_the_package_itself_imports_nothing() -> None:
    """A Ctrl-C meanwhile would show a traceback: nobody could catch it."""
    tree = ast.parse((ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imports] == [
        "from __future__ import annotations"
    ]


def test_the_public_face_is_one_list() -> None:
    """What type checkers read is what `__getattr__` gives, and is all of it."""
    tree = ast.parse((ROOT / PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    places = {
        item.asname: f"{node.module}.{item.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for item in node.names
        if item.asname
    } | {
        ast.unparse(node.targets[0]): f"{PACKAGE}.{ast.unparse(node.value)}"
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    assert sorted(places) == PUBLIC
    assert sorted(adt_plugins.__all__) == sorted(["__version__", *PUBLIC])
    for name, place in places.items():
        module, _, attribute = place.rpartition(".")
        expected = getattr(importlib.import_module(module), attribute)
        assert getattr(adt_plugins, name) is expected


def test_no_test_module_imports_another() -> None:
    """What several of them need is in tests/support."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for module in re.findall(r"^ *(?:from|import) (\S+)", text, re.M):
            assert not re.search(r"\btest_", module), path
