"""What users do that nobody expects: at the ends of the song, and with two fingers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import Onset, Transcription
from adt_plugins.annotations import Beat
from adt_plugins.drums import Drum
from adt_plugins.formats import write
from tests.support.browser import FLAGS, find_program, pixels, until, watched
from tests.support.notebook.pages import (
    ADT,
    geometry,
    lane_y,
    open_unfolded,
    settled,
)

RULER = 36
LEVELS = ["Song level", "Hits level", "Picture delay, for headphones that lag"]


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes with a bar every 0.8 s: their numbers do not all fit."""
    beats = tuple(Beat(0.2 * i, i % 4 + 1) for i in range(900))
    song = Transcription(onsets=(Onset(1, Drum.KD, 90),), beats=beats)
    path = tmp_path_factory.mktemp("gestures") / "long.html"
    write(song, path, "html", audio=(np.zeros((180 * 8000, 1), np.float32), 8000))
    return path


def drawn(page: Any) -> int:
    return int(page.locator(".stage").get_attribute("data-drawn"))


def ruler(page: Any, act: str) -> Any:
    """Return the ruler's picture after an act that redraws it once."""
    before = drawn(page)
    page.evaluate(act)
    until(
        page,
        "document.getElementById('adt-plugins').shadowRoot"
        f".querySelector('.stage').dataset.drawn > {before}",
    )
    return pixels(page.locator(".stage").screenshot())[2:RULER]


@pytest.mark.parametrize(("song", "ratio"), [("long", 1), ("groove", 1.1)])
def test_the_ruler_has_no_seams(
    browser: Any, long_file: Path, groove_file: Path, song: str, ratio: float
) -> None:
    """A ruler drawn in tiles looks like one drawn whole, at any zoom."""
    file = long_file if song == "long" else groove_file
    page, _ = open_unfolded(browser, file, device_scale_factor=ratio)
    settled(page)
    press = (
        "document.getElementById('adt-plugins').shadowRoot.querySelector('.stage')"
        ".dispatchEvent(new KeyboardEvent('keydown', {{key: '{}', bubbles: true}}))"
    )
    for key in ("0", "+", "PageDown"):
        ruler(page, press.format(key))
    whole = ruler(page, press.format("-"))
    ruler(page, press.format("PageDown"))
    tiled = ruler(page, press.format("PageUp"))
    page.context.close()
    away = np.abs(whole.astype(int) - tiled.astype(int)).max(axis=(0, 2))
    assert np.flatnonzero(away > 40).tolist() == []


@pytest.mark.parametrize("keys", [("o",), ("End", "i")])
def test_no_selection_reaches_out_of_the_song(page: Any, keys: tuple[str, ...]) -> None:
    for key in keys:
        page.keyboard.press(key)
    assert page.evaluate(f"{ADT}.range") is None


def touch(page: Any) -> Any:
    box = page.locator(".stage").bounding_box()
    session = page.context.new_cdp_session(page)

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + x, "y": box["y"] + y, "id": number}
            for number, (x, y) in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return send


def test_a_second_finger_gives_up_what_the_first_began(
    page: Any, groove: Transcription
) -> None:
    send = touch(page)
    threshold = groove.model["thresholds"]["SST"]
    y = lane_y("SST", threshold)
    send("touchStart", (700, y))
    send("touchMove", (710, y - 2))
    send("touchMove", (730, y - 6))
    assert page.evaluate(f"{ADT}.threshold('SST')") != threshold
    send("touchStart", (730, y - 6), (800, y))
    send("touchEnd")
    assert page.evaluate(f"{ADT}.threshold('SST')") == threshold

    for key, time in (("i", 1), ("o", 2)):
        page.evaluate(f"{ADT}.seek({time})")
        page.keyboard.press(key)
    send("touchStart", (300, 60))
    send("touchMove", (330, 60))
    send("touchMove", (360, 60))
    send("touchStart", (360, 60), (500, 60))
    send("touchEnd")
    assert page.evaluate(f"{ADT}.range") == {"start": 1, "end": 2}


def test_hits_that_move_together_stop_together(page: Any) -> None:
    times = f"{ADT}.hits.filter((hit) => hit.drum === 'KD').map((hit) => hit.time)"
    page.keyboard.press("Control+a")
    before = np.array(page.evaluate(times))
    for _ in range(1 + round(before[0] * 100)):
        page.keyboard.press("Alt+Shift+ArrowLeft")
    after = np.array(page.evaluate(times))
    assert after[0] == 0
    assert np.allclose(np.diff(after), np.diff(before))


def test_a_play_that_waits_for_a_click_ends_with_its_session(
    browser: Any, groove_file: Path
) -> None:
    """A browser that allows no sound before a click leaves playback waiting."""
    flags = [flag for flag in FLAGS if "autoplay" not in flag]
    strict = browser.browser_type.launch(executable_path=find_program(), args=flags)
    page, events = watched(strict.new_context())
    page.add_init_script(
        "const start = () => {"
        " const adt = document.getElementById('adt-plugins')?.adt;"
        " if (!adt) { setTimeout(start, 20); return; }"
        " adt.toggle(); adt.close();"
        " setTimeout(() => { window.over = adt.player.playing; }, 100); };"
        "setTimeout(start, 20);"
    )
    page.goto(groove_file.as_uri())
    until(page, "window.over === false")
    strict.close()
    assert [text for text in events if not text.startswith("request file:")] == []


def test_a_play_that_was_paused_at_once_asks_for_no_click(page: Any) -> None:
    page.evaluate(f"void ({ADT}.play(), {ADT}.player.pause())")
    page.wait_for_timeout(900)
    assert page.evaluate(f"[{ADT}.says, {ADT}.player.playing]") == ["", False]


def test_the_editor_runs_from_left_to_right_in_any_page(page: Any) -> None:
    page.evaluate("document.documentElement.dir = 'rtl'")
    left = [
        page.get_by_role("button", name=name).bounding_box()["x"]
        for name in ("Play or pause (Space)", "Undo (Ctrl+Z)", "Keys and gestures (?)")
    ]
    assert left == sorted(left)
    gutter, stage = (page.locator(one).bounding_box() for one in (".gutter", ".stage"))
    assert gutter["x"] < stage["x"]


def test_levels_are_seen_with_forced_colours(browser: Any, groove_file: Path) -> None:
    page, _ = open_unfolded(browser, groove_file, forced_colors="active")
    for label in LEVELS:
        picture = pixels(page.get_by_label(label, exact=True).screenshot())
        assert np.ptp(picture.astype(int).max(axis=2)) > 100, label
    page.context.close()


def test_a_page_that_was_just_opened_plays(browser: Any, groove_file: Path) -> None:
    context = browser.new_context()
    page, _ = watched(context)
    page.goto(groove_file.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    page.keyboard.press("Space")
    until(page, f"{ADT}.player.playing")
    page.keyboard.press("Space")
    assert not page.evaluate(f"{ADT}.player.playing")
    # The time line is near for the Tab key, too.
    focused = (
        "document.getElementById('adt-plugins').shadowRoot.activeElement?.className"
    )
    stops = []
    for _ in range(5):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(focused))
    assert "stage" in stops
    context.close()


def test_everything_by_finger(page: Any, groove: Transcription) -> None:
    send = touch(page)
    start, scale, _ = geometry(page, groove.source.duration or 0)
    chosen = f"[...{ADT}.selected]"

    def tap(x: float, y: float) -> None:
        send("touchStart", (x, y))
        send("touchEnd")

    def drag(x: float, y: float, dx: float, dy: float) -> None:
        send("touchStart", (x, y))
        for part in (0.3, 0.6, 1.0):
            send("touchMove", (x + part * dx, y + part * dy))
        send("touchEnd")

    # A finger that scrolls over a hit moves nothing.
    hit = next(o for o in groove.onsets if o.drum == Drum.SD and o.time > 2)
    x, y = (hit.time - start) * scale, lane_y("SD", 0.3)
    drag(x, y, -120, 0)
    assert page.evaluate(f"{ADT}.log.cursor") == 0
    page.wait_for_timeout(100)  # until it is drawn
    moved = geometry(page, groove.source.duration or 0)[0]
    assert moved - start == pytest.approx(120 / scale, abs=8 / scale)
    x -= (moved - start) * scale
    # A tap chooses it, a second drag makes it louder.
    tap(x + 10, y)
    assert len(page.evaluate(chosen)) == 1
    drag(x + 4, y, 0, -20)
    (op,) = page.evaluate(f"{ADT}.log.steps[0]")
    assert op["op"] == "change"
    assert op["velocity"] != hit.velocity
    assert op["time"] == pytest.approx(hit.time)
    page.get_by_label("Delete the chosen hits (Del)").tap()
    assert page.evaluate(f"{ADT}.log.steps[1][0].op") == "delete"
    assert not page.get_by_label("Delete the chosen hits (Del)").is_visible()
    threshold = groove.model["thresholds"]["SST"]
    drag(400, lane_y("SST", threshold) + 6, 0, -12)
    assert page.evaluate(f"{ADT}.threshold('SST')") > threshold
    page.get_by_label("Add a hit at the playhead (A)").tap()
    assert page.evaluate(f"{ADT}.log.steps.at(-1)[0].op") == "add"


def test_lanes_without_hits_are_folded(browser: Any, groove_file: Path) -> None:
    page, _ = open_unfolded(browser, groove_file)
    stage = page.locator(".stage")
    page.reload()
    until(page, f"{ADT}.hits.length > 0")
    head = page.locator('.strip[data-drum="SST"]')
    folded = stage.bounding_box()["height"]
    assert head.bounding_box()["height"] == 26
    assert not page.get_by_label("Mute Side stick", exact=True).is_visible()
    # Hits open it, and it stays so.
    page.evaluate(f"{ADT}.add('SST', 1)")
    assert stage.bounding_box()["height"] == folded + 28
    page.evaluate(f"{ADT}.undo()")
    assert head.bounding_box()["height"] == 54
    page.reload()
    until(page, f"{ADT}.hits.length > 0")
    # Below the folded lane, places still belong to the lane that is drawn there.
    hats = page.locator('.strip[data-drum="HH"]').bounding_box()
    top = stage.bounding_box()["y"]
    stage.dblclick(position={"x": 18, "y": hats["y"] - top + 8})
    assert page.evaluate(f"{ADT}.log.steps.at(-1)[0].drum") == "HH"
    stage.click(position={"x": 5, "y": hats["y"] - top - 8})
    assert head.bounding_box()["height"] == 54
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 500, 768, 3840])
def test_nothing_is_cut_off(browser: Any, groove_file: Path, width: int) -> None:
    page, _ = open_unfolded(
        browser, groove_file, has_touch=True, is_mobile=width < 800,
    )  # fmt: skip
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(f"{ADT}.select([{ADT}.hits[3].id])")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small, outside = page.evaluate(
        """width => {
          const root = document.getElementById('adt-plugins').shadowRoot;
          const seen = [...root.querySelectorAll('button, select, input')].filter(
            (one) => one.offsetParent && !one.closest('.help'));
          const boxes = seen.map((one) => [one.ariaLabel, one.getBoundingClientRect()]);
          const names = (wanted) => boxes.filter(wanted).map(([name]) => name);
          return [names(([, box]) => box.height < 24 || box.width < 24),
            names(([, box]) => box.left < 0 || box.right > width)];
        }""",
        width,
    )
    assert small == []
    assert outside == []
    page.context.close()
