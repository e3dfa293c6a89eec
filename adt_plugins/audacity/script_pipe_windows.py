"""Audacity's pipes on Windows: two named pipes.

Not tried on a real Windows: made after Audacity's own example of a client.
"""

from __future__ import annotations

import queue
import threading
from typing import BinaryIO

from adt_plugins.audacity.script_pipe_channel import NoAudacityError, PipeError
from adt_plugins.errors import reason_of

TO, FROM = r"\\.\pipe\ToSrvPipe", r"\\.\pipe\FromSrvPipe"


class WindowsChannel:
    """Both pipes; a thread reads, since a read cannot be given a limit.

    Raises
    ------
    NoAudacityError
        If nobody listens.
    """

    line_end = b"\r\n\0"

    def __init__(self) -> None:
        # Not asked for first whether they exist: asking uses them up.
        self._to = _open(TO, "wb")
        try:
            self._from = _open(FROM, "rb")
        except PipeError:
            self._to.close()
            raise
        self._blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._to.write(data)

    def receive(self, timeout: float) -> bytes:
        """What has come; empty after a while without anything."""
        try:
            return self._blocks.get(timeout=timeout)
        except queue.Empty:
            return b""

    def is_replaced(self) -> bool:
        """Always False: a named pipe cannot be replaced while it is open."""
        return False

    def close(self) -> None:
        """Close the way to Audacity; it then closes the other."""
        self._to.close()

    def _read(self) -> None:
        try:
            while block := self._from.read(1 << 12):
                self._blocks.put(block.replace(b"\0", b""))
        except OSError:
            pass


def _open(name: str, mode: str) -> BinaryIO:
    try:
        return open(name, mode, buffering=0)  # type: ignore[return-value]  # noqa: PTH123
    except FileNotFoundError:
        raise NoAudacityError(name) from None
    except OSError as error:
        raise PipeError(f"{name}: {reason_of(error)}") from error
