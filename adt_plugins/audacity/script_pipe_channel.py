"""What every way to a running Audacity has in common."""

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
    """There is no pipe, or nobody reads it."""

    def __init__(self, name: str | os.PathLike[str]) -> None:
        super().__init__(
            f"no running Audacity can be reached through {os.fspath(name)}: {ENABLE}"
        )


class Channel(Protocol):
    """Bytes to and from Audacity."""

    line_end: bytes

    def send(self, data: bytes) -> None:
        """Send all of it; raises `OSError` if that cannot be done at once."""

    def receive(self, timeout: float) -> bytes:
        """What has come, after `timeout` seconds at most; empty if nothing has."""

    def is_replaced(self) -> bool:
        """Whether Audacity listens at another pipe of this name by now."""

    def close(self) -> None:
        """Close both directions."""
