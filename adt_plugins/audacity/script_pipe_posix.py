"""Audacity's pipes on Linux and macOS: two FIFOs in ``/tmp``."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

from adt_plugins.audacity.script_pipe_channel import NoAudacityError, PipeError
from adt_plugins.errors import reason_of

_PAUSE_S = 0.01


def fifo(way: str) -> Path:
    """Return the path of a pipe; `way` is ``"to"`` or ``"from"`` Audacity."""
    # Audacity uses /tmp, whatever TMPDIR says.
    return Path("/tmp") / f"audacity_script_pipe.{way}.{os.getuid()}"


class PosixChannel:
    """Both pipes, opened without blocking.

    Raises
    ------
    NoAudacityError
        If they do not exist, or Audacity does not read them.
    PipeError
        If they belong to another user.
    """

    line_end = b"\n"

    def __init__(self) -> None:
        # Audacity opens them in this order.
        self._to = _open(fifo("to"), os.O_WRONLY)
        try:
            self._from = _open(fifo("from"), os.O_RDONLY)
        except PipeError:
            os.close(self._to)
            raise

    def send(self, data: bytes) -> None:
        """Send all of the data: a command is short enough to be written atomically."""
        os.write(self._to, data)

    def receive(self, timeout: float) -> bytes:
        """Return what arrives within `timeout` seconds; empty if nothing does."""
        if not select.select([self._from], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self._from, 1 << 16)
        except BlockingIOError:
            data = b""
        if not data:
            # Readable but empty: Audacity has closed the pipe, or not opened it yet.
            time.sleep(min(_PAUSE_S, timeout))
        return data

    def is_replaced(self) -> bool:
        """Whether Audacity has replaced the pipes by others of the same names."""
        ways = (("to", self._to), ("from", self._from))
        try:
            return any(
                not os.path.samestat(os.fstat(file), fifo(way).stat())
                for way, file in ways
            )
        except FileNotFoundError:
            return True

    def close(self) -> None:
        """Close both pipes; may be called repeatedly."""
        for file in (self._to, self._from):
            if file >= 0:
                os.close(file)
        self._to = self._from = -1


def _open(path: Path, mode: int) -> int:
    try:
        about = path.lstat()
        # Everybody can write to /tmp, so another user could have made the pipe.
        if not stat.S_ISFIFO(about.st_mode) or about.st_uid != os.getuid():
            raise PipeError(f"{path}: is not a pipe of yours")
        return os.open(path, mode | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENXIO):  # ENXIO: no reader
            raise NoAudacityError(path) from None
        raise PipeError(f"{path}: {reason_of(error)}") from error
