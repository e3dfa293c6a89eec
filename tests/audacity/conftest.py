"""Fixtures with the real Audacity; tests that use one are `needs_audacity`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .program import Audacity
    from .screen import Screen


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An X display with a window manager, for all tests of a session."""
    if not sys.platform.startswith("linux"):
        pytest.skip("not on this system: the tests drive Audacity for Linux")
    from .program import missing
    from .screen import Screen

    if absent := missing():
        pytest.skip(f"not installed: {', '.join(absent)}")
    screen = Screen(tmp_path_factory.mktemp("screen"))
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture(scope="session")
def audacity_profile(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HOME in which Audacity has been started once; to be copied."""
    from .program import make_profile, only_one

    home = tmp_path_factory.mktemp("audacity") / "home"
    with only_one():
        make_profile(home, screen)
    return home


@pytest.fixture
def audacity(
    screen: Screen, audacity_profile: Path, tmp_path: Path
) -> Iterator[Audacity]:
    """An Audacity with a profile of its own, not yet started, ended with the test.

    No other test run on this machine has one meanwhile.
    """
    from .program import copy_profile, only_one

    program = copy_profile(audacity_profile, tmp_path / "audacity home", screen)
    with only_one():
        try:
            yield program
        finally:
            program.stop()
