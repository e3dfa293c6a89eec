"""Wheel, source archive and editable install, each in a fresh environment."""

from __future__ import annotations

import email
import hashlib
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

import adt_plugins
from adt_plugins import formats
from tests.support.installing import MINORS, Environment, copy_sources, find_python, run
from tests.support.recordings import HITS, SECONDS, assert_heard, write_wave
from tests.support.tiny_model import play

pytestmark = [
    pytest.mark.needs_network,
    pytest.mark.slow,
    pytest.mark.usefixtures("package_index", "user_home"),
]

ASSETS = ("audacity", "models", "notebook_ext")
BUNDLES = (
    "widget.js",
    "extras.js",
    "page.js",
    "web.js",
    "web-engine",
    "bravura-OFL.txt",
)


class Built(NamedTuple):
    """The archives that were built, and the clean copy that they were built from."""

    clone: Path
    sources: list[Path]
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, package_index: None) -> Built:
    clone = copy_sources(tmp_path_factory.mktemp("clone"))
    files = [path.relative_to(clone) for path in clone.rglob("*") if path.is_file()]
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--outdir", out], cwd=clone)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(clone, files, wheel, sdist)


def expected_in_wheel(built: Built) -> dict[str, Path]:
    """Return the file in the clone for each name in the wheel."""
    expected = {}
    for path in built.sources:
        if path.parts[0] == "adt_plugins":
            expected[path.as_posix()] = built.clone / path
        elif path.parts[0] == "notebook_ext" and path.parts[1] not in BUNDLES:
            continue  # what the bundles are built from
        elif path.parts[0] in ASSETS:
            expected[f"adt_plugins/_assets/{path.as_posix()}"] = built.clone / path
    return expected


def test_the_wheel_holds_the_sources_and_nothing_else(built: Built) -> None:
    expected = expected_in_wheel(built)
    assert "adt_plugins/py.typed" in expected
    with zipfile.ZipFile(built.wheel) as archive:
        names = {n for n in archive.namelist() if ".dist-info/" not in n}
        assert names == set(expected)
        for name, path in expected.items():
            content = hashlib.sha256(archive.read(name)).digest()
            assert content == hashlib.sha256(path.read_bytes()).digest(), name


def test_the_source_archive_holds_what_the_wheel_is_made_of(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        path.as_posix()
        for path in built.sources
        if path.parts[0] in ("adt_plugins", "examples", "tests", "benchmarks", *ASSETS)
    }
    assert wanted <= names
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"} <= names


def test_the_wheel_is_reproducible(built: Built, tmp_path: Path) -> None:
    """A copy made on another day gives the same bytes."""
    other = Path(shutil.copytree(built.clone, tmp_path / "another place"))
    for path in other.rglob("*"):
        os.utime(path, (1e9, 1e9))
    date = {"SOURCE_DATE_EPOCH": "1600000000"}
    wheels: list[Path] = []
    for number, clone in enumerate((built.clone, other)):
        out = tmp_path / str(number)
        run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", out],
            cwd=clone,
            **date,
        )
        wheels += out.glob("*.whl")
    assert wheels[0].name == wheels[1].name
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as archive:
        assert {item.date_time[:3] for item in archive.infolist()} == {(2020, 9, 13)}


def test_the_metadata(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
        (entry,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        scripts = archive.read(entry).decode()
        assert any(n.endswith("licenses/LICENSE") for n in archive.namelist())
    assert metadata["Version"] == adt_plugins.__version__
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.10"
    assert "adt = adt_plugins.__main__:main" in scripts
    assert "adt-plugins = adt_plugins.__main__:main" in scripts
    # LiteRT is asked for exactly where it has wheels.
    (litert,) = (
        requirement
        for requirement in map(Requirement, metadata.get_all("Requires-Dist", []))
        if requirement.name == "ai-edge-litert"
    )
    assert litert.marker is not None
    for platform, machine, there in (
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("darwin", "arm64", True),
        ("darwin", "x86_64", False),
        ("win32", "AMD64", True),
        ("win32", "ARM64", False),
    ):
        system = {"sys_platform": platform, "platform_machine": machine}
        assert litert.marker.evaluate(system) == there, system


def check_main_job(environment: Environment, cwd: Path, out: Path) -> None:
    """Run `adt transcribe` as a user would, from this folder."""
    out.mkdir()
    song = write_wave(out / "song.wav", play(HITS, SECONDS))
    for program in (
        [environment.programs / "adt"],
        [environment.python, "-m", "adt_plugins"],
    ):
        command = [*program, "transcribe", "--overwrite", "--model", "tiny", song]
        done = run(command, cwd=cwd)
        assert done.stderr == ""
        assert_heard(formats.read(song.with_name("song.labels.txt")), HITS)
        assert_heard(formats.read(song.with_name("song.drums.mid")), HITS)
    code = (
        "import adt_plugins; from adt_plugins.base.folders import asset;"
        "print(adt_plugins.__file__); print(asset('models'))"
    )
    done = run([environment.python, "-c", code], cwd=cwd)
    assert done.stderr == ""
    package, models = map(Path, done.stdout.splitlines())
    assert package.parent.name == "adt_plugins"
    assert models.is_dir()


@pytest.mark.parametrize("minor", MINORS)
def test_the_wheel_in_a_fresh_environment(
    built: Built, minor: int, tmp_path: Path
) -> None:
    python = find_python(minor)
    if python is None:
        pytest.skip(f"not on this system: Python 3.{minor}")
    environment = Environment(tmp_path / "env", python)
    environment.pip_install(built.wheel, cwd=tmp_path)
    run([environment.python, "-m", "pip", "check"], cwd=tmp_path)
    check_main_job(environment, cwd=tmp_path, out=tmp_path / "outside")
    check_main_job(environment, cwd=built.clone, out=tmp_path / "inside")


@pytest.mark.parametrize("kind", ["source archive", "editable"])
def test_other_installs_in_a_fresh_environment(
    built: Built, kind: str, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "env")
    if kind == "editable":
        environment.pip_install("-e", built.clone, cwd=tmp_path)
    else:
        environment.pip_install(built.sdist, cwd=tmp_path)
    check_main_job(environment, cwd=tmp_path, out=tmp_path / "outside")
    check_main_job(environment, cwd=built.clone, out=tmp_path / "inside")
