"""Let signals wait while a C library calls back into Python."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_HELD = (signal.SIGINT, signal.SIGTERM)


class HeldSignals:
    """In a ``with`` block, Ctrl-C and SIGTERM wait until its end.

    An exception that a signal's handler raises in a callback of a C library is
    printed and dropped, and the library goes on with what the callback seemed to
    return: the signal is lost, and perhaps data too. So the block should hold one
    call of the library, and a short one. Handlers that Python does not have, and
    threads other than the main one, in which no handler runs, are left alone.
    """

    def __enter__(self) -> HeldSignals:
        self._usual: dict[int, Any] = {}
        self._came: list[tuple[int, FrameType | None]] = []
        if threading.current_thread() is not threading.main_thread():
            return self
        try:
            for number in _HELD:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._usual[number] = handler
                    signal.signal(number, self._note)
        except BaseException:  # of a signal that is not held yet
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
        for number, frame in self._came:
            usual[number](number, frame)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came.append((number, frame))

    def _restore(self) -> None:
        """Put the handlers back, all of them, whatever the first ones raise."""
        while self._usual:
            number, handler = self._usual.popitem()
            try:
                signal.signal(number, handler)
            except BaseException:
                self._restore()
                raise
