"""Prints results on stdout, and warnings and errors on stderr."""

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
from collections.abc import Iterable, Iterator, Mapping
from textwrap import indent
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from adt_plugins.base.visible import visible
from adt_plugins.errors import AdtError, AdtWarning, reason_of

if TYPE_CHECKING:
    from adt_plugins.batch.manifest import Line

REPORT_FORMAT = "adt-plugins-report"
REPORT_VERSION = 1

_TERMINATED = 128 + signal.SIGTERM  # as shells count


def prepare() -> None:
    """Make the streams accept any file name.

    A Windows console or pipe may have a code page without umlauts, and a POSIX
    file name may contain bytes that are not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            errors = "backslashreplace" if os.name == "nt" else "surrogateescape"
            stream.reconfigure(encoding="utf-8", errors=errors)


@contextlib.contextmanager
def ending_cleanly() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that no unfinished file remains."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise SystemExit(_TERMINATED)

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is end:  # the watcher's outlasts it
            signal.signal(signal.SIGTERM, previous)


@contextlib.contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print the package's warnings as single lines, and hide those of other packages.

    Python's option ``-W`` shows the latter.
    """
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", AdtWarning)
        previous = warnings.showwarning

        def show(message: Warning | str, *place: Any, **more: Any) -> None:
            if isinstance(message, AdtWarning):
                complain(f"warning: {message}")
            else:
                previous(message, *place, **more)

        warnings.showwarning = show
        yield


def binary_input() -> BinaryIO:
    """Return standard input; raises `AdtError` without one."""
    if sys.stdin is None:  # pythonw
        raise AdtError("there is no standard input")
    if sys.stdin.isatty():
        raise AdtError("standard input: is a terminal, not a recording")
    return sys.stdin.buffer


def say(text: str) -> bool:
    """Print a line of the result; line breaks in `text` do not end it.

    Returns
    -------
    bool
        False if the reader of the results has just gone.
    """
    return _print(visible(text), sys.stdout)


def say_lines(text: str) -> None:
    """Print several lines, such as those of a table."""
    _print("\n".join(map(visible, text.split("\n"))), sys.stdout)


def say_json(data: Any) -> None:
    """Print a report for programs, as ASCII, which survives every encoding."""
    _print(json.dumps(data, indent=1), sys.stdout)


def say_report(results: Iterable[Mapping[str, Any]]) -> None:
    """Print the report about all inputs, one result at a time: there may be many."""
    head = {"format": REPORT_FORMAT, "version": REPORT_VERSION, "results": []}
    before, after = json.dumps(head, indent=1).split("[]")
    _print(f"{before}[", sys.stdout, "")
    comma = ""
    for result in results:
        text = indent(json.dumps(result, indent=1), "  ")
        _print(f"{comma}\n{text}", sys.stdout, "")
        comma = ","
    _print(f"\n ]{after}", sys.stdout)


def complain(text: str) -> None:
    """Print a line on stderr; line breaks in `text` do not end it."""
    _print("adt: " + visible(" ".join(text.split())), sys.stderr)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    complain(f"warning: {text}")


def flush() -> None:
    """Flush the streams now, since Python reports failures at exit badly."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except BrokenPipeError:
                _silence(stream)


def _print(text: str, stream: TextIO | None, end: str = "\n") -> bool:
    if stream is None:  # pythonw
        return True
    try:
        print(text, end=end, file=stream, flush=True)
    except BrokenPipeError:
        # Nobody reads the lines any more, but the files are still wanted.
        _silence(stream)
        return False
    except OSError as error:
        if stream is not sys.stdout:
            raise
        # Not a fault of the input that is being worked on.
        _silence(stream)
        raise AdtError(f"standard output: {reason_of(error)}") from error
    return True


def _silence(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


class Tally:
    """Progress of a long run: a bar on a terminal, otherwise a line per file.

    Parameters
    ----------
    files, size
        Number of files and their total bytes, which give the remaining time.
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
        """Count a file as finished.

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
            elapsed = time.monotonic() - self._started
            left = elapsed * max(0, self._size - self._bytes) / max(1, self._bytes)
            clock = f"{left // 3600:.0f}:{left // 60 % 60:02.0f}:{left % 60:02.0f}"
            what = line["status"]
            onsets = line.get("onsets")
            if onsets is not None and what == "done":
                what = f"{sum(onsets.values())} hits"
            say(f"{self._done}/{self._files} {name}: {what}; {clock} left")

    def _show(self) -> None:
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.set_description_str(f"{self._done}/{self._files}{failed}")
