"""How readers and writers warn, and how errors are put into words."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Iterable

from adt_plugins.errors import AdtWarning

Warn = Callable[[str], None]


def default_warn(message: str) -> None:
    """Warn as Python does; the command line gives another function."""
    warnings.warn(message, AdtWarning, stacklevel=4)


def name_some(texts: Iterable[str], most: int = 5) -> str:
    """Name what was met and how often, in one short line.

    >>> name_some(["verse", "x", "verse"])
    "'verse' (2), 'x' (1)"
    """
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    named = [f"{reprlib.repr(text)} ({n})" for text, n in counts.items()]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more
