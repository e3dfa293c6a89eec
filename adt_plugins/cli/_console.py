"""What the command line prints: results on stdout, complaints on stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from adt_plugins.base.visible import visible
from adt_plugins.errors import AdtError, AdtWarning

if TYPE_CHECKING:
    from adt_plugins.batch.manifest import Line

_TERMINATED = 128 + signal.SIGTERM  # as shells count


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
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does: no unfinished file stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise SystemExit(_TERMINATED)

    usual = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


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


def binary_input() -> BinaryIO:
    """Return standard input; raises `AdtError` without one."""
    if sys.stdin is None:  # pythonw
        raise AdtError("there is no standard input")
    if sys.stdin.isatty():
        raise AdtError("standard input: is a terminal; a recording is to come from it")
    return sys.stdin.buffer


def say(text: str) -> bool:
    """Print a line of the result, one line whatever is in `text`.

    Returns
    -------
    bool
        False if whoever read the results has just gone.
    """
    return _print(visible(text), sys.stdout)


def say_lines(text: str) -> None:
    """Print several lines, such as those of a table."""
    _print("\n".join(map(visible, text.split("\n"))), sys.stdout)


def say_json(data: Any) -> None:
    """Print a report for programs; ASCII, so that no pipe can spoil it."""
    _print(json.dumps(data, indent=1), sys.stdout)


def complain(text: str) -> None:
    """Print one line on stderr, whatever is in `text`."""
    _print("adt: " + visible(" ".join(text.split())), sys.stderr)


def flush() -> None:
    """Write out what is buffered, so that nothing is left to fail at exit."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except BrokenPipeError:
                _silence(stream)


def _print(text: str, stream: TextIO | None) -> bool:
    if stream is None:  # pythonw
        return True
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Nobody reads on: the files are still wanted, the lines are not.
        _silence(stream)
        return False
    return True


def _silence(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


class Tally:
    """How far a long run is: a bar on a terminal, else a line for each file.

    Parameters
    ----------
    files, size
        How many there are, and their bytes; the remaining time is told by these.
    quiet
        Show nothing.
    """

    def __init__(self, files: int, size: int, *, quiet: bool) -> None:
        self._files, self._size = files, max(1, size)
        self._quiet = quiet
        self._done = self._bytes = self._failed = 0
        self._started = time.monotonic()
        self._bar: Any = None
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            from tqdm.std import tqdm

            form = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
            self._bar = tqdm(total=self._size, bar_format=form, leave=False)
            self._show()

    def __enter__(self) -> Tally:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def count(self, name: str, line: Line, size: int) -> None:
        """Tell that a file is finished.

        Parameters
        ----------
        name, size
            Name and size of the file.
        line
            Its line in the manifest.
        """
        self._done += 1
        self._bytes += size
        self._failed += line["status"] == "failed"
        if self._bar is not None:
            self._show()
            self._bar.update(size)
        elif not self._quiet:
            gone = time.monotonic() - self._started
            left = gone * max(0, self._size - self._bytes) / max(1, self._bytes)
            clock = f"{left // 3600:.0f}:{left // 60 % 60:02.0f}:{left % 60:02.0f}"
            what = line["status"]
            onsets = line.get("onsets")
            if onsets is not None and what == "done":
                what = f"{sum(onsets.values())} hits"
            say(f"{self._done}/{self._files} {name}: {what}; {clock} left")

    def _show(self) -> None:
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.set_description_str(f"{self._done}/{self._files}{failed}")
