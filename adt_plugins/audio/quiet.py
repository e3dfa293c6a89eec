"""Keeps libmpg123 from writing to the terminal."""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from adt_plugins.base.forking import in_child

_STDERR = 2
_MPG123 = (b"[src/libmpg123/", b"Note: ", b"Warning: ")

_lock = threading.Lock()
_sink: BinaryIO | None = None
_saved = -1
_depth = 0


@contextmanager
def quiet_mpg123() -> Iterator[None]:
    """Drop what libmpg123 writes to file descriptor 2 in a ``with`` block.

    The library, part of libsndfile, writes there about every oddity of an MP3 file, and
    cannot be told not to. Output of other threads is kept, and written at the end of
    the block. Processes that are started meanwhile inherit the redirection, so the
    block should contain one call of the decoder and nothing else. Nothing is done where
    a program has no such descriptor, as a windowed one on Windows.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _depth, _saved, _sink  # noqa: PLW0603
    with _lock:
        _depth += 1
        if _depth > 1:
            return
        try:
            if _sink is None:
                _sink = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            _saved = os.dup(_STDERR)
            os.dup2(_sink.fileno(), _STDERR)
        except OSError:
            _restore()


def _leave() -> None:
    global _depth  # noqa: PLW0603
    with _lock:
        _depth -= 1
        if _depth > 0 or _saved < 0 or _sink is None:
            return
        _restore()
        if not _sink.tell():
            return
        _sink.seek(0)
        others = [line for line in _sink if not line.startswith(_MPG123)]
        _sink.seek(0)
        _sink.truncate()
        if others:
            os.write(_STDERR, b"".join(others))


@atexit.register
def _close() -> None:
    """Close the file at exit, to avoid a `ResourceWarning`."""
    global _sink  # noqa: PLW0603
    with _lock:
        if _sink is not None and not _depth:
            _sink.close()
            _sink = None


def _renew() -> None:
    """Give a forked process a lock of its own, and the terminal again."""
    global _depth, _lock, _sink
    _lock, _depth, _sink = threading.Lock(), 0, None
    _restore()


in_child(_renew)


def _restore() -> None:
    global _saved  # noqa: PLW0603
    if _saved >= 0:
        os.dup2(_saved, _STDERR)
        os.close(_saved)
        _saved = -1
