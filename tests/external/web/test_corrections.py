"""Corrected bars in the page of `adt web`, and the track of a film that it names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import mido
import pytest

from tests.support.browser import until
from tests.support.paths import GROOVE
from tests.support.web.tab import ADT, Tab


def test_corrected_bars_are_kept_and_saved(
    browser: Any, page_file: Path, tmp_path: Path
) -> None:
    tab = Tab(browser.new_context(accept_downloads=True), page_file.as_uri())
    tab.choose(GROOVE)
    before = tab.song()
    assert before.tempo is not None
    tab.page.evaluate(f"{ADT}.seek({before.beats[2].time})")
    for name in ("A bar starts at the playhead (D)", "Half the tempo (Shift+X)"):
        tab.page.get_by_role("button", name=name).click()
    until(tab.page, f"{ADT}.log.cursor === 2")
    after = tab.song()
    assert after.tempo == pytest.approx(before.tempo / 2, rel=1e-3)
    assert len(after.beats) in {len(before.beats) // 2, len(before.beats) // 2 + 1}
    downbeats = [beat.time for beat in after.beats if beat.position == 1]
    assert before.beats[2].time in downbeats
    assert after.onsets == before.onsets

    name, content = tab.save("MIDI")
    (tmp_path / name).write_bytes(content)
    tempos = [
        mido.tempo2bpm(message.tempo)
        for message in mido.MidiFile(tmp_path / name)
        if message.type == "set_tempo"
    ]
    assert tempos[-1] == pytest.approx(after.tempo, rel=0.02)

    # They are there again after a reload, and undo still takes them back.
    tab.page.reload()
    tab.page.locator(".kept li button").first.click()
    tab.page.locator(".stage").wait_for()
    until(tab.page, f"{ADT}.log.cursor === 2")
    assert tab.song() == after
    tab.page.locator(".stage").focus()
    for left in (1, 0):
        tab.page.keyboard.press("Control+z")
        until(tab.page, f"{ADT}.log.cursor === {left}")
    assert tab.song().beats == before.beats
    tab.close()


def test_corrected_bars_go_along_in_a_json_file(tab: Tab) -> None:
    tab.choose(GROOVE)
    before = tab.song()
    tab.page.evaluate(f"{ADT}.seek({before.beats[2].time})")
    tab.page.get_by_role("button", name="A bar starts at the playhead (D)").click()
    tab.page.evaluate(f"{ADT}.setRange({{start: 8, end: 12}})")
    tab.page.get_by_label("Meter of the selection, or of the song").select_option("3/4")
    until(tab.page, f"{ADT}.log.cursor === 2")
    corrected = tab.song()
    assert len(corrected.meters) == 3
    name, content = tab.save("JSON")
    for _ in range(2):
        tab.page.evaluate(f"{ADT}.undo()")
    assert tab.song() == before
    tab.drop(name, content)
    until(tab.page, f"{ADT}.log.cursor === 1")
    assert tab.notice == f"“{name}” is opened: 1 change. Undo takes them back."
    assert tab.song() == corrected
    tab.page.evaluate(f"{ADT}.undo()")
    assert tab.song() == before


def test_hits_behind_the_end_are_left_out_and_told(tab: Tab) -> None:
    tab.choose(GROOVE)
    labels = b"1.000000\t1.000000\tKD\n300.000000\t300.000000\tKD\n"
    tab.drop("groove.labels.txt", labels)
    until(tab.page, f"{ADT}.log.cursor === 1")
    assert [hit.time for hit in tab.song()] == [1.0]
    assert tab.notice.endswith("Left out: 1 hit behind the end of the song.")


def test_the_page_names_the_track_of_a_film(
    browser: Any, page_file: Path, tmp_path: Path
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("FFmpeg is not installed")
    film = tmp_path / "film.mka"
    tone = ["-f", "lavfi", "-i", "sine=duration=4"]
    maps = ["-map", "0", "-map", "1", "-c:a", "libopus", "-ar", "48000"]
    chosen = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    subprocess.run(
        [ffmpeg, "-v", "error", *tone, "-i", GROOVE, *maps, *chosen, film], check=True
    )
    tab = Tab(browser.new_context(), page_file.as_uri())
    tab.choose(film)
    assert tab.notice == ("Audio track 2 of 2 in “film.mka” is read, as players do.")
    assert len(tab.song().onsets) > 100
    tab.close()
