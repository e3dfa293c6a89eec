"""Files of hits that are opened in the page of a song."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adt_plugins import Onset, Transcription
from adt_plugins.drums import Drum
from tests.support.browser import until
from tests.support.notebook.pages import ADT
from tests.support.web.tab import drop


def said(page: Any, text: str) -> None:
    until(page, f"{ADT}.says.includes({text!r})")


def song(page: Any) -> Transcription:
    return Transcription.from_json(page.evaluate(f"{ADT}.files('json')[0][1]"))


def test_json_brings_hits_thresholds_and_bars(page: Any, tmp_path: Path) -> None:
    before = song(page)
    page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    page.evaluate(f"{ADT}.setThreshold('SD', 0.1)")
    page.evaluate(f"{ADT}.seek({before.beats[2].time})")
    page.keyboard.press("d")
    until(page, f"{ADT}.log.cursor === 3")
    edited = song(page)
    (path,) = edited.save(tmp_path / "groove.drums.json")
    for _ in range(3):
        page.evaluate(f"{ADT}.undo()")
    drop(page, "groove.drums.json", path.read_bytes())
    said(page, "“groove.drums.json” is opened: ")
    assert song(page).onsets == edited.onsets
    assert song(page).beats == edited.beats != before.beats
    assert song(page).model["thresholds"] == edited.model["thresholds"]
    page.keyboard.press("Control+z")
    assert song(page) == before
    # Without a mouse: from the toolbar.
    page.keyboard.press("Escape")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Open hits that were corrected").click()
    labels = {"mimeType": "text/plain", "buffer": b"1\t1\tKD\n"}
    chosen.value.set_files(files=[{"name": "groove.labels.txt", **labels}])
    said(page, "“groove.labels.txt” is opened: ")
    assert [(hit.time, hit.drum.value) for hit in song(page)] == [(1.0, "KD")]


def test_hits_of_another_song_and_other_files(page: Any, tmp_path: Path) -> None:
    other = Transcription(onsets=(Onset(1.0, Drum.KD),))
    (path,) = other.save(tmp_path / "other.drums.json")
    asked: list[str] = []

    def refuse(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    drop(page, path.name, path.read_bytes())
    said(page, "“other.drums.json” was not opened.")
    assert asked == [
        "“other.drums.json” has the hits of “other”. Correct “groove” by them?"
    ]
    drop(page, "song.mp3", b"ID3")
    said(page, "“song.mp3” is no file of hits: JSON, labels or MIDI.")
    drop(page, "bad.json", b"{")
    said(page, "“bad.json” is damaged: it is no JSON.")
    assert page.evaluate(f"{ADT}.log.cursor") == 0
