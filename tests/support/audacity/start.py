"""A program that starts the real Audacity, and its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def write_program(path: Path) -> Path:
    """Write a program that starts Audacity; return the file with its process's id."""
    pids = path.with_name("pids")
    path.write_text(
        f'#!/bin/sh\n# links libwx_\necho $$ >> "{pids}"\n'
        'exec nice -n 5 /usr/bin/audacity "$@"\n'
    )
    path.chmod(0o755)
    return pids


@contextmanager
def stopping_at_the_end(pids: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for process in pids.read_text().split() if pids.exists() else []:
            with suppress(ProcessLookupError):
                os.kill(int(process), 15)
