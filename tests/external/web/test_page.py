"""The page that transcribes, in a real browser, from disk and from a plain server."""

from __future__ import annotations

import io
import re
import wave
import zipfile
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.annotations import Onset
from adt_plugins.base.hashing import sha256
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.formats.notation.part import make_part
from adt_plugins.midi.drum_maps import list_maps
from tests.support.browser import pixels, until
from tests.support.paths import GROOVE
from tests.support.web.tab import ADT, Tab, opened

MOST_BYTES = 2_000_000
SOURCES = ("file", "http")


def test_one_file_that_is_small_and_always_the_same(
    page_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1_000_000 < page_file.stat().st_size <= MOST_BYTES
    before = page_file.read_bytes()
    page_file.write_bytes(before + b"\n")
    assert main(["web", "-o", str(page_file)]) == 2
    assert "drums.html: has been changed since" in capsys.readouterr().err
    page_file.write_bytes(b"")
    assert main(["web", "--overwrite", "-o", str(page_file)]) == 0
    assert page_file.read_bytes() == before
    assert main(["web", "-o", str(tmp_path / "none" / "drums.html")]) == 2
    policy = re.search(rb'Content-Security-Policy" content="([^"]*)"', before)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].decode().split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch("'sha256-[^']*' 'wasm-unsafe-eval'", rules["script-src"])
    assert rules["worker-src"] == rules["media-src"] == "blob:"
    assert "connect-src" not in rules


def assert_same(song: Transcription, expected: Transcription) -> None:
    """The hits are Python's, but for one that may lie at its threshold."""
    mine = {(o.drum, round(o.time * 100)): o for o in song}
    theirs = {(o.drum, round(o.time * 100)): o for o in expected}
    both = mine.keys() & theirs.keys()
    assert len(mine.keys() ^ theirs.keys()) <= 1
    for key in both:
        assert abs(mine[key].velocity - theirs[key].velocity) <= 2
        assert abs(mine[key].confidence - theirs[key].confidence) < 2e-3


@pytest.mark.parametrize("source", SOURCES)
def test_a_recording_becomes_drums_as_in_python(
    browser: Any, urls: dict[str, str], source: str, by_python: Transcription
) -> None:
    tab = opened(browser, urls[source])
    if source == "file":
        tab.choose(GROOVE)
    else:
        tab.drop(GROOVE.name, GROOVE.read_bytes())
    assert tab.notice == ""
    song = tab.song()
    assert_same(song, by_python)
    assert song.source == replace(by_python.source, path=GROOVE.name)
    assert song.source.sha256 == sha256(GROOVE)
    assert dict(song.model) == dict(by_python.model)
    assert len(song.beats) > 30
    assert [beat.position for beat in song.beats] == [
        beat.position for beat in by_python.beats
    ]
    for mine, theirs in zip(song.beats, by_python.beats, strict=True):
        assert abs(mine.time - theirs.time) <= 0.01 + 1e-9
    assert song.tempo_text() == by_python.tempo_text() != ""
    # It plays what was dropped.
    before = tab.page.evaluate(f"{ADT}.player.position")
    tab.page.locator(".stage").focus()
    tab.page.keyboard.press("Space")
    until(tab.page, f"{ADT}.player.position > {before} + 0.3")
    tab.page.keyboard.press("Space")
    assert tab.kept == [GROOVE.name]
    assert "left to" not in tab.page.locator(".saving").inner_text()
    tab.close()


def test_the_example_is_one_click_away(tab: Tab) -> None:
    assert tab.page.get_by_role("img", name="A waveform").count() == 1
    tab.page.get_by_role("button", name="Try it with an example").click()
    until(tab.page, "document.querySelector('.work').hidden === false")
    tab.wait()
    assert tab.notice == ""
    song = tab.song()
    assert len(song) > 100
    assert len(song.beats) > 30
    assert tab.kept == ["example.mp3"]
    assert tab.page.locator(".welcome").is_hidden()


def test_the_engine_starts_before_a_file_is_chosen(tab: Tab) -> None:
    """Its two workers start with the page, and stay the same for all files."""
    for _ in range(100):
        if len(tab.page.workers) == 2:
            break
        tab.page.wait_for_timeout(50)
    workers = list(tab.page.workers)
    assert len(workers) == 2
    tab.choose(GROOVE)
    assert tab.page.workers == workers


def test_finer_drums_if_they_are_wanted(tab: Tab, by_python: Transcription) -> None:
    """Finer drums make a song of their own, and are in its files."""
    fine = transcribe(GROOVE, fine=True)
    tab.choose(GROOVE)
    assert drums_of(tab.song()) == drums_of(by_python)
    tab.page.get_by_label("Tell open hi-hats").check()
    tab.choose(GROOVE)
    assert drums_of(tab.song()) == drums_of(fine) != drums_of(by_python)
    # Finer drums stand below their coarse ones.
    families = [Drum(code).coarse for code in tab.page.evaluate(f"{ADT}.lanes")]
    assert len(families) > len(set(families)) >= 5
    assert len(list(groupby(families))) == len(set(families))
    assert tab.song().model == fine.model
    name, text = tab.save("Audacity labels")
    assert name.endswith(".labels.txt")
    assert text.decode().count("\tCHH\n") == len(fine.times("CHH"))
    listed = tab.page.locator(".kept li").all_inner_texts()
    assert ["finer drums" in text for text in listed] == [True, False]
    tab.page.set_viewport_size({"width": 360, "height": 740})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360
    # Each has edits of its own.
    tab.page.get_by_role("button", name=f"Open {GROOVE.name}").last.click()
    until(tab.page, f"{ADT}.files('json')[0][1].includes('CHH') === false")


def test_the_chosen_lane_stays_when_another_appears(tab: Tab) -> None:
    tab.choose(GROOVE)
    tab.page.evaluate(f"{ADT}.lane = {ADT}.lanes.indexOf('TT')")
    add = "{op: 'add', id: 'new', time: 1, drum: 'OHH', velocity: 90}"
    tab.page.evaluate(f"{ADT}.do([{add}])")
    until(tab.page, f"{ADT}.lanes.includes('OHH')")
    lanes = tab.page.evaluate(f"{ADT}.lanes")
    assert lanes[:6] == ["KD", "SD", "SST", "HH", "OHH", "TT"]
    assert tab.page.evaluate(f"{ADT}.lanes[{ADT}.lane]") == "TT"


def drums_of(song: Transcription) -> dict[str, int]:
    """Count the hits of each drum."""
    return {str(drum): count for drum, count in song.counts().items()}


@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_the_start_page_fits_every_screen(tab: Tab, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 900})
    wide = tab.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    shown = tab.page.locator(".welcome li").all()
    assert len(shown) == 3
    assert all(step.is_visible() for step in shown)


def edited(tab: Tab, folder: Path) -> Transcription:
    """Edit the example in the page, and return it as read from the page's JSON."""
    tab.choose(GROOVE)
    tab.page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    tab.page.evaluate(f"{ADT}.setThreshold('SD', 0.1)")
    name, data = tab.save("JSON")
    assert name == "groove.drums.json"
    (folder / name).write_bytes(data)
    song = Transcription.read(folder / name)
    assert song.to_json().encode() == data
    assert song.model["thresholds"]["SD"] == 0.1
    assert 1.25 in song.times("SST")
    # The JSON gives times to a microsecond; what else is saved, as they were found.
    exact = tab.page.evaluate(
        f"{ADT}.hits.map(h => [h.time, h.drum, h.velocity, h.confidence])"
    )
    return replace(song, onsets=tuple(Onset(*hit) for hit in exact))


def test_what_is_saved_is_what_python_writes(tab: Tab, tmp_path: Path) -> None:
    song, python = edited(tab, tmp_path), tmp_path / "python"
    python.mkdir()
    song.save(python / "groove.labels.txt", "labels")
    assert tab.save("Audacity labels") == (
        "groove.labels.txt",
        (python / "groove.labels.txt").read_bytes(),
    )
    song.save(python / "groove.tab.txt", "tab")
    assert tab.save("Drum tab") == (
        "groove.tab.txt",
        (python / "groove.tab.txt").read_bytes(),
    )
    (python / "split").mkdir()
    split = song.save(python / "split" / "groove.labels.txt", "labels-split")
    name, data = tab.save("Labels, one file a drum (zip)")
    assert name == "groove.labels.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        files = {item: archive.read(item) for item in archive.namelist()}
    assert files == {path.name: path.read_bytes() for path in split}
    song.save(python / "groove.click.wav", "click", audio=GROOVE)
    name, data = tab.save("Song with clicks (WAV)")
    assert name == "groove.click.wav"
    assert np.abs(samples(data) - samples((python / name).read_bytes())).max() <= 2


def test_midi_that_is_saved_is_what_python_writes(tab: Tab, tmp_path: Path) -> None:
    song = edited(tab, tmp_path)
    for drum_map in list_maps():
        tab.page.get_by_label("Notes of the MIDI file").select_option(drum_map.name)
        paths = song.save(tmp_path / f"{drum_map.name}.mid", "midi", drum_map=drum_map)
        kinds = {
            "MIDI": "groove.drums.mid",
            "MIDI at 120 BPM": "groove.drums.120bpm.mid",
        }
        for (kind, file_name), path in zip(kinds.items(), paths, strict=True):
            assert tab.save(kind) == (file_name, path.read_bytes())
        homeless = [d for d in song.counts() if drum_map.note(d) is None]
        assert all(d.full_name in tab.notice for d in homeless)
        assert tab.notice.startswith("“groove.drums.120bpm.mid” is saved: ")
        assert ("has no note for" in tab.notice) == bool(homeless)


def samples(data: bytes) -> Any:
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[1:3] == (2, 44100)
        values = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(int)
        return values.reshape(-1, file.getnchannels()).mean(axis=1)


def test_notation_is_what_python_writes_of_the_song(tab: Tab) -> None:
    tab.choose(GROOVE)
    tab.page.keyboard.press("v")
    tab.page.locator(".score-bar").first.wait_for()
    assert tab.page.locator(".score-bar").count() == len(make_part(tab.song()).bars)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_looks_and_names_for_keyboards_and_screen_readers(
    browser: Any, urls: dict[str, str], scheme: str
) -> None:
    tab = opened(browser, urls["file"], color_scheme=scheme)
    ground = int(pixels(tab.page.screenshot())[:20, :20].mean())
    assert ground > 240 if scheme == "light" else ground < 30
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.type") == "file"
    tab.choose(GROOVE)
    dark = "document.querySelector('.song > div').shadowRoot.querySelector('.light')"
    assert tab.page.evaluate(f"{dark} === null") == (scheme == "dark")
    names = tab.page.locator("button, select, progress, section").evaluate_all(
        "all => all.map((one) => one.ariaLabel)"
    )
    assert len(names) > 30
    assert all(names)
    assert tab.page.locator("label input[type=file]").count() == 1
    assert tab.page.locator(".notice[role=alert]").count() == 1
    tab.close()
