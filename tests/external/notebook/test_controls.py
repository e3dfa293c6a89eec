"""The mixer is heard, the picture delay seen, and two fingers zoom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.browser import until, watched
from tests.support.notebook.impulses import ADT, open_page, write_page
from tests.support.notebook.pages import geometry, slide

SONG, HITS = 0, 1
LEFT, RIGHT = 0, 1
LISTEN_S = 1.2


@pytest.fixture(scope="module")
def playing(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open a page that loops impulses, with a kick on each, without end."""
    path = tmp_path_factory.mktemp("mix") / "impulses.html"
    write_page(path, seconds=6)
    context = browser.new_context()
    page = open_page(context, path)
    page.evaluate(f"{ADT}.range = {{start: 0, end: 5}}")
    page.evaluate(f"{ADT}.setLooping(true)")
    page.evaluate(f"impulses.start({ADT})")
    yield page
    context.close()


def audible(page: Any) -> dict[tuple[int, int], bool]:
    """Return what sounds on which side, some time after the last change."""
    page.wait_for_timeout(300)  # gains glide, and old hits ring out
    page.evaluate("impulses.loud = []")
    page.wait_for_timeout(1000 * LISTEN_S)
    return {
        (bus, side): page.evaluate(f"impulses.attacks({bus}, 200, {side}).length") > 0
        for bus in (SONG, HITS)
        for side in (LEFT, RIGHT)
    }


def everything(song: bool, left: bool, right: bool) -> dict[tuple[int, int], bool]:
    return {
        (SONG, LEFT): song,
        (SONG, RIGHT): song,
        (HITS, LEFT): left,
        (HITS, RIGHT): right,
    }


def test_mute_and_solo(playing: Any) -> None:
    assert audible(playing) == everything(song=True, left=True, right=True)
    mute = playing.get_by_label("Mute Kick", exact=True)
    mute.click()
    assert audible(playing) == everything(song=True, left=False, right=False)
    assert mute.get_attribute("aria-pressed") == "true"
    mute.click()
    assert audible(playing) == everything(song=True, left=True, right=True)
    solo = playing.get_by_label("Solo Kick", exact=True)
    solo.click()
    mute.click()  # solo is stronger
    assert audible(playing) == everything(song=True, left=True, right=True)
    solo.click()
    mute.click()


@pytest.mark.parametrize(
    ("label", "value", "usual", "expected"),
    [
        ("Song level", 0, 0.8, (False, True, True)),
        ("Hits level", 0, 0.7, (True, False, False)),
        ("Kick level", 0, 0.8, (True, False, False)),
        ("Kick balance", -1, 0, (True, True, False)),
        ("Kick balance", 1, 0, (True, False, True)),
    ],
)
def test_levels_and_balance(
    playing: Any,
    label: str,
    value: float,
    usual: float,
    expected: tuple[bool, bool, bool],
) -> None:
    slide(playing, label, value)
    assert audible(playing) == everything(*expected)
    slide(playing, label, usual)


@pytest.fixture(scope="module")
def touched(browser: Any, groove_file: Path) -> Iterator[Any]:
    context = browser.new_context(
        viewport={"width": 1180, "height": 800}, has_touch=True
    )
    page, _ = watched(context)
    page.goto(groove_file.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    yield page
    context.close()


def test_picture_delay(touched: Any, groove: Transcription) -> None:
    start, scale, _ = geometry(touched, groove.source.duration or 0)
    slide(touched, "Picture delay, for headphones that lag", 300)
    touched.evaluate(f"{ADT}.seek(1)")
    touched.evaluate(f"{ADT}.play()")
    until(touched, f"{ADT}.player.position > 2")
    head, sound = touched.evaluate(
        "(() => { const root = document.getElementById('adt-plugins').shadowRoot;"
        " const head = root.querySelector('.stage .playhead').style.transform;"
        f" return [new DOMMatrix(head).m41, {ADT}.player.position]; }})()"
    )
    touched.evaluate(f"{ADT}.player.pause()")
    assert head / scale + start == pytest.approx(sound - 0.3, abs=0.15)


def test_pinch(touched: Any, groove: Transcription) -> None:
    """The moment under each finger stays there."""
    duration = groove.source.duration or 0
    start, scale, _ = geometry(touched, duration)
    box = touched.locator(".stage").bounding_box()
    session = touched.context.new_cdp_session(touched)

    def touch(kind: str, *places: float) -> None:
        points = [
            {"x": box["x"] + x, "y": box["y"] + 60, "id": number}
            for number, x in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = [start + x / scale for x in (400, 500)]
    touch("touchStart", 400)
    touch("touchStart", 400, 500)
    for step in range(1, 11):
        touch("touchMove", 400 - 10 * step, 500 + 10 * step)
    touch("touchEnd")
    start, zoomed, _ = geometry(touched, duration)
    assert zoomed == pytest.approx(3 * scale, rel=0.02)
    after = [start + x / zoomed for x in (300, 600)]
    assert after == pytest.approx(before, abs=3 / scale)
    # Fingers make no selection on the way.
    assert touched.evaluate(f"{ADT}.range") is None
