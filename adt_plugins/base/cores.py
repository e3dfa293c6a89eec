"""Processor cores, and whether to work in several threads."""

from __future__ import annotations

import os

from adt_plugins.base.checks import whole


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def several(threads: int | None) -> bool:
    """Return whether to work in several threads; None: if there are several cores.

    Raises
    ------
    TypeError, ValueError
        If `threads` is no whole number from 1 on.
    """
    if threads is not None:
        whole("threads", threads, 1)
    return (cores() if threads is None else threads) > 1
