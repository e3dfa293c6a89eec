"""The interface of connections to a running Audacity, and their errors."""

from __future__ import annotations

import os
from typing import Protocol

from adt_plugins.errors import AdtError

ENABLE = (
    "in Audacity 3, set mod-script-pipe to Enabled in Edit > Preferences > Modules,"
    " and restart it"
)


class PipeError(AdtError):
    """Audacity cannot be reached, does not answer, or refused a command."""


class NoAudacityError(PipeError):
    """There is no pipe, or Audacity does not read it."""

    def __init__(self, name: str | os.PathLike[str]) -> None:
        super().__init__(
            f"no running Audacity can be reached through {os.fspath(name)}: {ENABLE}"
        )


class Channel(Protocol):
    """Bytes to and from Audacity."""

    line_end: bytes

    def send(self, data: bytes) -> None:
        """Send all of the data; raises `OSError` if that is not possible at once."""

    def receive(self, timeout: float) -> bytes:
        """Return what arrives within `timeout` seconds; empty if nothing does."""

    def is_replaced(self) -> bool:
        """Whether Audacity has replaced the pipe by another of the same name."""

    def close(self) -> None:
        """Close both directions."""
