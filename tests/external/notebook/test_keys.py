"""Keys: of other layouts, of the host, behind the help, held down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.notebook.pages import (
    ADT,
)

LAYOUTS = [
    # Undo, A, loop and a digit on layouts without Latin letters, or with signs on top.
    ("я", "KeyZ", "ф", "KeyA", "1", "Digit1"),
    ("ζ", "KeyZ", "α", "KeyA", "1", "Digit1"),
    ("w", "KeyZ", "a", "KeyQ", "&", "Digit1"),  # AZERTY: its z is elsewhere
]


def test_the_help_is_all_that_is_there_until_it_is_closed(page: Any) -> None:
    page.keyboard.press("Control+a")
    chosen = page.evaluate(f"{ADT}.selected.size")
    page.keyboard.down("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.down("?")  # it repeats while it is held
    page.keyboard.up("?")
    page.keyboard.press("a")
    assert page.evaluate(f"{ADT}.log.cursor") == 0
    for _ in range(3):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.getElementById('adt-plugins').shadowRoot.activeElement"
            "?.closest('.help') !== null"
        )
        assert inside
    page.get_by_label("Close help").focus()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").is_hidden()
    assert page.evaluate(f"{ADT}.selected.size") == chosen > 0
    page.keyboard.press("a")
    assert page.evaluate(f"{ADT}.log.cursor") == 1


def test_a_held_key_adds_one_hit(page: Any) -> None:
    for _ in range(3):
        page.keyboard.down("a")
    page.keyboard.up("a")
    assert page.evaluate(f"{ADT}.log.cursor") == 1
    page.keyboard.press("a")
    page.keyboard.down("Control")
    for _ in range(2):
        page.keyboard.down("z")
    page.keyboard.up("Control")
    assert page.evaluate(f"{ADT}.log.cursor") == 0


def press(page: Any, key: str, code: str, **held: bool) -> bool:
    """Press a key of a layout; return whether somebody has handled it."""
    taken: bool = page.evaluate(
        "([key, code, held]) => !document.getElementById('adt-plugins').shadowRoot"
        ".querySelector('.stage').dispatchEvent(new KeyboardEvent('keydown',"
        " {key, code, bubbles: true, composed: true, cancelable: true, ...held}))",
        [key, code, held],
    )
    return taken


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_on_other_layouts(page: Any, layout: tuple[str, ...]) -> None:
    z, z_code, a, a_code, one, one_code = layout
    assert press(page, a, a_code)
    assert page.evaluate(f"{ADT}.log.cursor") == 1
    page.evaluate(f"{ADT}.select([{ADT}.hits[9].id])")
    assert press(page, one, one_code)
    assert page.evaluate(f"{ADT}.log.cursor") == 2
    # A sign of that row which is a command is no digit; the digit is typed with Shift.
    assert press(page, "-", "Digit6")
    assert page.evaluate(f"{ADT}.log.cursor") == 2
    assert press(page, "2", "Digit2", shiftKey=True)
    assert page.evaluate(f"{ADT}.log.cursor") == 3
    page.evaluate(f"{ADT}.undo()")
    if z == "w":  # Ctrl+W closes the tab
        assert not press(page, z, z_code, ctrlKey=True)
        z, z_code = "z", "KeyW"
    assert press(page, z, z_code, ctrlKey=True)
    assert page.evaluate(f"{ADT}.log.cursor") == 1
    # A character typed with AltGr is no command.
    before = page.evaluate(f"{ADT}.threshold('KD')")
    assert press(page, "]", "Digit9", ctrlKey=True, altKey=True, modifierAltGraph=True)
    assert page.evaluate(f"{ADT}.threshold('KD')") > before
    # Keys that every layout has do the same.
    press(page, "j", "KeyJ")
    assert page.evaluate(f"{ADT}.threshold('KD')") == pytest.approx(before)


@pytest.mark.parametrize(
    ("key", "held"),
    [
        ("Enter", {"shiftKey": True}),
        ("Enter", {"ctrlKey": True}),
        ("Enter", {"altKey": True}),
        ("s", {"ctrlKey": True}),
        ("s", {"metaKey": True}),
        ("f", {"ctrlKey": True}),
        ("F5", {}),
    ],
)
def test_keys_of_the_host_are_left_to_it(
    page: Any, key: str, held: dict[str, bool]
) -> None:
    page.evaluate(
        "window.heard = []; document.addEventListener('keydown',"
        " (event) => heard.push([event.key, document.getElementById('adt-plugins')"
        ".hasAttribute('data-lm-suppress-shortcuts')]), {capture: true})"
    )
    assert not press(page, key, "", **held)
    assert page.evaluate("heard") == [[key, False]]
    assert page.evaluate(f"{ADT}.log.cursor") == 0
    page.wait_for_timeout(50)
    press(page, "a", "KeyA")
    assert page.evaluate("heard")[1] == ["a", True]


def test_arrows_go_through_a_toolbar(page: Any) -> None:
    page.get_by_label("Play or pause (Space)").focus()
    label = "document.getElementById('adt-plugins').shadowRoot.activeElement.ariaLabel"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(label) == "Loop the selection (L)"
    page.keyboard.press("End")
    assert page.evaluate(label) == "Keys and gestures (?)"
    assert page.evaluate(f"{ADT}.player.position") == 0
