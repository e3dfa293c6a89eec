"""Iteration in another thread, some steps ahead of the consumer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

# On Windows, Ctrl-C does not interrupt an unlimited wait.
_TICK_S = 0.1


class Ahead(Generic[T]):
    """Iterate over `items` in a thread, inside a ``with`` block.

    Items arrive in order; an exception that `items` raises is raised in place of the
    next item. The end of the block, also after an exception, waits for the thread,
    which stops at its next item.

    Parameters
    ----------
    items
        Iterable that the thread consumes.
    depth
        Items that may be queued; 0: any number.
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
        except BaseException as error:  # raised again in the consumer
            self._put(error)

    def _put(self, item: tuple[T] | BaseException | None) -> bool:
        """Queue an item when there is room; False if the consumer has stopped."""
        while not self._stopped.is_set():
            try:
                self._ready.put(item, timeout=_TICK_S)
            except queue.Full:
                continue
            return True
        return False
