"""The page that can be sent, in a real browser, from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from adt_plugins import Onset, Transcription
from adt_plugins.annotations import Label
from adt_plugins.drums import Drum
from adt_plugins.editor.edits import Log, fold
from adt_plugins.editor.picks import PickedSong, velocity_table
from adt_plugins.errors import FormatError
from adt_plugins.formats import html, write
from adt_plugins.model_info import ModelInfo
from tests.support.browser import pixels, runs, until, watched
from tests.support.notebook.make_fixtures import actions
from tests.support.notebook.pages import (
    ADT,
    FOOT,
    LANE,
    LANES,
    TOP,
    geometry,
    lane_y,
    open_lanes,
    settled,
)
from tests.support.paths import GROOVE

# The colours of the light theme.
COLOURS = {
    "KD": 0xC8500F,
    "SD": 0x1273B4,
    "HH": 0x967400,
    "TT": 0x00805F,
    "CY": 0xA9477F,
    "SST": 0x5C6674,
}


class Opened(NamedTuple):
    page: Any
    events: list[str]
    path: Path


@pytest.fixture
def opened(browser: Any, groove_file: Path) -> Iterator[Opened]:
    context = browser.new_context(
        viewport={"width": 1180, "height": 800}, color_scheme="light"
    )
    page, events = watched(context)
    page.goto(groove_file.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    open_lanes(page)
    yield Opened(page, events, groove_file)
    requests = [text for text in events if text.startswith("request ")]
    assert all(text.startswith("request file:") for text in requests), requests
    assert [text for text in events if text not in requests] == []
    context.close()


def test_what_is_seen(opened: Opened, groove: Transcription) -> None:
    page = opened.page
    settled(page)
    duration = groove.source.duration or 0
    start, scale, width = geometry(page, duration)
    assert 50 < scale < 200
    picture = pixels(page.locator(".stage").screenshot())[:, :width]
    for lane, drum in enumerate(LANES):
        own = [t for t in groove.times(drum) if start <= t < start + width / scale]
        row = TOP + lane * LANE + LANE - FOOT - 2
        colour = np.array([COLOURS[drum] >> shift & 255 for shift in (16, 8, 0)])
        stems = runs((np.abs(picture[row].astype(int) - colour) <= 2).all(axis=1))
        expected = [(t - start) * scale for t in own]
        assert len(stems) == len(expected), drum
        assert np.allclose(stems, expected, rtol=0, atol=1.5), drum
    # The wave and the spectrogram are there, and are not one colour.
    wave, spectrum = picture[40:100], picture[108:204]
    assert len(np.unique(wave.reshape(-1, 3), axis=0)) > 2
    assert len(np.unique(spectrum.reshape(-1, 3), axis=0)) > 100
    counts = page.locator(".strip .row > span:nth-child(3)").all_inner_texts()
    assert [int(text) for text in counts] == [len(groove.times(d)) for d in LANES]


def test_click_seeks_and_space_plays(opened: Opened, groove: Transcription) -> None:
    page = opened.page
    start, scale, _ = geometry(page, groove.source.duration or 0)
    page.locator(".stage").click(position={"x": 300, "y": 60})
    assert page.evaluate(f"{ADT}.player.position") == pytest.approx(
        start + 300 / scale, abs=1.5 / scale
    )
    before = page.evaluate(f"{ADT}.player.position")
    page.keyboard.press("Space")
    until(page, f"{ADT}.player.position > {before} + 0.8")
    # The picture follows: the playhead is where the sound is.
    there = page.evaluate(
        "(() => { const root = document.getElementById('adt-plugins').shadowRoot;"
        " const head = root.querySelector('.stage .playhead').style.transform;"
        f" return [new DOMMatrix(head).m41, {ADT}.player.position]; }})()"
    )
    assert there[0] == pytest.approx((there[1] - start) * scale, abs=0.1 * scale)
    page.keyboard.press("Space")
    stopped = page.evaluate(f"{ADT}.player.position")
    page.wait_for_timeout(300)
    assert page.evaluate(f"{ADT}.player.position") == stopped
    page.keyboard.press("Home")
    assert page.evaluate(f"{ADT}.player.position") == 0


def hits(page: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = page.evaluate(f"{ADT}.hits")
    return result


PICTURES = (
    "[...document.getElementById('adt-plugins').shadowRoot.querySelectorAll("
    "'.right canvas')].slice(0, 2).map((canvas) => canvas.toDataURL())"
)


def drag(page: Any, x0: float, y0: float, x1: float, y1: float) -> None:
    """Drag the mouse from one place of the stage to another."""
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + x0, box["y"] + y0)
    page.mouse.down()
    page.mouse.move(box["x"] + (x0 + x1) / 2, box["y"] + (y0 + y1) / 2, steps=4)
    page.mouse.move(box["x"] + x1, box["y"] + y1, steps=4)
    page.mouse.up()


def test_edits_by_mouse(opened: Opened, groove: Transcription) -> None:
    page, stage = opened.page, opened.page.locator(".stage")
    start, scale, _ = geometry(page, groove.source.duration or 0)
    count = len(groove)

    page.keyboard.press("Tab")
    stage.focus()
    for _ in range(2):
        page.keyboard.press("g")  # from peak over grid to off
    stage.dblclick(position={"x": 500, "y": lane_y("SST", 0.5)})
    (added,) = [hit for hit in hits(page) if hit["drum"] == "SST"]
    assert added["time"] == pytest.approx(start + 500 / scale, abs=1.5 / scale)
    assert len(hits(page)) == count + 1

    drag(page, 500, lane_y("SST", 0.5), 560, lane_y("SST", 0.5))
    (moved,) = [hit for hit in hits(page) if hit["id"] == added["id"]]
    assert moved["time"] - added["time"] == pytest.approx(60 / scale, abs=1e-6)

    drag(page, 560, lane_y("SST", 0.5), 560, lane_y("SST", 0.9))
    (louder,) = [hit for hit in hits(page) if hit["id"] == added["id"]]
    assert louder["velocity"] == 127
    assert louder["time"] == moved["time"]

    drag(page, 560, lane_y("SST", 0.5), 560, lane_y("TT", 0.5))
    (other,) = [hit for hit in hits(page) if hit["id"] == added["id"]]
    assert other["drum"] == "TT"

    threshold = groove.model["thresholds"]["SD"]
    own = [(time - start) * scale for time in groove.times("SD")]
    x = next(x for x in range(600, 900) if all(abs(x - hit) > 20 for hit in own))
    drag(page, x, lane_y("SD", threshold), x, lane_y("SD", 0.01))
    assert len(hits(page)) > count + 10
    page.keyboard.press("Control+z")
    assert len(hits(page)) == count + 1

    page.keyboard.press("Delete")
    assert len(hits(page)) == count
    for _ in range(5):
        page.keyboard.press("Control+z")
    assert len(hits(page)) == count
    assert page.get_by_label("Undo").is_disabled()
    page.keyboard.press("Control+y")
    assert len(hits(page)) == count + 1


def test_only_what_an_edit_changes_is_drawn(opened: Opened) -> None:
    """All of it anew looks the same."""
    page = opened.page
    settled(page)
    middle = page.evaluate(f"{ADT}.hits[20].time + 0.05")
    page.evaluate(f"{ADT}.do([{{op: 'delete', id: {ADT}.hits[4].id}}])")
    page.evaluate(f"{ADT}.add('SD', {middle}, 127)")
    page.evaluate(f"{ADT}.select([])")
    page.wait_for_timeout(200)
    drawn = page.evaluate(PICTURES)
    page.evaluate(f"{ADT}.undo()")
    page.wait_for_timeout(200)
    assert page.evaluate(PICTURES) != drawn
    page.evaluate(f"{ADT}.redo()")
    page.evaluate(f"{ADT}.picture.look()")
    page.wait_for_timeout(600)
    assert page.evaluate(PICTURES) == drawn


def test_by_keyboard_alone(opened: Opened, groove: Transcription) -> None:
    page = opened.page
    page.locator(".stage").focus()
    page.keyboard.press("ArrowDown")  # from the kick to the snare
    page.keyboard.press(".")
    (chosen,) = page.evaluate(f"[...{ADT}.selected]")
    first = hits(page)[[h["id"] for h in hits(page)].index(chosen)]
    assert first["time"] == groove.times("SD")[0]
    status = page.locator("[role=status]").inner_text()
    assert status == f"Snare at 0:0{first['time']:.3f}, velocity {first['velocity']}"
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("5")
    (changed,) = [hit for hit in hits(page) if hit["id"] == chosen]
    assert changed["time"] == pytest.approx(first["time"] + 0.01)
    assert changed["velocity"] == first["velocity"] + 3
    assert changed["drum"] == "TT"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_hidden()
    before = len(hits(page))
    page.keyboard.press("[")
    for _ in range(6):
        page.keyboard.press("{")
    assert len(hits(page)) > before
    names = page.locator("button, input, select").evaluate_all(
        "all => all.map(one => one.ariaLabel)"
    )
    assert len(names) > 30
    assert all(names)


def downloads(page: Any, kind: str, number: int) -> dict[str, bytes]:
    result: dict[str, bytes] = {}
    files: list[Any] = []
    with page.expect_download():
        page.on("download", lambda download: files.append(download))  # noqa: PLW0108 - Playwright marks functions
        page.get_by_label("Save the hits as a file").select_option(kind)
    while len(files) < number:
        page.wait_for_timeout(50)
    for download in files:
        result[download.suggested_filename] = Path(download.path()).read_bytes()
    return result


def test_five_hundred_operations_reload_and_export(
    opened: Opened, groove: Transcription, tmp_path: Path
) -> None:
    score = PickedSong(groove, lambda own: velocity_table(own, GROOVE))
    log = Log()
    everything = actions(score, seed=11)
    for number, action in enumerate(everything, 1):
        log = log.act(action)
        page = opened.page
        if action["kind"] == "do":
            page.evaluate(f"ops => {ADT}.do(ops)", action["ops"])
        else:
            page.evaluate(f"{ADT}.{action['kind']}()")
        if number % 100 == 0:
            page.reload()
            until(page, f"{ADT}.log.cursor === {log.cursor}")
            seen = [(h["id"], h["time"], h["velocity"]) for h in hits(page)]
            wanted = [
                (h.id, h.onset.time, h.onset.velocity) for h in score.hits(fold(log))
            ]
            assert seen == wanted
    corrected = score.corrected(fold(log))
    for kind, names in (
        ("labels", ["groove.labels.txt"]),
        ("json", ["groove.drums.json"]),
        ("tab", ["groove.tab.txt"]),
        ("midi", ["groove.drums.mid", "groove.drums.120bpm.mid"]),
    ):
        got = downloads(opened.page, kind, len(names))
        corrected.save(tmp_path / names[0], kind)
        assert got == {name: (tmp_path / name).read_bytes() for name in names}


def test_the_page_asks_nobody(opened: Opened) -> None:
    text = opened.path.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    blocked = opened.page.evaluate(
        "fetch('https://example.org/').then(() => 'went out', () => 'blocked')"
    )
    assert blocked == "blocked"
    opened.page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s)"
    )
    assert opened.page.evaluate("window.ran") is None
    # The console reports what was blocked, and nothing went out.
    opened.events[:] = [t for t in opened.events if "Content Security" not in t]
    opened.events[:] = [t for t in opened.events if "example.org" not in t]


def test_hostile_names_and_texts_run_nothing(
    browser: Any, tmp_path: Path, groove: Transcription
) -> None:
    evil = "</script><img src=x onerror=window.ran=1>"
    name = '<img src=x onerror=window.ran=1>&quot;".drums.html'
    hostile = replace(
        groove,
        labels=(Label(0.0, 1.0, evil, evil),),
        model=ModelInfo.from_dict({**groove.model, "name": evil}),
        source=replace(groove.source, path=str(tmp_path / evil.replace("/", "_"))),
    )
    path = tmp_path / name
    write(hostile, path, "html", audio=GROOVE)
    context = browser.new_context()
    page, events = watched(context)
    page.goto(path.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.locator(".title").inner_text() == name.removesuffix(".drums.html")
    assert [t for t in events if not t.startswith("request file:")] == []
    exported = page.evaluate(f"{ADT}.files('labels')[0][1]")
    assert evil in exported
    context.close()


def test_without_activations_and_with_a_foreign_drum(
    browser: Any, tmp_path: Path, groove: Transcription
) -> None:
    onsets = (*groove.onsets, Onset(0.77, Drum.CHC, 55))
    plain = replace(groove, onsets=onsets, activations=None)
    path = tmp_path / "plain.html"
    write(plain, path, "html")
    context = browser.new_context()
    page, events = watched(context)
    page.goto(path.as_uri())
    until(page, f"{ADT}.hits.length === {len(plain)}")
    assert page.locator(".strip .name").all_inner_texts()[-1] == "China"
    text = page.evaluate(f"{ADT}.files('json')[0][1]")
    assert Transcription.from_json(text) == plain.rounded()
    assert [t for t in events if not t.startswith("request file:")] == []
    context.close()


def test_small_and_lossless(tmp_path: Path, groove: Transcription) -> None:
    small = write(groove, tmp_path / "small.html", "html")[0].stat().st_size
    whole = write(groove, tmp_path / "whole.html", "html", quality="lossless")[0]
    assert small < whole.stat().st_size / 3


def test_a_recording_that_changed_is_told(
    tmp_path: Path, groove: Transcription
) -> None:
    gone = replace(groove, source=replace(groove.source, path="gone.wav"))
    with pytest.raises(FormatError, match=r"gone\.wav is gone"):
        write(gone, tmp_path / "x.html", "html")
    assert not (tmp_path / "x.html").exists()


def test_the_header_is_json(groove_file: Path) -> None:
    text = groove_file.read_text(encoding="utf-8")
    header = re.search(r'id="adt-header">(.*?)</script>', text)
    assert header is not None
    assert json.loads(header[1])["title"] == "groove"
    assert text.count(html.BUNDLE) == 0
