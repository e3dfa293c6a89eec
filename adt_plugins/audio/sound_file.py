"""Writing sound by libsndfile: the whole of it, or an exception.

libsndfile gets a real file, never a Python object. It would write to an object by
callbacks, and an exception in one of those (Ctrl-C, no memory, a full disk) is
printed and dropped, and what has been written so far counts as success.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from adt_plugins.errors import MissingDependencyError

try:
    import soundfile
except (ImportError, OSError) as error:
    raise MissingDependencyError(
        f"libsndfile cannot be loaded ({error}): pip install --upgrade soundfile"
    ) from error

_BLOCK = 1 << 16
# Files whose header is compared with their size when they are opened.
_UNCOMPRESSED = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU")


def write_sound(
    path: Path,
    blocks: Iterable[NDArray[Any]],
    *,
    sample_rate: int,
    channels: int,
    form: str,
    subtype: str,
) -> int:
    """Write a file, and compare what is there with what was meant.

    Parameters
    ----------
    path
        The file; replaced if it is there. After an exception a part of it may be.
    blocks
        Samples, shape (n, channels): float32, int32 or int16.
    sample_rate
        In Hz.
    channels
        How many.
    form, subtype
        As libsndfile calls them, e.g. ``"FLAC"`` and ``"PCM_16"``.

    Returns
    -------
    int
        Samples of each channel.

    Raises
    ------
    OSError
        If not all of it could be written.
    """
    meant = 0
    try:
        with soundfile.SoundFile(
            os.fsencode(path) if os.name != "nt" else str(path),
            "w",
            samplerate=sample_rate,
            channels=channels,
            format=form,
            subtype=subtype,
        ) as file:
            for block in blocks:
                meant += len(block)
                file.write(block)
        there = _count(path, form)
    except (soundfile.SoundFileError, AssertionError) as error:
        # libsndfile does not say why: soundfile asserts that all was taken.
        raise _incomplete(path) from error
    if there != meant:
        raise _incomplete(path)
    return meant


def _count(path: Path, form: str) -> int:
    """How many samples a reader finds."""
    name = os.fsencode(path) if os.name != "nt" else str(path)
    with soundfile.SoundFile(name) as file:
        if form in _UNCOMPRESSED:
            return int(file.frames)
        count = 0
        while found := len(file.read(_BLOCK, dtype="float32", always_2d=True)):
            count += found
        return count


def _incomplete(path: Path) -> OSError:
    """The system's reason, asked for by writing what libsndfile could not."""
    try:
        with path.open("ab", buffering=0) as file:
            file.write(bytes(_BLOCK))
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return OSError(errno.EIO, "the sound could not be written whole")
