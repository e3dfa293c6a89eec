"""Recognises named pipes, whose content is gone once it has been read."""

from __future__ import annotations

import os
from pathlib import Path

from adt_plugins.errors import AdtError


def is_named_pipe(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a named pipe; False if the system cannot tell.

    `Path.is_fifo` raises an error for some paths that cannot be, up to Python 3.13.
    """
    try:
        return Path(path).is_fifo()
    except (OSError, ValueError):
        return False


def check_no_pipe(source: str | os.PathLike[str]) -> None:
    """Raise `AdtError` for a pipe, ``-`` or ``<(...)``, if more reads follow."""
    is_input = str(source) == "-" and not Path(source).exists()
    if is_input or is_named_pipe(source):
        raise AdtError(
            f"{source}: is a pipe, which can be read only once: save it as a file first"
        )
