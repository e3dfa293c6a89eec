"""Warnings about outputs: what several of them lack is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adt_plugins.base.reporting import Warn


@contextmanager
def remarks(warn: Warn) -> Iterator[Callable[[Path], Warn]]:
    """Collect warnings about outputs, and pass them on at the end.

    Yields a function that returns, for an output, the function for its warnings. Those
    with the same text become one, which names all of these outputs; what does not
    begin with the output's name is passed on at once.
    """
    collected: dict[str, list[str]] = {}

    def about(path: Path) -> Warn:
        start = f"{path}: "

        def take(message: str) -> None:
            if message.startswith(start):
                paths = collected.setdefault(message.removeprefix(start), [])
                paths.append(str(path))
            else:
                warn(message)

        return take

    try:
        yield about
    finally:
        for text, paths in collected.items():
            warn(f"{', '.join(dict.fromkeys(paths))}: {text}")
