"""Processes that do the same thing at the same time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def release(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until all have said that they are ready, then tell them to go."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
