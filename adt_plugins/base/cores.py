"""How many processor cores there are for this process."""

from __future__ import annotations

import os


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def several(threads: int | None) -> bool:
    """Whether to work in more than one thread; None: if there are several cores.

    Raises
    ------
    ValueError
        If there are less than 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads: {threads} is less than 1")
    return (cores() if threads is None else threads) > 1
