"""Notation in a page: it is the song's, follows edits and playback, and prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.drums import Drum
from adt_plugins.formats import write
from adt_plugins.formats.notation.part import make_part
from tests.support.browser import watched
from tests.support.notebook.pages import ADT, silent_page
from tests.support.paths import GROOVE

BARS = ".score-bar"
HEADS = ".notehead"


@pytest.fixture
def page(browser: Any, groove_file: Path) -> Iterator[Any]:
    with silent_page(browser, groove_file) as page:
        page.get_by_role("button", name="Notation (V)").click()
        page.locator(BARS).first.wait_for()
        yield page


def now(page: Any) -> list[int]:
    """Return the numbers of the bars that are marked as playing."""
    names = page.locator(f"{BARS}[aria-current]").evaluate_all(
        "bars => bars.map(bar => bar.getAttribute('aria-label'))"
    )
    return [int(re.findall(r"^Bar (\d+)", name)[0]) for name in names]


def heads(page: Any, drum: Drum, bar: int) -> int:
    count: int = page.locator(f"[data-bar='{bar - 1}'] {HEADS}.{drum}").count()
    return count


def waits_for(page: Any, drum: Drum, bar: int, count: int) -> None:
    page.wait_for_function(
        "([selector, count]) => document.getElementById('adt-plugins').shadowRoot"
        ".querySelectorAll(selector).length === count",
        arg=[f"[data-bar='{bar - 1}'] {HEADS}.{drum}", count],
    )


def test_it_shows_what_python_writes(page: Any, groove: Transcription) -> None:
    part = make_part(groove)
    assert page.locator(BARS).count() == len(part.bars)
    for n, bar in enumerate(part.bars):
        drums = [
            drum
            for beat in bar.beats
            for strokes in beat.strokes.values()
            for drum in strokes
        ]
        for drum in set(drums):
            assert heads(page, drum, n + 1) == drums.count(drum), (n, drum)


def test_it_follows_edits(page: Any) -> None:
    before = heads(page, Drum.SD, 3)
    start = page.evaluate(f"{ADT}.beats.filter(([, n]) => n === 1)[2][0]")
    # Between the second beat and the third, where the groove has no snare.
    beat = page.evaluate(f"60 / {ADT}.tempo")
    page.evaluate(f"{ADT}.snap = 'off', {ADT}.add('SD', {start + 0.5 * beat}, 100)")
    waits_for(page, Drum.SD, 3, before + 1)
    chosen = f"{ADT}.hits.filter(hit => {ADT}.selected.has(hit.id))"
    page.evaluate(f"{ADT}.change({chosen}, () => ({{drum: 'TT'}}))")
    waits_for(page, Drum.SD, 3, before)
    page.evaluate(f"{ADT}.undo(), {ADT}.undo()")
    waits_for(page, Drum.SD, 3, before)
    page.evaluate(
        f"{ADT}.remove({ADT}.hits.filter(h => h.drum === 'SD'"
        f" && Math.abs(h.time - {start} - {beat}) < 0.1))"
    )
    waits_for(page, Drum.SD, 3, before - 1)

    page.get_by_label("Meter of the selection").select_option("3/4")
    page.locator("use[href='#adt-timeSig3']").first.wait_for()
    page.evaluate(f"{ADT}.undo()")
    page.locator("use[href='#adt-timeSig3']").first.wait_for(state="detached")


def test_a_bar_seeks_and_playback_moves_on(page: Any) -> None:
    third = page.get_by_role("button", name=re.compile(r"^Bar 3\."))
    third.click()
    assert now(page) == [3]
    start = page.evaluate(f"{ADT}.beats.filter(([, n]) => n === 1)[2][0]")
    assert page.evaluate(f"{ADT}.player.position") == pytest.approx(start, abs=0.02)
    # The playhead is on the first head of the bar.
    playhead = page.locator(".line .playhead").bounding_box()
    head = page.locator(f"[data-bar='2'] {HEADS}").first.bounding_box()
    assert head["x"] < playhead["x"] + 1 < head["x"] + head["width"]

    third.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert now(page) == [4]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert now(page) == [1]

    page.evaluate(f"{ADT}.play()")
    page.locator(f"[data-bar='1']{BARS}[aria-current]").wait_for()
    page.evaluate(f"{ADT}.player.pause()")
    assert now(page) == [2]


def test_lines_break_where_it_is_narrow(page: Any) -> None:
    assert page.locator(".line").count() == 2
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_function(
        "document.getElementById('adt-plugins').shadowRoot"
        ".querySelectorAll('.line').length > 2"
    )
    width = page.locator(".scores").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1]


def test_the_part_is_printed_alone(page: Any, tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    page.evaluate("window.print = () => { window.wasPrinted = true; }")
    page.get_by_role("button", name="Print the part").click()
    assert page.evaluate("window.wasPrinted")
    target = tmp_path / "part.pdf"
    page.pdf(path=str(target), format="A4")
    [sheet] = pdfium.PdfDocument(target)
    text = sheet.get_textpage().get_text_range()
    assert "groove" in text
    assert "104" in text
    assert "Snare" in text
    assert "Threshold" not in text
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".adt-print").count() == 0


def test_without_beats_it_says_so(browser: Any, tmp_path: Path) -> None:
    song = replace(transcribe(GROOVE, beats=False), beats=())
    write(song, tmp_path / "bare.drums.html", "html")
    page, _ = watched(browser.new_context())
    page.goto((tmp_path / "bare.drums.html").as_uri())
    page.get_by_role("button", name="Notation (V)").click()
    message = page.locator(".notation p")
    message.wait_for()
    assert (
        message.inner_text() == "No notation: the song needs beats, and there are none."
    )
    page.context.close()
