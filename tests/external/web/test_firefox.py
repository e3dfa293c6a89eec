"""Both pages in Debian's Firefox, from files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.formats import write
from adt_plugins.web_page import write_page
from tests.support.browser import pixels
from tests.support.firefox import Firefox, firefox
from tests.support.notebook.pages import ADT
from tests.support.paths import GROOVE
from tests.support.web.tab import ADT as WEB

ROOT_OF = "document.getElementById('adt-plugins').shadowRoot"
DROP = """(async () => {
  const bytes = Uint8Array.from(atob(args[1]), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], args[0]));
  for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(
    new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
})()"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.fixture(scope="module")
def groove() -> Transcription:
    return transcribe(GROOVE, beats=True)


def hits(window: Firefox, session: str) -> list[Any]:
    result: list[Any] = window.evaluate(
        f"{session}.hits.map(h => [h.time, h.drum, h.velocity])"
    )
    return result


def test_the_page_of_a_song(
    window: Firefox, groove: Transcription, tmp_path: Path
) -> None:
    write(groove, path := tmp_path / "groove.drums.html", "html", drumless=True)
    window.goto(path.as_uri())
    window.until(f"{ADT}.hits.length > 0")
    expected = [[o.time, o.drum.value, o.velocity] for o in groove.onsets]
    assert hits(window, ADT) == expected

    # It is drawn: waveform and spectrogram have many colours, and each drum its own.
    window.until(f"{ADT}.picture.gain < 8")
    drawn = f"{ROOT_OF}.querySelector('.stage').dataset.drawn"
    window.until(f"Number({drawn}) > 2")
    picture = pixels(window.screenshot())
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200
    for colour in (0xC8500F, 0x1273B4, 0x967400):
        rgb = [colour >> shift & 255 for shift in (16, 8, 0)]
        assert (picture == rgb).all(axis=2).sum() > 100, hex(colour)

    # It plays, with the drums turned down, and stops.
    slider = f"{ROOT_OF}.querySelector(\"[aria-label^='Level of the song']\")"
    window.evaluate(f"{slider}.value = -36")
    for kind in ("input", "change"):
        window.evaluate(f"{slider}.dispatchEvent(new Event('{kind}'))")
    window.until(f"{ADT}.says.startsWith('The drums are')")
    window.evaluate(f"{ROOT_OF}.querySelector('.stage').focus()")
    window.press(" ")
    window.until(f"{ADT}.player.position > 1")
    window.press(" ")
    window.until(f"!{ADT}.player.playing")

    # Edits by keys and mouse, undo, and what is left after a reload.
    window.evaluate(f"{ADT}.seek(3.217)")
    window.press("a")
    window.until(f"{ADT}.hits.length === {len(expected) + 1}")
    window.press("Delete")
    window.until(f"{ADT}.hits.length === {len(expected)}")
    window.press("Control", "z")
    window.until(f"{ADT}.hits.length === {len(expected) + 1}")
    edited = hits(window, ADT)
    window.reload()
    window.until(f"{ADT}?.log.cursor === 1")
    assert hits(window, ADT) == edited
    text = window.evaluate(f"{ADT}.files('json')[0][1]")
    song = Transcription.from_json(text)
    rounded = [[round(time, 6), drum, velocity] for time, drum, velocity in edited]
    assert [[o.time, o.drum.value, o.velocity] for o in song.onsets] == rounded


def test_the_page_that_transcribes(
    window: Firefox, groove: Transcription, tmp_path: Path
) -> None:
    window.goto(write_page(tmp_path / "drums.html").as_uri())
    window.until("document.querySelector('.drop') !== null")
    data = base64.b64encode(GROOVE.read_bytes()).decode()
    window.evaluate(DROP, GROOVE.name, data)
    window.until(f"{WEB.replace(').adt', ')?.adt')}?.hits.length > 0", 120)
    song = Transcription.from_json(window.evaluate(f"{WEB}.files('json')[0][1]"))
    mine = {(o.drum, round(o.time * 100)) for o in song}
    theirs = {(o.drum, round(o.time * 100)) for o in groove}
    assert len(mine ^ theirs) <= 2  # that lie at their thresholds
    assert song.tempo_text() == groove.tempo_text()
    assert song.source.sha256 == groove.source.sha256
    window.evaluate(f"{WEB}.play()")
    window.until(f"{WEB}.player.position > 0.5")
    window.evaluate(f"{WEB}.player.pause()")
    # The song is kept for the next visit.
    window.reload()
    window.until("document.querySelectorAll('.kept li').length === 1")
