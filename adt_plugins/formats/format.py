"""What the registry knows of a format, and how readers and writers warn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.reporting import Warn
from adt_plugins.labels.tracks import LabelTrack
from adt_plugins.transcription import Transcription

Sound = tuple[NDArray[np.float32], int]

LABEL_OPTIONS = ("text", "names")
"""What labels say, and the names of drums in them; see `adt_plugins.labels.tracks`."""
LABEL_READER_OPTIONS = ("names",)


class Write(Protocol):
    """A writer; its own options are those that its format declares."""

    def __call__(
        self,
        transcription: Transcription,
        path: Path,
        *,
        overwrite: bool,
        warn: Warn,
    ) -> list[Path]:
        """Write a file, or several; return those that were written."""


class Read(Protocol):
    """A reader; its own options are those that its format declares."""

    def __call__(self, path: Path, *, warn: Warn) -> Transcription:
        """Read a file."""


class Check(Protocol):
    """Looks whether something is in the way of a writer."""

    def __call__(self, path: Path, *, overwrite: bool) -> None:
        """Raise `AdtError` if something is."""


class ReadTracks(Protocol):
    """Reads label tracks as they are in a file."""

    def __call__(self, path: Path, *, warn: Warn) -> list[LabelTrack]:
        """Read a file."""


class Purpose(Protocol):
    """Says what one of several outputs is for."""

    def __call__(self, path: Path, transcription: Transcription) -> str:
        """Return a few words."""


PAPER_OPTIONS = ("quantize", "swing_notation")
"""How a part is spelled; see `adt_plugins.formats.notation.part.make_part`."""


@dataclass(frozen=True)
class Format:
    """A file format: one module, one line in the registry.

    Parameters
    ----------
    id
        Name for the command line and for `write`.
    description
        One line for people.
    suffix
        What follows the song's name, e.g. ``".drums.mid"``.
    write
        ``write(transcription, path, *, overwrite, warn, **options)``, and
        ``audio`` if that is among `needs`; returns the files written. None: the
        format is only read.
    read
        ``read(path, *, warn)``. None: the format is only written.
    needs
        What a writer needs: any of ``"audio"``, ``"beats"`` and ``"activations"``.
    wants
        The same, of what it uses if it is there, and ``"fine"``: finer drums.
    endings
        Further ends of file names that are this format, in lower case.
    looks_like
        Whether a file beginning with this text is of the format; asked for
        files whose names say nothing.
    outputs
        All files that the writer may write for a path; None: the path alone.
    check
        ``check(path, overwrite=…)`` raises `AdtError` if something else is in the
        writer's way; asked before the work that makes the transcription.
    options
        Names of the writer's own options, of those that the command line has: see
        `adt_plugins.cli`.
    reader_options
        The same, of the reader's.
    tracks
        ``tracks(path, warn=…)`` reads the label tracks that `read` understands.
    sound
        ``sound(path)`` gives the audio in the file: samples of shape (n,) and their
        rate in Hz; None if there is none.
    purpose
        ``purpose(path, transcription)`` says what one of several `outputs` is for;
        None: the description.
    """

    id: str
    description: str
    suffix: str
    write: Write | None = None
    read: Read | None = None
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    looks_like: Callable[[str], bool] | None = None
    outputs: Callable[[Path], Sequence[Path]] | None = None
    check: Check | None = None
    options: tuple[str, ...] = ()
    reader_options: tuple[str, ...] = ()
    tracks: ReadTracks | None = None
    sound: Callable[[Path], Sound | None] | None = None
    purpose: Purpose | None = None
