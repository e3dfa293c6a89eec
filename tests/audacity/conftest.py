"""Fixtures with the real Audacity; tests that use one are `needs_audacity`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .real import Audacity, Screen


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An X display with a window manager, for all tests of a session."""
    if not sys.platform.startswith("linux"):
        pytest.skip("not on this system: the tests drive Audacity for Linux")
    from .real import Screen, missing

    if reason := missing():
        pytest.skip(reason)
    screen = Screen(tmp_path_factory.mktemp("screen"))
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture(scope="session")
def audacity_profile(
    screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> Audacity:
    """An Audacity that was started once and is not running; to be copied.

    The first start of a profile takes twice as long: it looks at all plug-ins.
    """
    from .real import Audacity, one_at_a_time

    program = Audacity(tmp_path_factory.mktemp("audacity") / "home", screen)
    with one_at_a_time():
        try:
            program.start()
        finally:
            program.kill()
    return program


@pytest.fixture
def audacity(
    screen: Screen, audacity_profile: Audacity, tmp_path: Path
) -> Iterator[Audacity]:
    """An Audacity with a profile of its own, not yet started, ended with the test.

    No other test run on this machine has one meanwhile.
    """
    from .real import Audacity, one_at_a_time

    program = Audacity(tmp_path / "audacity home", screen)
    shutil.copytree(audacity_profile.home, program.home)
    text = program.config.read_text()
    text = text.replace(str(audacity_profile.temp), str(program.temp))
    program.config.write_text(text)
    with one_at_a_time():
        try:
            yield program
        finally:
            program.kill()
