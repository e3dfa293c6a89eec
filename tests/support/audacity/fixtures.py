"""Fixtures for tests with Audacity; those with the real one are `needs_audacity`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile

from adt_plugins.audacity.request_folder import RequestFolder
from adt_plugins.audacity.transcriber import Transcriber
from adt_plugins.audacity.watcher import Watcher
from adt_plugins.pipeline import open_network
from tests.support.audacity.fake_plugin import running
from tests.support.audio import noise

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity
    from tests.support.screen import Screen


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An X display with a window manager, for all tests of a session."""
    from tests.support.audacity.program import missing
    from tests.support.screen import open_screen

    yield from open_screen(tmp_path_factory.mktemp("screen"), missing())


@pytest.fixture(scope="session")
def audacity_profile(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HOME in which Audacity has been started once; to be copied."""
    from tests.support.audacity.program import make_profile, only_one

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
    from tests.support.audacity.program import copy_profile, only_one

    program = copy_profile(audacity_profile, tmp_path / "audacity home", screen)
    with only_one():
        try:
            yield program
        finally:
            program.stop()


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "song.wav"
    path.parent.mkdir()
    stereo = noise(2 * 7 * 44100).reshape(-1, 2)
    soundfile.write(path, stereo, 44100, subtype="PCM_16")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an exchange folder with spaces and signs in its name."""
    return tmp_path / "a house" / "Jürgen's" / "audacity"


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def served(folder: Path, tiny_model: Path, messages: list[str]) -> Iterator[Path]:
    """Return the folder of a running watcher."""
    place = RequestFolder(folder)
    transcriber = Transcriber(place, open_network(tiny_model))
    with running(Watcher(place, transcriber, messages.append)):
        yield folder
