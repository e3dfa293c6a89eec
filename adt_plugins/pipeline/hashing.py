"""Hashes a recording in parallel with the work on it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adt_plugins.audio.decoder import BlockDecoder
from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.ahead import Ahead
from adt_plugins.base.cores import several
from adt_plugins.base.hashing import sha256, sha256_steps
from adt_plugins.base.pipes import is_named_pipe


@contextmanager
def hashing(
    source: AudioSource, threads: int | None
) -> Iterator[Callable[[], str | None]]:
    """Yield a function that returns the SHA-256 of a file, with or without a thread.

    It returns None for sources that cannot be read again.
    """
    if not several(threads) or not isinstance(source, str | bytes | os.PathLike):
        yield lambda: _hash(source)
        return
    with Ahead(_steps(source), 0) as steps:
        yield lambda: deque(steps, 1).pop()


def _hash(source: AudioSource) -> str | None:
    if isinstance(source, str | bytes | os.PathLike):
        return deque(_steps(source), 1).pop()
    if isinstance(source, tuple | BlockDecoder):
        return None
    return sha256(source) if source.seekable() else None


def _steps(path: str | bytes | os.PathLike[str]) -> Iterator[str | None]:
    """Hash a file step by step; the last item counts."""
    # A pipe has been read; reading it again would wait for ever.
    if is_named_pipe(os.fsdecode(path)):
        yield None
    else:
        yield from sha256_steps(path)
