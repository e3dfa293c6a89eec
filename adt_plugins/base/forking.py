"""What a forked process must make anew: locks that a thread of its parent holds."""

from __future__ import annotations

import os
from collections.abc import Callable


def in_child(action: Callable[[], None]) -> None:
    """Do something in each process that is forked from this one, at once.

    Of the threads of its parent it has one; a lock that another one held would
    never be released.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(after_in_child=action)
