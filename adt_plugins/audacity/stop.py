"""Ends a watcher, from any thread and from a signal handler."""

from __future__ import annotations


class Stop:
    """A flag that is raised once, and stays raised.

    Unlike `threading.Event`, it may be set in a signal handler. An event has a lock,
    and a handler that runs while the main thread holds it, between two waits, would
    wait for it forever.
    """

    _set = False

    def set(self) -> None:
        """Raise the flag."""
        self._set = True

    def is_set(self) -> bool:
        """Return whether the flag is raised."""
        return self._set
