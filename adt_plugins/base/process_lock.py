"""A lock that goes with its process, however that ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from adt_plugins.errors import AdtError


class LockedError(AdtError):
    """Another process has it."""


class Lock:
    """A lock on a file, which stays when it is released.

    Parameters
    ----------
    path
        The file; made if it is missing. It gets this process's number.

    Raises
    ------
    LockedError
        If another process has the lock.
    OSError
        If the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        self._file = os.open(path, flags, 0o600)
        if not _lock(self._file):
            os.close(self._file)
            raise LockedError(f"{path}: another process ({_owner(path)}) has it")
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def _owner(path: Path) -> str:
    try:
        return f"number {int(path.read_text(encoding='ascii'))}"
    except (OSError, ValueError):  # Windows: what is locked cannot be read
        return "number unknown"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        # Beyond the content, so that others can read the number in it.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(file, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
