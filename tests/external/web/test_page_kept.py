"""What the page keeps of a song: over reloads, in two tabs, from files of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adt_plugins import Transcription
from adt_plugins.notebook.widget import DrumWidget
from tests.support.browser import until
from tests.support.notebook import pages
from tests.support.notebook.minimal_host import SESSION, show
from tests.support.paths import GROOVE
from tests.support.recordings import write_wave
from tests.support.web.tab import ADT, Tab, opened

EACH = 40


def test_work_is_kept_until_it_is_removed(tab: Tab, tmp_path: Path) -> None:
    import soundfile

    sound, rate = soundfile.read(GROOVE, dtype="float32")
    other = write_wave(tmp_path / "other.wav", sound[: 8 * rate])
    tab.choose(GROOVE)
    tab.page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    tab.page.evaluate(f"{ADT}.setThreshold('HH', 0.5)")
    edited = tab.song()
    tab.choose(other)  # two songs in a row
    assert tab.song().source.path == "other.wav"
    assert tab.kept == ["other.wav", "groove.flac"]
    assert tab.page.locator(".stage").count() == 1

    tab.page.reload()
    until(tab.page, "document.querySelectorAll('.kept li').length === 2")
    tab.page.get_by_role("button", name="Open groove.flac").click()
    until(tab.page, f"document.querySelector('.song > div') && {ADT}.log.cursor === 2")
    assert tab.song() == edited
    tab.page.locator(".stage").focus()
    tab.page.keyboard.press("Space")
    until(tab.page, f"{ADT}.player.position > 0.3")
    tab.page.keyboard.press("Space")
    tab.page.keyboard.press("Control+z")
    until(tab.page, f"{ADT}.log.cursor === 1")
    # Dropped again, it is the one with the edits.
    tab.choose(GROOVE)
    assert "was kept here" in tab.notice
    assert tab.page.evaluate(f"{ADT}.log.cursor") == 1
    assert tab.kept == ["other.wav", "groove.flac"]

    tab.page.on("dialog", lambda dialog: dialog.accept())
    for name in ("groove.flac", "other.wav"):
        tab.page.get_by_role("button", name=f"Remove {name}").click()
        until(
            tab.page, f"!document.querySelector('.kept').innerText.includes('{name}')"
        )
    assert tab.page.locator(".stage").count() == 0
    assert tab.page.locator(".saving").is_hidden()
    tab.page.reload()
    tab.page.wait_for_selector(".drop")
    assert tab.kept == []


def test_the_small_drop_zone_has_room_on_a_telephone(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 400, "height": 800})
    inset = tab.page.evaluate(
        "(() => { const drop = document.querySelector('.drop');"
        " drop.classList.add('small'); const box = drop.getBoundingClientRect();"
        " return Math.min(...[...drop.querySelectorAll('span, small')].flatMap((one) =>"
        " { const r = one.getBoundingClientRect(); return [r.left - box.left,"
        " box.right - r.right, r.top - box.top, box.bottom - r.bottom]; })); })()"
    )
    assert inset >= 6


def test_the_drum_maps_have_room_on_a_telephone(tab: Tab) -> None:
    tab.choose(GROOVE)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    # The name that is chosen, and the arrow.
    needed, room = tab.page.evaluate(
        "(() => { const select = document.querySelector('.pair select');"
        " const room = select.clientWidth; select.style.flex = 'none';"
        " for (const one of [...select.options]) if (!one.selected) one.remove();"
        " return [select.clientWidth, room]; })()"
    )
    assert room >= needed
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 360


def test_edits_of_another_tab_stay(tab: Tab) -> None:
    other = Tab(tab.context, tab.url)
    other.choose(GROOVE)
    other.page.locator(".stage").focus()
    other.page.keyboard.press("a")
    until(other.page, f"{ADT}.log.cursor === 1")
    tab.choose(GROOVE)  # when it was opened, nothing was kept yet
    assert "was kept here" in tab.notice
    assert tab.page.evaluate(f"{ADT}.log.cursor") == 1


def test_two_tabs_keep_what_both_do(tab: Tab) -> None:
    other = Tab(tab.context, tab.url)
    for each in (tab, other):
        each.choose(GROOVE)
    for each, start in ((tab, 0.5), (other, 0.55)):
        each.page.evaluate(
            f"start => {{ for (let i = 0; i < 30; i++)"
            f" setTimeout(() => {ADT}.add('SST', start + i / 10), 3 * i); }}",
            start,
        )
    for each in (tab, other):
        until(each.page, f"{ADT}.log.cursor === 60")
    assert tab.song() == other.song()
    before = tab.song()
    tab.page.reload()
    until(tab.page, "document.querySelectorAll('.kept li').length === 1")
    tab.page.get_by_role("button", name="Open groove.flac").click()
    until(tab.page, f"document.querySelector('.song > div') && {ADT}.log.cursor === 60")
    assert tab.song() == before
    # A song that the other tab removes is not kept here any more, and that is said.
    other.page.on("dialog", lambda dialog: dialog.accept())
    other.page.get_by_role("button", name="Remove groove.flac").click()
    until(other.page, "document.querySelector('.stage') === null")
    tab.page.evaluate(f"{ADT}.add('SST', 9)")
    until(tab.page, f"{ADT}.warnings.size === 1")
    assert "removed in another tab" in tab.warnings
    tab.page.evaluate(f"{ADT}.add('SST', 9.5)")
    tab.page.wait_for_timeout(200)
    assert "removed in another tab" in tab.warnings


def test_a_store_that_vanishes_is_told_until_the_end(
    browser: Any, urls: dict[str, str]
) -> None:
    tab = opened(browser, urls["file"])
    tab.choose(GROOVE)
    tab.page.evaluate(f"{ADT}.add('SST', 1.25)")
    until(tab.page, "!localStorage.length")
    assert tab.warnings == ""
    tab.page.evaluate(
        "void (IDBDatabase.prototype.transaction = Storage.prototype.setItem = () => {"
        " throw new DOMException('gone', 'InvalidStateError'); })"
    )
    tab.page.evaluate(f"{ADT}.add('SST', 2.25)")
    until(tab.page, f"{ADT}.warnings.size === 1")
    told = "Your edits are not kept (gone): save your files before you close the page."
    tab.page.locator(".stage").focus()
    for key, left in (("Control+z", 1), ("Control+Shift+z", 2), ("a", 3)):
        tab.page.keyboard.press(key)
        until(tab.page, f"{ADT}.log.cursor === {left}")
        assert told in tab.warnings
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    tab.page.on("dialog", stay)
    other = tab.context.new_page()
    tab.page.close(run_before_unload=True)
    until(other, "true")
    for _ in range(50):
        if asked:
            break
        other.wait_for_timeout(100)
    assert asked == ["beforeunload"]
    tab.close()


def test_the_page_of_a_song_and_this_one_keep_their_own_edits(
    tab: Tab, page_file: Path, by_python: Transcription
) -> None:
    (file,) = by_python.save(page_file.parent / "song.html", overwrite=True)
    song = tab.context.new_page()
    song.goto(file.as_uri())
    until(song, f"{pages.ADT}.hits.length > 0")
    tab.choose(GROOVE)
    for number in range(5):
        tab.page.evaluate(f"{ADT}.add('SST', {number} + 0.3)")
        song.evaluate(f"{pages.ADT}.add('SST', {number} + 0.6)")
    song.evaluate(f"{pages.ADT}.undo()")
    edited = tab.song()
    tab.page.reload()
    song.reload()
    until(song, f"{pages.ADT}.log.cursor === 4")
    until(tab.page, "document.querySelectorAll('.kept li').length === 1")
    tab.page.get_by_role("button", name="Open groove.flac").click()
    until(tab.page, f"document.querySelector('.song > div') && {ADT}.log.cursor === 5")
    assert tab.song() == edited


def same_hits(one: Transcription, other: Transcription) -> bool:
    """Return whether hits agree to the six decimals of a file."""
    hits = [
        [(o.drum, round(o.time, 6), o.velocity) for o in song] for song in (one, other)
    ]
    return hits[0] == hits[1]


def notice(tab: Tab, text: str) -> None:
    """Wait for a message; a file of hits is read without a sign of work."""
    shown = (
        f"document.querySelector('.notice').textContent.includes({json.dumps(text)})"
    )
    until(tab.page, shown)


def test_own_files_are_corrections_of_their_song(tab: Tab, tmp_path: Path) -> None:
    tab.choose(GROOVE)
    plain = tab.song()
    tab.page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    tab.page.evaluate(f"{ADT}.setThreshold('SD', 0.1)")
    tab.page.evaluate(f"{ADT}.remove({ADT}.hits.slice(0, 3))")
    edited = tab.song()
    path = edited.save(tmp_path / "groove.drums.json")[0]
    (labels,) = edited.save(tmp_path / "groove.labels.txt", "labels")
    for _ in range(3):
        tab.page.evaluate(f"{ADT}.undo()")
    assert tab.song() == plain
    tab.choose(path)
    assert same_hits(tab.song(), edited)
    assert tab.song().model["thresholds"] == edited.model["thresholds"]
    assert "“groove.drums.json” is opened: " in tab.notice
    tab.page.evaluate(f"{ADT}.undo()")
    assert tab.song() == plain
    tab.choose(labels)
    assert {(o.drum, round(o.time, 8)) for o in tab.song()} == {
        (o.drum, round(o.time, 8)) for o in edited
    }
    tab.choose(labels)
    assert tab.notice == "“groove.labels.txt” has the hits that are shown."
    # So do both MIDI files and the archive; the names of others say nothing.
    steps = tab.page.evaluate(f"{ADT}.log.steps.length")
    for kind in ("MIDI", "MIDI at 120 BPM", "Labels, one file a drum (zip)"):
        name, data = tab.save(kind)
        tab.drop(name, data)
        own = name if name.endswith(".mid") else "groove.labels.KD.txt"
        notice(tab, f"“{own}” has the hits that are shown.")
        assert tab.page.evaluate(f"{ADT}.log.steps.length") == steps, kind


def test_own_files_of_no_song_and_without_their_song(tab: Tab, tmp_path: Path) -> None:
    """Labels that name no song correct the one shown; hits wait for their recording."""
    tab.choose(GROOVE)
    tab.page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    edited = tab.song()
    (path,) = edited.save(tmp_path / "groove.drums.json")
    asked: list[str] = []

    def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    tab.page.once("dialog", agree)
    tab.drop("Label Track.txt", b"1.000000\t1.000000\tKD\n")
    notice(tab, "“Label Track.txt” is opened")
    assert asked == [
        "“Label Track.txt” does not say what song it is of."
        " Correct “groove.flac” by it?"
    ]
    assert len(tab.song()) == 1
    tab.page.evaluate(f"{ADT}.undo()")
    other = opened(tab.page.context.browser, tab.url)
    other.choose(path)
    assert other.notice == (
        "“groove.drums.json” has the hits of “groove.flac”: drop that recording too,"
        " and it opens with them."
    )
    other.choose(GROOVE)
    assert same_hits(other.song(), edited)
    assert other.notice.startswith("“groove.drums.json” is opened: ")
    (tmp_path / "other.json").write_text("[]")
    other.choose(tmp_path / "other.json")
    notice(other, "“other.json” is no transcription.")
    other.close()


def test_no_room_to_keep_a_song(browser: Any, urls: dict[str, str]) -> None:
    tab = opened(browser, urls["http"])
    session = tab.context.new_cdp_session(tab.page)
    origin = urls["http"].rpartition("/")[0]
    session.send(
        "Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1000}
    )
    tab.choose(GROOVE)
    # The warning stays, whatever else is shown.
    warned = "There is no room left to keep “groove.flac”"
    assert tab.warnings.startswith(warned)
    assert len(tab.song()) > 100
    assert tab.kept == []
    tab.page.evaluate(f"{ADT}.add('SST', 1.25, 77)")
    # Another recording would take its place: the page asks first.
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    tab.page.on("dialog", stay)
    tab.choose(GROOVE)
    assert asked == [
        "Your edits of “groove.flac” are in no file and not kept. Go on without them?"
    ]
    assert 1.25 in tab.song().times("SST")
    assert tab.warnings.startswith(warned)
    assert tab.save("Audacity labels")[0] == "groove.labels.txt"
    assert tab.notice == f"“groove.labels.txt” is saved: {len(tab.song())} hits."
    tab.close()


def serve(context: Any, url: str, path: Path) -> None:
    """Let pages of a context find a page at an address."""
    context.route(url, lambda route: route.fulfill(path=path, content_type="text/html"))


def test_widget_page_of_a_song_and_this_one_at_once(
    browser: Any, page_file: Path, by_python: Transcription
) -> None:
    """Three editors of one song, in pages of one server: none loses or mixes edits."""
    context = browser.new_context()
    (file,) = by_python.save(page_file.parent / "song.html", overwrite=True)
    for name, path in (("song", file), ("web", page_file)):
        serve(context, f"http://localhost/{name}.html", path)
    widget: Any = DrumWidget(by_python, GROOVE)
    host, song = context.new_page(), context.new_page()
    show(host, widget, initializes=True)
    until(host, f"{SESSION}?.hits.length === {len(by_python)}")
    song.goto("http://localhost/song.html")
    until(song, f"{pages.ADT}.hits.length > 0")
    tab = Tab(context, "http://localhost/web.html")
    tab.choose(GROOVE)
    editors = [(host, SESSION), (song, pages.ADT), (tab.page, ADT)]
    for number, (page, session) in enumerate(editors):
        page.evaluate(
            "([count, start]) => { for (let i = 0; i < count; i++) setTimeout(() => "
            f"{session}.add('SST', start + i / 10), 3 * i); }}",
            [EACH + number, 0.5 + number / 50],
        )
    for number, (page, session) in enumerate(editors):
        until(page, f"{session}.log.cursor === {EACH + number}")
    for page, session in editors:
        page.evaluate(f"{session}.undo()")
    for number, (page, session) in enumerate(editors):
        until(page, f"{session}.log.cursor === {EACH + number - 1}")
        assert page.locator(".warnings").inner_text() == ""
    for _ in range(100):
        if len(widget.transcription) == len(by_python) + EACH - 1:
            break
        host.wait_for_timeout(50)
    counts = [len(by_python) + EACH + number - 1 for number in range(3)]
    assert len(widget.transcription) == counts[0]
    heard = [page.evaluate(f"{session}.hits.length") for page, session in editors]
    assert heard == counts
    song.reload()
    until(song, f"{pages.ADT}.hits.length === {counts[1]}")
    tab.page.reload()
    until(tab.page, "document.querySelectorAll('.kept li').length === 1")
    tab.page.get_by_role("button", name="Open groove.flac").click()
    until(
        tab.page,
        f"document.querySelector('.song > div')?.adt.hits.length === {counts[2]}",
    )
    assert len(widget.transcription) == counts[0]
    context.close()
