"""Recreates, in a forked process, locks that a thread of its parent held."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_child(action: Callable[[], None]) -> None:
    """Call a function in every process that is forked from this one, first of all.

    Only one thread of the parent survives there; a lock that another one held would
    never be released.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(after_in_child=action)
