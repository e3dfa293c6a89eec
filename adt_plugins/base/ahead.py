"""Iterate in another thread, some steps ahead of the one who takes the items."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

# On Windows, Ctrl-C does not interrupt a wait without end.
_TICK_S = 0.1


class Ahead(Generic[T]):
    """Items that are made in a thread of their own; in a ``with`` block.

    The items and their order are those of `items`; what that raises comes out where
    the next item would. At the end of the block, also on an exception, the thread is
    waited for: it stops at its next item.

    Parameters
    ----------
    items
        Iterated in the thread.
    depth
        Items that may wait to be taken; 0: any number.
    """

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._ready: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._make, daemon=True)

    def __enter__(self) -> Ahead[T]:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                item = self._ready.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    def _make(self) -> None:
        try:
            for item in self._items:
                if not self._put((item,)):
                    return
            self._put(None)
        except BaseException as error:  # raised again where it is seen
            self._put(error)

    def _put(self, item: tuple[T] | BaseException | None) -> bool:
        """Wait for room; tell if there is any use in going on."""
        while not self._stopped.is_set():
            try:
                self._ready.put(item, timeout=_TICK_S)
            except queue.Full:
                continue
            return True
        return False
