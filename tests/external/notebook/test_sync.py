"""Clicks and song, sample against sample, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.notebook.impulses import (
    ADT,
    measured,
    open_page,
    seeks_and_loop,
    straight_play,
    write_page,
)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    path = tmp_path_factory.mktemp("sync") / "impulses.html"
    return path, write_page(path)


@pytest.fixture
def page(browser: Any, song: tuple[Path, list[float]]) -> Iterator[Any]:
    context = browser.new_context()
    yield open_page(context, song[0])
    context.close()


@pytest.mark.parametrize(("busy", "every"), [(0, 0), (80, 200), (900, 2100)])
def test_straight_play(page: Any, busy: int, every: int) -> None:
    page.evaluate(f"impulses.jank({busy}, {every})")
    straight_play(page, 5.5)
    error = measured(page)
    assert error.impulses > 8  # the clock of a busy machine's sound is slow
    assert error.missed == 0
    assert error.worst <= 1


@pytest.mark.parametrize(("busy", "every"), [(0, 0), (80, 200)])
def test_seeks_and_short_loops(page: Any, busy: int, every: int) -> None:
    page.evaluate(f"impulses.jank({busy}, {every})")
    seeks_and_loop(page, 0.7)
    error = measured(page)
    assert error.impulses > 20
    assert error.missed == 0
    assert error.worst <= 1


def test_half_speed(page: Any) -> None:
    page.get_by_label("Half speed").click()
    straight_play(page, 5.5)
    error = measured(page)
    assert error.impulses > 4
    assert error.missed == 0
    assert error.worst <= 1


def test_the_controls_are_heard(browser: Any, tmp_path: Path) -> None:
    """The method sees an error of 3 samples, and clicks that frames start."""
    path = tmp_path / "shifted.html"
    write_page(path, shift=3, seconds=6)
    context = browser.new_context()
    page = open_page(context, path)
    straight_play(page, 3)
    assert measured(page)[1:] == (0, 3)
    context.close()
    times = write_page(path, seconds=6)
    context = browser.new_context()
    page = open_page(context, path)
    page.evaluate(f"{ADT}.remove({ADT}.hits)")
    page.evaluate(f"impulses.start({ADT})")
    page.evaluate(f"impulses.late({ADT}, {times})")
    page.wait_for_timeout(3000)
    assert measured(page).worst > 100
    context.close()
