"""Iterating in another thread: the same items, errors, an end to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from adt_plugins.base.ahead import Ahead


def test_items_come_in_their_order() -> None:
    with Ahead(range(1000), 3) as items:
        assert list(items) == list(range(1000))


def test_they_are_made_elsewhere() -> None:
    def where() -> Iterator[int]:
        yield threading.get_ident()

    with Ahead(where(), 1) as items:
        assert list(items) != [threading.get_ident()]


def test_no_more_wait_than_told() -> None:
    made: list[int] = []
    full = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 3:
                full.set()
            yield number

    with Ahead(numbers(), 3) as items:
        assert full.wait(60)
        # Three wait, and a fourth has been made.
        assert made == [0, 1, 2, 3]
        assert list(items) == list(range(100))


def test_an_error_comes_where_the_next_item_would() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken here")

    with Ahead(broken(), 5) as items:
        taken = iter(items)
        assert next(taken) == 1
        with pytest.raises(ValueError, match="broken here"):
            next(taken)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_leaving_early_ends_the_thread(depth: int) -> None:
    asked = threading.Event()

    def endless() -> Iterator[int]:
        while not asked.is_set():
            yield 1

    def leave() -> None:
        with (
            Ahead(endless(), depth) as items,
            Ahead(items, depth or 1) as twice,
        ):
            next(iter(twice))
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert threading.active_count() == before
    assert not asked.is_set()
