"""Processor cores, and whether to work in several threads."""

from __future__ import annotations

import os


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def several(threads: int | None) -> bool:
    """Return whether to work in several threads; None: if there are several cores.

    Raises
    ------
    ValueError
        If `threads` is less than 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads: {threads} is less than 1")
    return (cores() if threads is None else threads) > 1
