"""Bars that are corrected in a page: what is shown, saved and kept."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from adt_plugins.editor.edits import Log, fold
from adt_plugins.editor.picks import PickedSong
from tests.support.browser import until
from tests.support.notebook.pages import ADT, silent_page


@pytest.fixture
def page(browser: Any, groove_file: Path) -> Iterator[Any]:
    with silent_page(browser, groove_file) as page:
        yield page


def beats(page: Any) -> list[list[float]]:
    result: list[list[float]] = page.evaluate(f"{ADT}.timing.beats")
    return result


KINDS = (("json", ".drums.json"), ("midi", ".drums.mid"), ("tab", ".tab.txt"))


def python_of(page: Any, song: Transcription) -> Transcription:
    """Return what Python makes of the page's edits."""
    log = Log.from_dict(page.evaluate(f"{ADT}.log"))
    return PickedSong(song).corrected(fold(log))


def test_a_bar_starts_where_it_is_set(
    page: Any, groove: Transcription, tmp_path: Path
) -> None:
    second = next(beat for beat in groove.beats if beat.position == 2)
    page.evaluate(f"{ADT}.seek({second.time + 0.03})")
    page.get_by_role("button", name="A bar starts at the playhead").click()
    assert "Bar 1 starts here" in page.locator(".says").inner_text()
    assert page.locator(".place").inner_text().startswith("bar 1.1 · 104 BPM 4/4")
    for label, count in (("Twice the tempo", 2), ("Half the tempo", 1)):
        page.get_by_role("button", name=label).click()
        assert len(beats(page)) == pytest.approx(count * len(groove.beats), abs=1)
    page.get_by_label("Meter of the selection").select_option("3/4")
    assert {position for _, position in beats(page)} == {1, 2, 3}

    after = python_of(page, groove)
    assert beats(page) == [[beat.time, beat.position] for beat in after.beats]
    assert str(after.meter) == "3/4"
    for kind, suffix in KINDS:
        target = page.evaluate(
            f"{ADT}.files('{kind}').map(([name, content]) => [name, typeof content =="
            " 'string' ? btoa(unescape(encodeURIComponent(content)))"
            " : btoa(String.fromCharCode(...content))])"
        )
        [content] = [data for name, data in target if name.endswith(suffix)]
        after.save(tmp_path / f"groove{suffix}", kind)
        expected = (tmp_path / f"groove{suffix}").read_bytes()
        assert base64.b64decode(content) == expected

    # A page that is opened again has them; undo takes them back one by one.
    page.reload()
    until(page, f"{ADT}.log.cursor === 4")
    assert {position for _, position in beats(page)} == {1, 2, 3}
    for _ in range(4):
        page.locator(".stage").press("Control+z")
    assert beats(page) == [[beat.time, beat.position] for beat in groove.beats]


def test_the_meter_of_a_part(page: Any, groove: Transcription) -> None:
    bars = [beat.time for beat in groove.beats if beat.position == 1]
    page.evaluate(f"{ADT}.range = {{start: {bars[2]}, end: {bars[4]}}}")
    page.get_by_label("Meter of the selection").select_option("2/4")
    after = python_of(page, groove)
    assert beats(page) == [[beat.time, beat.position] for beat in after.beats]
    assert [(change.bar, str(change.meter)) for change in after.meters] == [
        (1, "4/4"),
        (3, "2/4"),
        (7, "4/4"),
    ]


def test_beats_are_tapped(page: Any, groove: Transcription) -> None:
    page.locator(".stage").press("r")
    assert "tap the beats" in page.locator(".says").inner_text()
    page.evaluate(f"{ADT}.play()")
    until(page, f"{ADT}.player.position > 0.5")
    for _ in range(6):
        page.locator(".stage").press("r")
        page.wait_for_timeout(300)
    until(page, f"{ADT}.log.cursor === 1")
    page.evaluate(f"{ADT}.player.pause()")
    assert "BPM from 6 taps" in page.locator(".says").inner_text()
    assert beats(page) != [[beat.time, beat.position] for beat in groove.beats]
    after = python_of(page, groove)
    assert beats(page) == [[beat.time, beat.position] for beat in after.beats]
