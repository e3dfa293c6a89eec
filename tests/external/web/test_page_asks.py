"""What the page asks before it gives up edits that it cannot keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.paths import GROOVE
from tests.support.recordings import write_wave
from tests.support.web.tab import ADT, opened


def test_edits_made_while_the_next_recording_is_heard_are_not_lost(
    browser: Any, urls: dict[str, str], tmp_path: Path
) -> None:
    import soundfile

    sound, rate = soundfile.read(GROOVE, dtype="float32")
    other = write_wave(tmp_path / "other.wav", sound[: 8 * rate])
    tab = opened(browser, urls["file"])
    tab.page.evaluate("void (IDBObjectStore.prototype.put = () => { throw 0; })")
    tab.choose(GROOVE)
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    tab.page.on("dialog", answer)
    tab.page.evaluate(
        "void new MutationObserver((_, seen) => {"
        " if (!document.querySelector('.work').innerText.includes('other')) return;"
        f" seen.disconnect(); {ADT}.add('SST', 1.25, 77); }})"
        ".observe(document.querySelector('.work'), {subtree: true, childList: true})"
    )
    tab.choose(other)
    assert len(asked) == 1
    assert tab.notice == "“other.wav” was not opened."
    assert 1.25 in tab.song().times("SST")
    # Who agrees to lose them is asked once.
    tab.page.remove_listener("dialog", answer)

    def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    tab.page.on("dialog", agree)
    tab.choose(other)
    assert len(asked) == 2
    assert tab.song().source.path == "other.wav"
    tab.close()
