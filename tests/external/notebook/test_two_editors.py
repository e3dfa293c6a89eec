"""Several editors of one song: edits made in any of them are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.browser import until, watched
from tests.support.notebook.pages import ADT

EACH = 40


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    yield context
    context.close()


def tab(context: Any, groove_file: Path) -> Any:
    page, events = watched(context)
    page.goto(groove_file.as_uri())
    until(page, f"{ADT}.hits.length > 0")
    page.events = events
    return page


def ids(page: Any) -> list[str]:
    return sorted(page.evaluate(f"{ADT}.hits.map((hit) => hit.id)"))


def add(page: Any, count: int, start: float = 0.5) -> None:
    """Add hits, each in a task of its own, without waiting for them."""
    page.evaluate(
        f"([count, start]) => {{ for (let i = 0; i < count; i++)"
        f" setTimeout(() => {ADT}.add('SST', start + i / 10), 3 * i); }}",
        [count, start],
    )


def test_two_tabs_keep_what_both_do(
    context: Any, groove_file: Path, groove: Transcription
) -> None:
    one, two = tab(context, groove_file), tab(context, groove_file)
    add(one, EACH)
    add(two, EACH, 0.55)
    for page in (one, two):
        until(page, f"{ADT}.hits.length === {len(groove) + 2 * EACH}")
    assert ids(one) == ids(two)
    expected = ids(one)
    for page in (one, two):
        page.reload()
        until(page, f"{ADT}.log.cursor === {2 * EACH}")
        assert ids(page) == expected
    # Undo in one editor undoes in the other.
    one.evaluate(f"{ADT}.undo()")
    until(two, f"{ADT}.log.cursor === {2 * EACH - 1}")
    assert ids(one) == ids(two)


def test_a_page_that_ends_at_once_leaves_its_edits(
    context: Any, groove_file: Path, groove: Transcription
) -> None:
    page, other = tab(context, groove_file), tab(context, groove_file)
    for number in range(5):
        # The store is asked, and the page is gone before it answers.
        act = f"{ADT}.add('SST', {number}); location.reload();"
        with page.expect_navigation():
            page.evaluate(f"void setTimeout(() => {{ {act} }}, 20)")
        until(page, f"{ADT}.log.cursor === {number + 1}")
    page.evaluate(f"{ADT}.add('SST', 9)")
    page.close()
    other.reload()
    until(other, f"{ADT}.hits.length === {len(groove) + 6}")


def test_edits_that_an_earlier_build_kept_are_taken_over(
    context: Any, groove_file: Path, groove: Transcription
) -> None:
    page = tab(context, groove_file)
    hit = {"op": "add", "id": "old-1", "time": 1.0, "drum": "SST", "velocity": 9}
    page.evaluate(
        f"log => localStorage.setItem('adt-plugins ' + {ADT}.song.header.fingerprint,"
        " JSON.stringify(log))",
        {"steps": [[hit]], "cursor": 1},
    )
    page.reload()
    until(page, f"{ADT}.hits.length === {len(groove) + 1}")
    page.evaluate(f"{ADT}.undo()")
    page.reload()
    until(page, f"{ADT}.log.steps.length === 1")
    assert page.evaluate(f"{ADT}.log.cursor") == 0


def test_a_browser_that_keeps_nothing_says_so_and_goes_on_saying_it(
    context: Any, groove_file: Path, groove: Transcription
) -> None:
    context.add_init_script(
        "for (const name of ['indexedDB', 'localStorage'])"
        " Object.defineProperty(window, name, {get() { throw new Error('no'); }});"
    )
    page = tab(context, groove_file)
    warning = page.locator(".warnings")
    page.evaluate(f"{ADT}.add('SST', 1)")
    until(page, f"{ADT}.warnings.size === 1")
    assert "cannot store your edits" in warning.inner_text()
    page.locator(".stage").focus()
    page.keyboard.press(".")
    page.keyboard.press("Delete")
    assert "cannot store your edits" in warning.inner_text()
    assert len(ids(page)) == len(groove)
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    for _ in range(50):
        if asked:
            break
        context.pages[0].wait_for_timeout(100)
    assert asked == ["beforeunload"]
    # With the hits in a file, nobody is asked.
    with page.expect_download():
        page.get_by_label("Save the hits as a file").select_option("json")
    other = context.new_page()
    page.close(run_before_unload=True)
    for _ in range(50):
        if page.is_closed():
            break
        other.wait_for_timeout(100)
    assert page.is_closed()
    assert asked == ["beforeunload"]
