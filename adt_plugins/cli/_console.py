"""What the command line prints: results on stdout, complaints on stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any, TextIO


def prepare() -> None:
    """Make the streams take any file name.

    A Windows console or pipe may be of a code page without umlauts, and a
    POSIX file name may be bytes that are not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            errors = "backslashreplace" if os.name == "nt" else "surrogateescape"
            stream.reconfigure(encoding="utf-8", errors=errors)


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
