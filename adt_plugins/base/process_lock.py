"""A lock that ends with its process, however the process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from adt_plugins.errors import AdtError


class LockedError(AdtError):
    """Another process holds the lock."""


class Lock:
    """A lock on a file; the file stays when the lock is released.

    Parameters
    ----------
    path
        The file, created if missing; this process's number is written into it.

    Raises
    ------
    LockedError
        If another process holds the lock.
    OSError
        If the file cannot be created.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        self._file = os.open(path, flags, 0o600)
        if not _lock(self._file):
            os.close(self._file)
            raise LockedError(f"{path}: another process ({_owner(path)}) has it")
        # Over an earlier number, which is as long: emptying the file first would cost
        # milliseconds, since ext4 then writes it to the disk at once.
        os.write(self._file, f"{os.getpid():>10}\n".encode())

    def release(self) -> None:
        """Release the lock."""
        os.close(self._file)


def _owner(path: Path) -> str:
    try:
        return f"number {int(path.read_text(encoding='ascii'))}"
    except (OSError, ValueError):  # it was not written yet
        return "number unknown"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        # Lock a byte past the content: a locked byte cannot be read by others.
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
