"""Audacity's pipes on Windows: two named pipes.

Modelled on Audacity's own example of a client; not tried on a real Windows.
"""

from __future__ import annotations

import queue
import threading
from typing import BinaryIO

from adt_plugins.audacity.script_pipe_channel import NoAudacityError, PipeError
from adt_plugins.errors import reason_of

TO, FROM = r"\\.\pipe\ToSrvPipe", r"\\.\pipe\FromSrvPipe"


class WindowsChannel:
    """Both pipes; a thread reads, since reading has no time limit.

    Raises
    ------
    NoAudacityError
        If Audacity does not read them.
    """

    line_end = b"\r\n\0"

    def __init__(self) -> None:
        # Do not check first whether they exist: that would use up the connection.
        self._to = _open(TO, "wb")
        try:
            self._from = _open(FROM, "rb")
        except PipeError:
            self._to.close()
            raise
        self._blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data: bytes) -> None:
        """Send all of the data."""
        self._to.write(data)

    def receive(self, timeout: float) -> bytes:
        """Return what arrives within `timeout` seconds; empty if nothing does."""
        try:
            return self._blocks.get(timeout=timeout)
        except queue.Empty:
            return b""

    def is_replaced(self) -> bool:
        """Return False: a named pipe cannot be replaced while it is open."""
        return False

    def close(self) -> None:
        """Close the pipe to Audacity, which then closes the other."""
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
