"""Questions that tests ask the HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.browser import until, watched

# Geometry of src/view/paint.ts.
TOP, LANE, FOOT = 208, 54, 5
ADT = "document.getElementById('adt-plugins').adt"


def view_of(page: Any) -> tuple[float, float]:
    """Start and pixels a second of the view, from where the window is drawn."""
    left, width = page.evaluate(
        "(() => { const root = document.getElementById('adt-plugins').shadowRoot;"
        " const w = root.querySelector('.window'), o = root.querySelector('.overview');"
        " return [parseFloat(w.style.left) / o.clientWidth,"
        " parseFloat(w.style.width) / o.clientWidth]; })()"
    )
    return left, width


def geometry(page: Any, duration: float) -> tuple[float, float, int]:
    left, part = view_of(page)
    width = int(page.locator(".stage").evaluate("element => element.clientWidth"))
    return left * duration, width / (part * duration), width


def slide(page: Any, label: str, value: float) -> None:
    """Move a slider, and let it go."""
    page.get_by_label(label, exact=True).evaluate(
        "(slider, value) => { slider.value = value;"
        " for (const type of ['input', 'change'])"
        " slider.dispatchEvent(new Event(type, {bubbles: true})); }",
        str(value),
    )


def settled(page: Any) -> None:
    """Wait until sound and spectrogram are there and drawn."""
    before = ""
    while before != (before := page.locator(".stage").get_attribute("data-drawn")):
        page.wait_for_timeout(700)


def open_lanes(page: Any) -> None:
    """Unfold the lanes without hits."""
    for head in page.locator(".strip.folded").all()[::-1]:
        head.click()
    page.locator(".strip").first.click(position={"x": 80, "y": 10})


def lane_y(drum: str, value: float) -> float:
    """Return where a velocity or activation, 0-1, is drawn if all lanes are open."""
    tall = LANE - FOOT - 9
    return TOP + LANES.index(drum) * LANE + LANE - FOOT - value * tall


LANES = ["KD", "SD", "SST", "HH", "TT", "CY"]


def open_unfolded(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str]]:
    """Open a page with all lanes unfolded, and the list of what it reports."""
    context = browser.new_context(viewport={"width": 1180, "height": 800}, **options)
    page, events = watched(context)
    page.goto(path.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    open_lanes(page)
    page.locator(".stage").focus()
    return page, events


@contextmanager
def silent_page(browser: Any, path: Path) -> Iterator[Any]:
    """Open a page that may ask for its own file, and report nothing else."""
    context = browser.new_context(viewport={"width": 1180, "height": 900})
    page, events = watched(context)
    page.goto(path.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    yield page
    assert [text for text in events if not text.startswith("request file:")] == []
    context.close()
