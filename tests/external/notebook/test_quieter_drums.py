"""The song's own drums turned down: in step, in pages and beside Python."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins.cli import main
from adt_plugins.editor import drumless
from adt_plugins.editor.sound import Sound
from tests.support.browser import until, watched
from tests.support.drum_tracks import HITS, RATE, chords, drum_track
from tests.support.notebook.impulses import measured, open_page, write_page
from tests.support.notebook.jupyter import Notebook, server, write_notebook
from tests.support.notebook.pages import ADT, slide

SLIDER = "Level of the song's own drums"
SILENT = -36
SONG_LEVEL = 0.8
SECONDS = 8
DRUMS = 0.5 * drum_track(HITS, RATE, SECONDS)
CHORDS = 0.1 * chords(RATE, SECONDS)
BELOW_DB = float(10 * np.log10(np.mean(CHORDS**2) / np.mean((DRUMS + CHORDS) ** 2)))

# Loudness of what the song plays, dB: of four windows of 0.7 s.
LOUDNESS = """async session => {
  session.seek(0);
  await session.player.play();
  const { context, song } = session.player.buses;
  const ear = new AnalyserNode(context, { fftSize: 32768 });
  song.connect(ear);
  const samples = new Float32Array(32768);
  let sum = 0;
  for (const end of [1.0, 1.5, 2.0, 2.5]) {
    while (session.player.position < end) await new Promise(requestAnimationFrame);
    ear.getFloatTimeDomainData(samples);
    for (const value of samples) sum += value * value;
  }
  session.player.pause();
  return 10 * Math.log10(sum / 4 / 32768);
}"""


@pytest.mark.parametrize(("percent", "busy"), [(100, 0), (100, 80), (50, 0)])
def test_in_step_with_the_song(
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    percent: int,
    busy: int,
) -> None:
    """A song without drums that is the song: mixed at any level they are one."""
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
    # None is doubled, halved or combed: but for those that a seek cuts short.
    heights = np.array(page.evaluate("impulses.heights(0, 200)"))
    whole = np.abs(heights - SONG_LEVEL * 30000 / 32768) < 0.01
    assert whole.mean() > 0.75, heights
    context.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drums beside chords; the hits are known."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, DRUMS + CHORDS, RATE, subtype="PCM_16")
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
        page, told = watched(context)
        page.goto(path.as_uri())
        until(page, f"{ADT}.hits.length > 0")
        slider = page.get_by_label(SLIDER, exact=True)
        assert slider.is_visible() is bool(options)
        if options:
            turned_down(page, ADT)
        assert [text for text in told if not text.startswith("request file:")] == []
        context.close()


def turned_down(page: Any, session: str) -> None:
    """Drums that are silent leave the chords."""
    before = page.evaluate(f"({LOUDNESS})({session})")
    slide(page, SLIDER, SILENT)
    assert page.get_by_text("−∞ dB").is_visible()
    until(page, f"{session}.says.startsWith('The drums are')", 60)
    after = page.evaluate(f"({LOUDNESS})({session})")
    assert after - before < BELOW_DB + 3, (before, after)
    slide(page, SLIDER, 0)
    again = page.evaluate(f"({LOUDNESS})({session})")
    assert abs(again - before) < 1.5


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
    # With the same hits it is not made again; with others it is, when somebody asks.
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
    # What cannot be done is said, and stays said.
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
