"""The widget when its kernel ends, its view goes, or its notebook is opened again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.browser import until
from tests.support.notebook.jupyter import Notebook, server, write_notebook
from tests.support.paths import GROOVE

ADT = (
    "[...document.querySelectorAll('[data-lm-suppress-shortcuts]')].map(e => e.adt)[0]"
)
OTHER = ADT.replace("[0]", "[1]")
CELLS = [
    "from pathlib import Path\n"
    "from adt_plugins import transcribe\n"
    "from adt_plugins.notebook import DrumWidget\n"
    "song = transcribe('groove.flac', beats=True)",
    "w = DrumWidget(song, autosave='song.drums.json')\nw",
    "file = 'song.drums.json' if Path('together').exists() else None\n"
    "v = DrumWidget(song, autosave=file)\nv",
]
PLAYING = f"{ADT}.player.position > 0.3"


@pytest.fixture(params=["lab", "notebook"])
def notebook(
    request: pytest.FixtureRequest, browser: Any, tmp_path: Path
) -> Iterator[Notebook]:
    shutil.copy(GROOVE, tmp_path / "groove.flac")
    write_notebook(tmp_path / "nb.ipynb", CELLS)
    with server(request.param, tmp_path) as address:
        context = browser.new_context(viewport={"width": 1500, "height": 2600})
        opened = Notebook(context, request.param, address, "nb.ipynb")
        opened.folder, opened.address = tmp_path, address  # type: ignore[attr-defined]
        opened.run_all()
        until(opened.page, f"{ADT}?.hits.length > 0", 60)
        yield opened
        context.close()


def restart(notebook: Notebook) -> None:
    notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    notebook.page.wait_for_timeout(3000)


def rerun(notebook: Notebook) -> None:
    """Run all cells, and wait until both widgets are new."""
    notebook.page.evaluate(
        "for (const e of document.querySelectorAll('[data-lm-suppress-shortcuts]'))"
        " e.adt.isOld = true"
    )
    notebook.run_all()
    until(
        notebook.page,
        "(() => { const all = [...document.querySelectorAll("
        "'[data-lm-suppress-shortcuts]')]; return all.length === 2"
        " && all.every(e => e.adt && !e.adt.isOld); })()",
        60,
    )


def test_without_its_kernel(notebook: Notebook, groove: Transcription) -> None:
    page = notebook.page
    page.evaluate(f"{ADT}.add('SST', 1)")
    page.evaluate(f"{OTHER}.add('SST', 2)")
    page.wait_for_timeout(500)
    page.evaluate(f"{ADT}.play()")
    until(page, PLAYING)
    restart(notebook)
    # It is silent, and says why.
    assert not page.evaluate(f"{ADT}.player.playing")
    warning = page.locator(".warnings").first
    assert warning.inner_text().startswith("Python does not answer")
    # A deletion is seen at once, and reaches Python when the cell has run again.
    page.evaluate(f"{ADT}.remove({ADT}.hits.slice(0, 2))")
    assert page.evaluate(f"{ADT}.hits.length") == len(groove) - 1
    page.screenshot(path=notebook.folder / "gone.png")  # type: ignore[attr-defined]
    rerun(notebook)
    until(page, f"{ADT}.log.cursor === 2")
    until(page, f"{ADT}.warnings.size === 0")
    until(page, f"{OTHER}.log.cursor === 1")
    notebook.page.wait_for_timeout(300)
    assert notebook.python("answer = [len(w.hits), len(v.hits)]") == [
        len(groove) - 1,
        len(groove) + 1,
    ]
    saved = Transcription.read(notebook.folder / "song.drums.json")  # type: ignore[attr-defined]
    assert len(saved) == len(groove) - 1

    # In two cells with one log, both edits are undone in one and a hit is added in the
    # other: each does what it was meant to do.
    (notebook.folder / "together").touch()  # type: ignore[attr-defined]
    rerun(notebook)
    for one in (ADT, OTHER):
        until(page, f"{one}.log.cursor === 2")
    restart(notebook)
    page.evaluate(f"{ADT}.undo(), {ADT}.undo(), {OTHER}.add('SST', 3)")
    rerun(notebook)
    for one in (ADT, OTHER):
        until(page, f"{one}.log.cursor === 1")
        assert page.evaluate(f"{one}.log.steps[0][0].time") == 3
    assert page.locator(".warnings").first.inner_text() == ""
    assert notebook.python("answer = [len(w.hits), len(v.hits)]") == [
        len(groove) + 1,
        len(groove) + 1,
    ]


def open_widgets(notebook: Notebook) -> int:
    return int(
        notebook.python(
            "from ipywidgets.widgets.widget import _instances\n"
            "answer = sum(isinstance(one, DrumWidget) for one in _instances.values())"
        )
    )


def test_the_sound_ends_with_its_view(notebook: Notebook) -> None:
    page = notebook.page

    def play() -> None:
        page.evaluate(f"window.last = {ADT}")
        page.evaluate("window.last.seek(0); window.last.play()")
        until(page, "window.last.player.position > 0.3")

    play()
    rerun(notebook)
    assert not page.evaluate("window.last.player.playing")
    # Earlier edits are there again, and the state of the old widgets is gone.
    for _ in range(2):
        rerun(notebook)
    page.wait_for_timeout(500)
    assert open_widgets(notebook) == 2
    play()
    notebook.command("clear-all-cell-outputs")
    until(page, "!window.last.player.playing", 5)
    assert page.locator(".stage").count() == 0
    notebook.run_all()
    until(page, f"{ADT}?.hits.length > 0", 60)
    play()
    if notebook.program == "lab":
        page.evaluate(
            "window.jupyterapp.shell.currentWidget.context.save().then(() =>"
            " window.jupyterapp.shell.currentWidget.close())"
        )
        until(page, "!window.last.player.playing", 5)


def test_a_notebook_that_is_opened_again_shows_a_picture(
    notebook: Notebook, groove: Transcription
) -> None:
    page = notebook.page
    picture = page.locator("img[alt^='The hits of groove']")
    assert picture.count() == 2
    assert not picture.first.is_visible()
    save = "window.jupyterapp.shell.currentWidget.context.save()"
    page.evaluate(f"{save}.then(() => null)")
    folder: Path = notebook.folder  # type: ignore[attr-defined]
    page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()"
    )
    page.goto("about:blank")
    context = page.context
    again = context.new_page()
    way = {"lab": "lab/tree", "notebook": "notebooks"}[notebook.program]
    again.goto(f"{notebook.address}/{way}/nb.ipynb")  # type: ignore[attr-defined]
    shown = again.locator("img[alt^='The hits of groove']")
    shown.first.wait_for()
    again.wait_for_timeout(4000)
    again.screenshot(path=folder / "again.png")
    assert shown.first.is_visible()
    assert not again.get_by_text("model not found").first.is_visible()
    assert f"{len(groove)} hits." in again.locator(".jp-OutputArea").nth(1).inner_text()
    # So does the page that nbconvert makes of it.
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", str(folder / "nb.ipynb")],
        check=True,
        capture_output=True,
    )
    text = (folder / "nb.html").read_text(encoding="utf-8")
    assert "DrumWidget object" not in text
    assert text.count(f"{len(groove)} hits.") == 2
    again.goto((folder / "nb.html").as_uri())
    assert again.locator("img[alt^='The hits of groove']").first.is_visible()
    content = json.loads((folder / "nb.ipynb").read_text(encoding="utf-8"))
    assert "widgets" not in content["metadata"]
