"""Writes sound with libsndfile: all of it, or an exception.

libsndfile gets a real file, never a Python object. It would write to an object through
callbacks, where an exception (Ctrl-C, no memory, a full disk) is printed and dropped,
and what was written so far counts as success.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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
    """Write a file, and verify that it is complete.

    Parameters
    ----------
    path
        The file; replaced if it exists. After an exception it may be incomplete.
    blocks
        Samples, shape (n, channels): float32, int32 or int16.
    sample_rate
        In Hz.
    channels
        Number of channels.
    form, subtype
        libsndfile's names, e.g. ``"FLAC"`` and ``"PCM_16"``.

    Returns
    -------
    int
        Samples of each channel.

    Raises
    ------
    OSError
        If not all of it could be written.
    """
    with SoundWriter(path, sample_rate, channels, form, subtype) as writer:
        for block in blocks:
            writer.write(block)
    return writer.written


class SoundWriter:
    """A sound file that is written block by block, in a ``with`` block.

    Parameters
    ----------
    path, sample_rate, channels, form, subtype
        See `write_sound`, also for errors.

    Attributes
    ----------
    written : int
        Samples of each channel written so far.
    """

    def __init__(
        self, path: Path, sample_rate: int, channels: int, form: str, subtype: str
    ) -> None:
        self._path, self._form, self.written = path, form, 0
        with self._explained():
            self._file = soundfile.SoundFile(
                os.fsencode(path) if os.name != "nt" else str(path),
                "w",
                samplerate=sample_rate,
                channels=channels,
                format=form,
                subtype=subtype,
            )

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            with suppress(soundfile.SoundFileError):
                self._file.close()
            return
        with self._explained():
            self._file.close()
            there = _count(self._path, self._form)
        if there != self.written:
            raise _incomplete(self._path)

    def write(self, block: NDArray[Any]) -> None:
        """Write the next samples."""
        with self._explained():
            self._file.write(block)
        self.written += len(block)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (soundfile.SoundFileError, AssertionError) as error:
            # libsndfile gives no reason: soundfile asserts that all was accepted.
            raise _incomplete(self._path) from error


def _count(path: Path, form: str) -> int:
    """Return the number of samples that a reader finds."""
    name = os.fsencode(path) if os.name != "nt" else str(path)
    with soundfile.SoundFile(name) as file:
        if form in _UNCOMPRESSED:
            return int(file.frames)
        count = 0
        while length := len(file.read(_BLOCK, dtype="float32", always_2d=True)):
            count += length
        return count


def _incomplete(path: Path) -> OSError:
    """Return the system's reason, found by trying to write to the file."""
    try:
        with path.open("ab", buffering=0) as file:
            file.write(bytes(_BLOCK))
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return OSError(errno.EIO, "the sound could not be written whole")
