"""What the command line prints: results on stdout, complaints on stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

from adt_plugins.errors import AdtWarning


def prepare() -> None:
    """Make the streams take any file name.

    A Windows console or pipe may be of a code page without umlauts, and a
    POSIX file name may be bytes that are not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            errors = "backslashreplace" if os.name == "nt" else "surrogateescape"
            stream.reconfigure(encoding="utf-8", errors=errors)


@contextlib.contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print the package's warnings as lines, and no other package's.

    The latter come back with Python's own option ``-W``.
    """
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", AdtWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, *place: Any, **more: Any) -> None:
            if isinstance(message, AdtWarning):
                complain(f"warning: {message}")
            else:
                usual(message, *place, **more)

        warnings.showwarning = show
        yield


def say(text: str) -> None:
    """Print a line of the result."""
    _print(text, sys.stdout)


def say_json(data: Any) -> None:
    """Print a report for programs; ASCII, so that no pipe can spoil it."""
    _print(json.dumps(data, indent=1), sys.stdout)


def complain(text: str) -> None:
    """Print one line on stderr, whatever is in `text`."""
    _print("adt: " + " ".join(text.split()), sys.stderr)


def flush() -> None:
    """Write out what is buffered, so that nothing is left to fail at exit."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except BrokenPipeError:
                _silence(stream)


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:  # pythonw
        return
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Nobody reads on: the files are still wanted, the lines are not.
        _silence(stream)


def _silence(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
