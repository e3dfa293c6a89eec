"""The widget in the real JupyterLab 4 and Notebook 7."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.editor.picks import PickedSong
from tests.support.browser import pixels, until
from tests.support.notebook.jupyter import Notebook, server, write_notebook
from tests.support.notebook.make_fixtures import actions
from tests.support.notebook.pages import open_lanes
from tests.support.paths import GROOVE

ADT = (
    "[...document.querySelectorAll('[data-lm-suppress-shortcuts]')].map(e => e.adt)[0]"
)
EVIL = "a<img src=x onerror=window.ran=1>.flac"

CELLS = [
    "from adt_plugins import transcribe\n"
    "from adt_plugins.notebook import DrumWidget\n"
    f"song = transcribe({EVIL!r}, beats=True)\n"
    "w = DrumWidget(song, autosave='song.drums.json')\n"
    "w",
    "import ipywidgets\n"
    "slider = ipywidgets.FloatSlider(max=20)\n"
    "ipywidgets.jslink((w, 'position'), (slider, 'value'))\n"
    "seen = []\n"
    "w.observe(lambda change: seen.append(change.new), 'revision')\n"
    "other = DrumWidget(song, theme='dark')\n"
    "ipywidgets.VBox([slider, other])",
]


@pytest.fixture(scope="module", params=["lab", "notebook"])
def notebook(
    request: pytest.FixtureRequest,
    browser: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(GROOVE, folder / EVIL)
    write_notebook(folder / "nb.ipynb", CELLS)
    with server(request.param, folder) as address:
        context = browser.new_context(viewport={"width": 1500, "height": 2200})
        opened = Notebook(context, request.param, address, "nb.ipynb")
        opened.run_all()
        until(opened.page, f"{ADT}?.hits.length > 0", 60)
        yield opened
        context.close()


def hits(notebook: Notebook) -> list[Any]:
    result: list[Any] = notebook.page.evaluate(
        f"{ADT}.hits.map(h => [h.id, h.time, h.drum, h.velocity])"
    )
    return result


PYTHON_HITS = (
    "answer = [[h.id, h.onset.time, h.onset.drum.value, h.onset.velocity]"
    " for h in w.hits]"
)


def agree(notebook: Notebook) -> list[Any]:
    """Wait until the browser shows what Python has, and return it."""
    expected: list[Any] = notebook.python(PYTHON_HITS)
    for _ in range(100):
        if hits(notebook) == expected:
            return expected
        notebook.page.wait_for_timeout(50)
        expected = notebook.python(PYTHON_HITS)
    assert hits(notebook) == expected
    return expected


def test_it_is_drawn_and_nothing_else_runs(
    notebook: Notebook, groove: Transcription
) -> None:
    page = notebook.page
    assert page.locator(".stage").count() == 2
    stage = page.locator(".stage").first
    until(page, f"{ADT}.picture.gain < 8")  # sound has come
    page.wait_for_timeout(1500)
    picture = pixels(stage.screenshot())
    for colour in (0xC8500F, 0x1273B4, 0x967400):
        rgb = [colour >> shift & 255 for shift in (16, 8, 0)]
        assert (picture == rgb).all(axis=2).sum() > 300, hex(colour)
    assert [h[1:] for h in hits(notebook)] == [
        [o.time, o.drum.value, o.velocity] for o in groove.onsets
    ]
    assert page.evaluate("window.ran") is None
    assert page.locator(".title").first.inner_text() == EVIL
    # The other widget is set to the dark theme.
    assert (
        page.locator(".adt").nth(1).evaluate("e => e.classList.contains('light')")
        is False
    )
    assert page.locator(".adt").first.evaluate("e => e.classList.contains('light')")
    assert [
        t for t in notebook.events if "adt" in t and not t.startswith("request")
    ] == []


# Both keys in one task, as a busy page gets them.
UNDO = """stage => {
  for (const key of ["Control", "z"]) stage.dispatchEvent(new KeyboardEvent("keydown", {
    key, ctrlKey: true, bubbles: true, cancelable: true, composed: true }));
}"""


def test_edits_go_both_ways(notebook: Notebook) -> None:
    page = notebook.page
    stage = page.locator(".stage").first
    before = len(hits(notebook))
    stage.scroll_into_view_if_needed()
    open_lanes(page.locator(".adt").first)
    stage.dblclick(position={"x": 333, "y": 208 + 2 * 54 + 20})  # the side stick's lane
    after = agree(notebook)
    assert len(after) == before + 1
    (added,) = [hit for hit in after if hit[2] == "SST"]
    assert notebook.python("answer = [w.edits[-1][0]['op'], len(w.edits)]") == [
        "add",
        1,
    ]
    assert notebook.python("answer = seen") == [1]

    notebook.python(f"w.change({added[0]!r}, drum='TT', velocity=44)")
    until(page, f"{ADT}.hits.find(h => h.id === '{added[0]}').velocity === 44")
    notebook.python("w.set_threshold('SD', 0.02)")
    assert len(agree(notebook)) > before + 5
    notebook.python("name = w.add(3.25, 'KD', 66); w.delete(w.hits[0].id)")
    agree(notebook)
    # What Python does is drawn: the side stick's lane had no hit in its colour.
    grey = [0x5C, 0x66, 0x74]
    lane = slice(208 + 2 * 54, 208 + 3 * 54)
    assert not (pixels(stage.screenshot())[lane] == grey).all(axis=2).any()
    notebook.python("w.add(2.0, 'SST', 127)")
    agree(notebook)
    page.wait_for_timeout(200)
    assert (pixels(stage.screenshot())[lane] == grey).all(axis=2).sum() > 60
    notebook.python("w.undo()")
    agree(notebook)
    stage.focus()
    for left in (4, 3):
        stage.evaluate(UNDO)
        until(page, f"{ADT}.log.cursor === {left}")
    agree(notebook)
    assert notebook.python("answer = [len(w.edits), len(other.edits)]") == [3, 0]
    saved = notebook.python("answer = json.load(open('song.drums.json'))")
    assert [o["time"] for o in saved["onsets"]] == [h[1] for h in agree(notebook)]


def test_corrected_bars_are_kept(notebook: Notebook) -> None:
    page = notebook.page
    steps = page.evaluate(f"{ADT}.log.cursor")
    second = next(beat for beat in page.evaluate(f"{ADT}.beats") if beat[1] == 2)
    page.evaluate(f"{ADT}.seek({second[0] + 0.03})")
    bar = page.get_by_role("button", name="A bar starts at the playhead").first
    bar.click()
    page.get_by_role("button", name="Twice the tempo").first.click()
    until(page, f"{ADT}.log.cursor === {steps + 2}")
    agree(notebook)
    corrected = page.evaluate(f"{ADT}.beats")
    beats = "[[beat.time, beat.position] for beat in {}.transcription.beats]"
    assert notebook.python(f"answer = {beats.format('w')}") == corrected
    # An editor of the same file, as after the kernel has started anew.
    notebook.python("again = DrumWidget(song, autosave='song.drums.json')")
    assert notebook.python(f"answer = {beats.format('again')}") == corrected
    stage = page.locator(".stage").first
    stage.focus()
    for left in (steps + 1, steps):
        stage.evaluate(UNDO)
        until(page, f"{ADT}.log.cursor === {left}")
    assert notebook.python(f"answer = {beats.format('again')}") != corrected
    assert notebook.python("answer = len(again.edits)") == steps
    notebook.python("again.close()")


def test_what_makes_no_sense_is_refused(notebook: Notebook) -> None:
    before = notebook.python("answer = w.revision")
    notebook.page.evaluate(
        f"{ADT}.do([{{op: 'add', id: 'x', time: -5, drum: 'KD', velocity: 1}}])"
    )
    until(
        notebook.page,
        f"{ADT}.warnings.get('refused')?.text.startsWith('An edit was not')",
    )
    agree(notebook)
    assert notebook.python("answer = w.revision") == before


def test_notation_comes_from_python_and_follows_its_edits(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("button", name="Notation (V)").first.click()
    page.locator(".score-bar").first.wait_for()
    kicks = page.locator("[data-bar='1'] .notehead.KD")
    before = kicks.count()
    assert before
    notebook.python(
        "bars = [beat.time for beat in w.transcription.beats if beat.position == 1]\n"
        "w.delete([hit.id for hit in w.hits if hit.onset.drum == 'KD'"
        " and bars[1] - 0.1 < hit.onset.time < bars[2] - 0.1])"
    )
    kicks.first.wait_for(state="detached")
    notebook.python("w.undo()")
    kicks.nth(before - 1).wait_for()
    assert kicks.count() == before
    page.get_by_role("button", name="Notation (V)").first.click()


def test_keys_do_not_leak(notebook: Notebook) -> None:
    page = notebook.page
    cells = page.locator(".jp-CodeCell").count()
    page.locator(".stage").first.focus()
    for key in ("b", "a", "d", "d", "x", "Control+z"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.locator(".jp-CodeCell").count() == cells
    agree(notebook)


def test_playing_from_both_sides(notebook: Notebook) -> None:
    page = notebook.page
    notebook.python("w.seek(4.0)")
    until(page, f"Math.abs({ADT}.player.position - 4) < 1e-6")
    notebook.python("w.play()")
    until(page, f"{ADT}.player.position > 5")
    question = "import time; answer = [w.playing, w.position, slider.value]"
    playing, position, linked = notebook.python(question)
    assert playing
    assert position > 4.5
    notebook.python("w.pause()")
    until(page, f"!{ADT}.player.playing")
    page.wait_for_timeout(500)
    playing, position, linked = notebook.python(question)
    assert not playing
    assert position == pytest.approx(page.evaluate(f"{ADT}.player.position"))
    assert linked == pytest.approx(position, abs=0.06)  # its step is 0.1
    notebook.python("w.select(2, 3.5)")
    until(page, f"{ADT}.range?.end === 3.5")
    page.locator(".stage").first.click(position={"x": 100, "y": 80})
    until(page, f"Math.abs({ADT}.player.position - 4) > 0.5")
    page.wait_for_timeout(300)
    assert notebook.python("answer = w.position") == pytest.approx(
        page.evaluate(f"{ADT}.player.position")
    )


def test_a_random_session(notebook: Notebook) -> None:
    """Python makes half of the edits and the browser the other half, at once."""
    steps = 500 if notebook.program == "lab" else 100
    everything = actions(PickedSong(transcribe(GROOVE, beats=True)), steps, seed=23)
    for start in range(0, len(everything), 50):
        mine = everything[start : start + 50]
        python, browser = mine[::2], mine[1::2]
        notebook.page.evaluate(
            f"""actions => actions.forEach(action => {{
              if (action.kind === 'do') {ADT}.do(action.ops); else {ADT}[action.kind]();
            }})""",
            browser,
        )
        notebook.python(
            f"for action in json.loads({json.dumps(json.dumps(python))}):\n"
            "    kind = action['kind']\n"
            "    try:\n        w._act(action) if kind == 'do' else getattr(w, kind)()\n"
            "    except Exception as error:\n        assert 'nothing ' in str(error)"
        )
        agree(notebook)
    # A new kernel would load them all.
    notebook.python(
        "again = DrumWidget(song, autosave='song.drums.json')\n"
        "assert again.transcription == w.transcription\n"
        "assert again.edits == w.edits and len(w.edits) > 10"
    )
    notebook.python(
        "w.to_labels('x.labels.txt'); w.to_midi('x.mid')\n"
        "w.transcription.to_labels('y.labels.txt'); w.transcription.to_midi('y.mid')\n"
        "from pathlib import Path\n"
        "for end in ('.labels.txt', '.mid'):\n"
        "    assert Path('x' + end).read_bytes() == Path('y' + end).read_bytes()"
    )


def test_a_page_that_is_opened_again(notebook: Notebook) -> None:
    page = notebook.page
    expected = agree(notebook)
    shown = page.locator(".stage").count()
    notebook.python("from IPython.display import display")
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nw")
    notebook.command("run-cell")
    until(page, "document.querySelectorAll('[data-lm-suppress-shortcuts]').length >= 2")
    page.wait_for_timeout(1000)
    assert hits(notebook) == expected
    assert shown == 2
