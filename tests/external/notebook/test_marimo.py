"""The widget in marimo: edits reach Python, and cells that depend on it rerun."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.browser import until, watched
from tests.support.notebook.jupyter import free_port, serving
from tests.support.paths import GROOVE

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    from adt_plugins.formats import read
    from adt_plugins.notebook import DrumWidget
    widget = mo.ui.anywidget(DrumWidget(read("song.drums.json"), {audio!r}))
    widget
    return mo, widget

@app.cell
def _(mo, widget):
    mo.md(f"Python has {{len(widget.transcription)}} hits.")
    return
"""
WIDGET = "[data-lm-suppress-shortcuts]"  # inside marimo's shadow roots


@contextmanager
def marimo(folder: Path) -> Iterator[str]:
    """Run the notebook `nb.py` of a folder; gives its address."""
    pytest.importorskip("marimo")
    port = free_port()
    command = [
        sys.executable, "-m", "marimo", "-q", "run", "nb.py", "--headless",
        "--no-token", "--host=127.0.0.1", f"--port={port}",
    ]  # fmt: skip
    variables = {"HOME": str(folder)}
    url = f"http://127.0.0.1:{port}"
    with serving(command, folder, url, "/health", variables) as address:
        yield address


def test_edits_reach_python_and_dependent_cells_rerun(
    browser: Any, groove: Transcription, tmp_path: Path
) -> None:
    groove.save(tmp_path / "song.drums.json")
    (tmp_path / "nb.py").write_text(NOTEBOOK.format(audio=str(GROOVE)))
    before = len(groove)
    with marimo(tmp_path) as address:
        context = browser.new_context(viewport={"width": 1200, "height": 1100})
        page, _ = watched(context)

        def python_has(count: int) -> None:
            page.get_by_text(f"Python has {count} hits.").wait_for(timeout=120_000)

        page.goto(address)
        python_has(before)
        stage = page.locator(f"{WIDGET} .stage")
        stage.wait_for(timeout=120_000)
        page.evaluate(
            "element => window.session = element.adt",
            page.locator(WIDGET).element_handle(),
        )
        until(page, f"session.hits.length === {before}", 60)
        stage.focus()
        # Each in the browser, in Python, and in the cell below.
        for keys, hits in (
            ("a", before + 1),
            ("Control+z", before),
            ("Control+y", before + 1),
            ("Control+z", before),
        ):
            page.keyboard.press(keys)
            until(page, f"session.hits.length === {hits}")
            python_has(hits)
        context.close()
