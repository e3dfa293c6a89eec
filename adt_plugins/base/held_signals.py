"""Holds back signals while a C library calls back into Python."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_HELD = (signal.SIGINT, signal.SIGTERM)


class HeldSignals:
    """Delay Ctrl-C and SIGTERM until the end of a ``with`` block.

    An exception that a signal handler raises in a callback of a C library is printed
    and dropped, and the library goes on with whatever the callback seemed to return:
    the signal is lost, and perhaps data too. The block should contain a single, short
    call of the library. Handlers that were not set from Python, and threads other than
    the main one, in which no handler runs, are left alone.
    """

    def __enter__(self) -> HeldSignals:
        self._usual: dict[int, Any] = {}
        self._pending: list[tuple[int, FrameType | None]] = []
        if threading.current_thread() is not threading.main_thread():
            return self
        try:
            for number in _HELD:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._usual[number] = handler
                    signal.signal(number, self._note)
        except BaseException:  # a signal that is not held yet
            self._restore()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        usual = dict(self._usual)
        self._restore()
        for number, frame in self._pending:
            usual[number](number, frame)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pending.append((number, frame))

    def _restore(self) -> None:
        """Restore all handlers, even if one of them raises meanwhile."""
        while self._usual:
            number, handler = self._usual.popitem()
            try:
                signal.signal(number, handler)
            except BaseException:
                self._restore()
                raise
