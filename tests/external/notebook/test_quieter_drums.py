"""The song's own drums turned down: in step, in pages and beside Python."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins.cli import main
from adt_plugins.editor import drumless
from adt_plugins.editor.sound import Sound
from tests.support.browser import until, watched
from tests.support.drum_tracks import HITS
from tests.support.notebook.impulses import measured, open_page, write_page
from tests.support.notebook.jupyter import Notebook, server, write_notebook
from tests.support.notebook.pages import ADT, slide
from tests.support.notebook.quieter_drums import (
    LOUDNESS,
    SECONDS,
    SILENT,
    SLIDER,
    turned_down,
    write_song,
)

SONG_LEVEL = 0.8


@pytest.mark.parametrize(("percent", "busy"), [(100, 0), (100, 80), (50, 0)])
def test_in_step_with_the_song(
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    percent: int,
    busy: int,
) -> None:
    """A song that is its own drumless version: at any level the mix is the same."""
    monkeypatch.setattr(
        drumless,
        "DrumlessSound",
        lambda song, source, quality: Sound(source, quality, song.source.duration),
    )
    write_page(path := tmp_path / "x.html", drumless=True)
    context = browser.new_context()
    page = open_page(context, path)
    slide(page, "Speed, pitch kept", percent)
    slide(page, SLIDER, -10)
    page.evaluate(f"impulses.jank({busy}, 200)")
    page.evaluate(f"impulses.start({ADT})")
    page.wait_for_timeout(3000)
    slide(page, SLIDER, -3)
    page.evaluate(f"{ADT}.seek(9.8)")  # over the border of a piece
    page.wait_for_timeout(3000)
    error = measured(page)
    assert error.impulses > 8
    assert error.missed == 0
    assert error.worst <= 1
    # No impulse is doubled, halved or combed, except those that a seek cuts short.
    heights = np.array(page.evaluate("impulses.heights(0, 200)"))
    whole = np.abs(heights - SONG_LEVEL * 30000 / 32768) < 0.01
    assert whole.mean() > 0.75, heights
    context.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drums beside chords; the hits are known."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    write_song(path)
    HITS.between(0, SECONDS).save(path.with_suffix(".drums.json"))
    return path


def test_a_page_has_it_if_it_was_asked_for(
    browser: Any, song: Path, tmp_path: Path
) -> None:
    hits = str(song.with_suffix(".drums.json"))
    for name, options in (("with", ["--drumless"]), ("without", [])):
        command = ["convert", hits, "--format", "html", "--audio", str(song), *options]
        assert main([*command, "-o", str(tmp_path / name)]) == 0
        [path] = (tmp_path / name).glob("*.html")
        context = browser.new_context()
        page, events = watched(context)
        page.goto(path.as_uri())
        until(page, f"{ADT}.hits.length > 0")
        slider = page.get_by_label(SLIDER, exact=True)
        assert slider.is_visible() is bool(options)
        hint = page.get_by_text("in a page written with --drumless")
        assert hint.is_visible() is not bool(options)
        if options:
            turned_down(page, ADT)
        assert [text for text in events if not text.startswith("request file:")] == []
        context.close()


WIDGET = "document.querySelector('[data-lm-suppress-shortcuts]').adt"
CELL = """
from adt_plugins.formats import read
from adt_plugins.notebook import DrumWidget
w = DrumWidget(read('song.drums.json'), 'song.wav')
w"""


@pytest.fixture
def notebook(browser: Any, song: Path, tmp_path: Path) -> Iterator[Notebook]:
    for path in (song, song.with_suffix(".drums.json")):
        shutil.copy(path, tmp_path)
    write_notebook(tmp_path / "nb.ipynb", [CELL])
    with server("lab", tmp_path) as address:
        context = browser.new_context(viewport={"width": 1500, "height": 1200})
        opened = Notebook(context, "lab", address, "nb.ipynb")
        opened.run_all()
        until(opened.page, f"{WIDGET}?.hits.length > 0", 60)
        yield opened
        context.close()


def test_beside_python(notebook: Notebook) -> None:
    page = notebook.page
    turned_down(page, WIDGET)
    made = "answer = w._drumless._count"
    assert notebook.python(made) == 1
    # For the same hits it is not made again; for others it is, on demand.
    slide(page, SLIDER, -12)
    page.wait_for_timeout(700)
    assert notebook.python(made) == 1
    notebook.python("w.delete([hit.id for hit in w.hits if hit.onset.drum == 'KD'])")
    until(page, f"{WIDGET}.log.cursor === 1")
    turned_down_to(page, SILENT)
    assert notebook.python(made) == 2
    # The kick is part of the song now: it is not turned down.
    with_kick = page.evaluate(f"({LOUDNESS})({WIDGET})")
    notebook.python("w.undo()")
    until(page, f"{WIDGET}.log.cursor === 0")
    turned_down_to(page, SILENT)
    assert page.evaluate(f"({LOUDNESS})({WIDGET})") < with_kick - 1
    # A failure is shown, and stays shown.
    notebook.python("import os; os.rename('song.wav', 'gone.wav')")
    notebook.python("w.add(1.0, 'KD')")
    until(page, f"{WIDGET}.log.cursor === 1")
    slide(page, SLIDER, -10)
    page.locator(".warnings", has_text="The drums cannot be removed").wait_for()


def turned_down_to(page: Any, level: float) -> None:
    page.evaluate(f"{WIDGET}.say('')")
    slide(page, SLIDER, level)
    until(page, f"{WIDGET}.says.startsWith('The drums are')", 60)
    page.wait_for_timeout(500)
