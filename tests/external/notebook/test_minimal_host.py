"""The widget in a host that offers what anywidget documents, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from adt_plugins.base.folders import asset
from adt_plugins.notebook.widget import DrumWidget
from tests.support.browser import until, watched
from tests.support.notebook.minimal_host import SESSION, show
from tests.support.notebook.pages import slide
from tests.support.paths import GROOVE


@pytest.mark.parametrize("initializes", [True, False])
def test_the_widget_in_a_minimal_host(
    browser: Any, groove: Transcription, initializes: bool
) -> None:
    widget: Any = DrumWidget(groove, GROOVE)
    context = browser.new_context()
    page, events = watched(context)
    show(page, widget, initializes)
    until(page, f"{SESSION}?.hits.length === {len(groove)}")

    # It is drawn and plays, and edits reach Python.
    until(page, f"{SESSION}.picture.gain < 8")
    page.locator(".stage").focus()
    page.keyboard.press("Space")
    until(page, f"{SESSION}.player.position > 0.5")
    page.keyboard.press("Space")
    page.keyboard.press("a")
    until(page, f"{SESSION}.log.cursor === 1")
    page.wait_for_timeout(300)
    assert len(widget.transcription) == len(groove) + 1
    page.keyboard.press("Control+z")
    page.wait_for_timeout(300)
    assert widget.transcription.onsets == groove.onsets
    slide(page, "Level of the song's own drums", -36)
    until(page, f"{SESSION}.says.startsWith('The drums are')", 60)

    # Nothing sounds and no listener is left when the view has gone.
    page.evaluate(f"window.session = {SESSION}; session.play()")
    until(page, "session.player.playing")
    page.evaluate("host.leave()")
    until(page, "!session.player.playing")
    if initializes:
        left = "[...host.listeners.values()].every(all => all.length === 0)"
        assert page.evaluate(left)
    page.keyboard.press("Escape")
    assert [text for text in events if not text.startswith("request")] == []
    widget.close()
    context.close()


def test_what_the_bundle_asks_of_its_host() -> None:
    """The sources name nothing that only some hosts have."""
    text = Path(asset("notebook_ext", "widget.js")).read_text(encoding="utf-8")
    for name in ("widget_manager", "experimental", "comm_id", "jupyterapp"):
        assert name not in text
