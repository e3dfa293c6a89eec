"""A page that is left by a link and come back to, as the browser keeps it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.browser import chromium, until, watched
from tests.support.notebook import pages
from tests.support.paths import GROOVE
from tests.support.web.tab import ADT, Tab

AWAY = "<!doctype html><title>Elsewhere</title>"


@pytest.fixture(scope="module")
def keeping() -> Iterator[Any]:
    """Return a browser that keeps pages for the way back, as it does for users."""
    with chromium(["--disable-back-forward-cache"]) as started:
        yield started


def web_page(context: Any, address: str) -> Any:
    """Open a recording in the page of `adt web`."""
    tab = Tab(context, address)
    tab.choose(GROOVE)
    return tab.page


def song_page(context: Any, address: str) -> Any:
    """Open the page of a song."""
    page, _ = watched(context)
    page.goto(address)
    until(page, f"{pages.ADT}.hits.length > 0")
    return page


@pytest.mark.parametrize("kind", ["web", "song"])
def test_a_page_is_come_back_to(
    keeping: Any,
    page_file: Path,
    urls: dict[str, str],
    by_python: Transcription,
    kind: str,
) -> None:
    folder = urls["http"].rpartition("/")[0]
    (page_file.parent / "away.html").write_text(AWAY, encoding="utf-8")
    by_python.save(page_file.parent / "song.html", overwrite=True)
    context = keeping.new_context()
    is_web = kind == "web"
    adt = ADT if is_web else pages.ADT
    address = urls["http"] if is_web else f"{folder}/song.html"
    page, other = ((web_page if is_web else song_page)(context, address) for _ in "12")
    page.evaluate(
        "addEventListener('pageshow', (event) => window.kept = event.persisted)"
    )
    page.evaluate(f"{adt}.add('SST', 1.25)")
    page.evaluate(f"void {adt}.play()")
    until(page, f"{adt}.player.position > 0.3")
    until(other, f"{adt}.log.cursor === 1")
    page.goto(f"{folder}/away.html")
    page.go_back(wait_until="commit")
    until(page, "window.kept === true")
    # Sound does not begin by itself.
    assert not page.evaluate(f"{adt}.player.playing")
    # Both editors still reach each other, and the store.
    page.evaluate(f"{adt}.add('SST', 2.25)")
    until(other, f"{adt}.log.cursor === 2")
    other.evaluate(f"{adt}.add('SST', 3.25)")
    until(page, f"{adt}.log.cursor === 3")
    assert page.evaluate(f"{adt}.warnings.size") == 0
    page.evaluate(f"void {adt}.play()")
    until(page, f"{adt}.player.playing")
    context.close()
