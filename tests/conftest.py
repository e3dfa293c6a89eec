"""Fixtures that several test modules use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pytest

from adt_plugins.base.folders import HOME_VARIABLE
from adt_plugins.errors import MissingDependencyError
from adt_plugins.rhythm.madmom_backend import import_madmom
from tests.support.tiny_model import write_tiny_model

pytest_plugins = ["tests.support.audacity.fixtures", "tests.support.notebook.fixtures"]

REQUIRE_ALL = "ADT_REQUIRE_ALL"
"""Environment variable: all that tests need is installed, so a skip is a failure."""

QUICK = "not slow"
"""The marks of the tests that run by default, see pyproject.toml."""

SLOW_FILES = frozenset(
    (
        "integration/test_audio_process.py",
        "integration/test_batch.py",
        "integration/test_batch_cluster.py",
        "integration/test_batch_manifest.py",
        "integration/test_batch_workers.py",
        "integration/test_benchmark.py",
        "integration/test_cli_process.py",
        "integration/test_cli_split.py",
        "integration/test_hard_use.py",
        "integration/test_streaming.py",
        "integration/test_watch_process.py",
        "unit/audacity/test_open.py",
        "unit/audacity/test_script_pipe.py",
        "unit/formats/test_pdf.py",
        "unit/network/test_adtlib.py",
        "unit/separation/test_drumless_sound.py",
        "unit/separation/test_stems.py",
        "unit/training/test_analysis.py",
        "unit/training/test_fine_drums.py",
        "unit/training/test_fit.py",
        "unit/training/test_percussion.py",
        "unit/training/test_render.py",
    )
)
"""Tests that start processes, wait or train: half a minute of every two, so that the
quick tests are quick."""

NOT_HERE = "not on this system"
"""How a reason begins that no installation can cure: a skip stays a skip."""


_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def _forbid_skip(report: _Report) -> _Report:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    if (
        report.skipped
        and os.environ.get(REQUIRE_ALL)
        and not hasattr(report, "wasxfail")
        and not reason.removeprefix("Skipped: ").startswith(NOT_HERE)
    ):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_ALL} is set, but this was skipped: {reason}"
    return report


def pytest_configure() -> None:
    """Heed Ctrl-C, here and in programs that tests start.

    A script that runs the tests in the background has them ignore it, and all that
    they start would do the same.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before those without the mark are chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files, and what a crash of Audacity may not fail."""
    for item in items:
        if item.get_closest_marker("needs_audacity"):
            again = pytest.mark.flaky(reruns=2, only_rerun="AudacityCrashError")
            item.add_marker(again)
        if item.path.as_posix().endswith(tuple(SLOW_FILES)):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how to run what the default leaves out."""
    if config.option.markexpr == QUICK and not config.option.file_or_dir:
        terminalreporter.write_line(
            "These were the quick tests. The rest: python -m pytest -m slow;"
            ' python -m pytest -m "" -n 0 tests/external (browsers, Audacity, DAWs);'
            " python -m tests.fuzz.run --seconds 60."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    return _forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    return _forbid_skip((yield))


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[None, None, None]:
    """Keep what the package remembers for its user out of the real home."""
    with pytest.MonkeyPatch.context() as patch:
        if HOME_VARIABLE not in os.environ:
            patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("kept")))
        yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Card of the network of `tiny_model.py`, in a user's model folder."""
    return write_tiny_model(tmp_path_factory.mktemp("home") / "models")


@pytest.fixture
def user_home(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `tiny` a model that is found by name."""
    home = tiny_model.parent.parent
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return home


@pytest.fixture(scope="session")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `notebook_ext` in which its packages are installed."""
    from tests.support.front_end import copy_front_end

    return copy_front_end(tmp_path_factory.mktemp("front end"))


@pytest.fixture(scope="session")
def madmom() -> ModuleType:
    """madmom, for tests marked `needs_madmom`; skipped where it is missing."""
    try:
        return import_madmom()
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip tests marked `needs_network` where pip cannot fetch a package."""
    folder = tmp_path_factory.mktemp("index")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--retries"]
    done = subprocess.run(
        [*command, "0", "-d", str(folder), "hatchling"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("the package index cannot be reached")


@pytest.fixture(scope="session")
def audio_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same ten seconds in the formats of libsndfile."""
    from tests.support.audio import write_files

    folder = tmp_path_factory.mktemp("audio files with ümlauts")
    write_files(folder)
    return folder


@pytest.fixture(scope="session")
def av_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same ten seconds in the formats of PyAV."""
    from tests.support.audio import write_av_files

    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    folder = tmp_path_factory.mktemp("av")
    write_av_files(folder)
    return folder
