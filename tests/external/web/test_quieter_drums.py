"""The song's own drums turned down in the page of `adt web`."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.cli import main
from tests.support.browser import chromium, until
from tests.support.drum_tracks import HITS
from tests.support.notebook.quieter_drums import CHORDS, DRUMS, turned_down, write_song
from tests.support.web.tab import ADT, Tab

Whole = NDArray[np.int16]

# The song without its drums at the hits as they are, piece by piece.
DRUMLESS = f"""async () => {{
  const told = [];
  const {{ audio, chunk }} = await {ADT}.host.drumless(part => told.push(part));
  const pieces = [];
  for (let i = 0; i * audio.chunk < audio.samples; i++) {{
    const bytes = new Uint8Array(await chunk(i));
    const letters = Array.from(bytes, byte => String.fromCharCode(byte));
    pieces.push(btoa(letters.join("")));
  }}
  return [pieces, told];
}}"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    folder = tmp_path_factory.mktemp("web")
    assert main(["web", "-o", str(folder / "drums.html")]) == 0
    song = write_song(folder / "song.wav")
    HITS.save(folder / "song.drums.json")
    with chromium() as browser:
        tab = Tab(browser.new_context(), (folder / "drums.html").as_uri())
        tab.choose(song)
        # What the network hears in noises is not the point: the hits are known.
        tab.choose(folder / "song.drums.json")
        until(tab.page, f"{ADT}.hits.length === {len(HITS)}")
        yield tab
        tab.close()


def drumless(tab: Tab) -> Whole:
    pieces, reports = tab.page.evaluate(DRUMLESS)
    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    parts = [
        soundfile.read(io.BytesIO(base64.b64decode(piece)), dtype="int16")[0]
        for piece in pieces
    ]
    return np.concatenate(parts)


def decibels(signal: Any, beside: Any) -> float:
    return float(10 * np.log10(np.mean(signal**2) / np.mean(beside**2)))


def test_what_is_left_is_the_rest_of_the_song(tab: Tab) -> None:
    rest = drumless(tab) / 32768
    assert rest.shape == CHORDS.shape
    # Of the drums little is left, and the chords have lost nothing that is heard.
    assert decibels(rest - CHORDS, DRUMS) < -20
    assert decibels(rest - CHORDS, CHORDS) < -15


def test_the_slider_turns_them_down(tab: Tab) -> None:
    turned_down(tab.page, ADT)


def test_without_hits_the_song_stays_as_it_is(tab: Tab) -> None:
    tab.page.evaluate(f"{ADT}.remove({ADT}.hits)")
    until(tab.page, f"{ADT}.hits.length === 0")
    song = np.rint((DRUMS + CHORDS) * 32768)
    np.testing.assert_allclose(drumless(tab), song, atol=1)
    tab.page.evaluate(f"{ADT}.undo()")
