"""Clicks and song, sample against sample, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import Onset, Transcription
from adt_plugins.annotations import Beat
from adt_plugins.drums import Drum
from adt_plugins.formats import write
from tests.support.notebook.impulses import (
    ADT,
    let_recorder_in,
    measured,
    open_page,
    seeks_and_loop,
    straight_play,
    write_page,
)
from tests.support.notebook.pages import slide


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


@pytest.fixture
def counted(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Write a silent song with a beat every 0.25 s, four in a bar."""
    beats = tuple(Beat(0.25 * i, i % 4 + 1) for i in range(40))
    hit = (Onset(9.9, Drum.KD, 1),)
    silence = (np.zeros((10 * 44100, 1), np.float32), 44100)
    write(Transcription(hit, beats), path := tmp_path / "x.html", "html", audio=silence)
    let_recorder_in(path)
    context = browser.new_context()
    yield open_page(context, path)
    context.close()


def test_metronome_and_bars(counted: Any) -> None:
    page = counted
    page.locator(".stage").focus()
    assert "240 BPM" in page.locator(".place").inner_text()
    page.evaluate(f"{ADT}.seek(2.3)")
    page.keyboard.press("b")
    assert page.evaluate(f"{ADT}.range") == {"start": 2, "end": 3}
    assert page.locator(".place").inner_text() == "bar 3.2 · 240 BPM"
    page.keyboard.press("b")
    assert page.evaluate(f"{ADT}.range") == {"start": 2, "end": 4}
    page.keyboard.press("Escape")
    page.evaluate(f"{ADT}.seek(0)")
    page.keyboard.press("t")
    straight_play(page, 3)
    clicks = np.array(page.evaluate("impulses.attacks(1, 4000)"))
    assert len(clicks) > 6
    # Clicks are exactly a beat apart.
    assert set(np.diff(clicks).tolist()) == {11025}
    page.evaluate(f"{ADT}.player.pause()")
    # A bar is counted in before the song, whether the metronome is on or not.
    page.keyboard.press("t")
    page.keyboard.press("c")
    page.evaluate(f"{ADT}.seek(4)")
    page.wait_for_timeout(300)
    page.evaluate("impulses.loud = []")
    page.evaluate(f"{ADT}.play()")
    page.wait_for_timeout(600)
    assert page.evaluate(f"{ADT}.player.position") == pytest.approx(4, abs=0.01)
    page.wait_for_timeout(1400)
    assert page.evaluate(f"{ADT}.player.position") > 4.3
    clicks = np.array(page.evaluate("impulses.attacks(1, 4000)"))
    assert np.diff(clicks).tolist() == [11025] * 3


@pytest.mark.parametrize("percent", [50, 85, 130])
def test_other_speeds(page: Any, percent: int) -> None:
    slide(page, "Speed, pitch kept", percent)
    assert page.evaluate(f"{ADT}.player.speed") == percent / 100
    straight_play(page, 4.5)
    error = measured(page)
    assert error.impulses > 4
    assert error.missed == 0
    assert error.worst <= 1


def test_the_controls_are_heard(browser: Any, tmp_path: Path) -> None:
    """The method detects an error of 3 samples, and clicks timed by frames."""
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
