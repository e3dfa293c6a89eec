"""The description of a format for the registry, and the types of its functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adt_plugins.base.reporting import Warn
    from adt_plugins.labels.tracks import LabelTrack
    from adt_plugins.transcription import Transcription

Sound: TypeAlias = "tuple[NDArray[np.float32], int]"

LABEL_OPTIONS = ("text", "names")
"""Options for texts of labels and names of drums, see `adt_plugins.labels.tracks`."""
LABEL_READER_OPTIONS = ("names",)


class Write(Protocol):
    """A writer, with the options that its format declares."""

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
    """A reader, with the options that its format declares."""

    def __call__(self, path: Path, *, warn: Warn) -> Transcription:
        """Read a file."""


class Check(Protocol):
    """Checks whether a file is in the way of a writer."""

    def __call__(self, path: Path, *, overwrite: bool) -> None:
        """Raise `AdtError` if one is."""


class ReadTracks(Protocol):
    """Reads the label tracks of a file."""

    def __call__(self, path: Path, *, warn: Warn) -> list[LabelTrack]:
        """Read a file."""


class Purpose(Protocol):
    """Explains the purpose of one of several outputs."""

    def __call__(self, path: Path, transcription: Transcription) -> str:
        """Return the purpose in a few words."""


@dataclass(frozen=True)
class Format:
    """A file format: one module, one entry in the registry.

    Parameters
    ----------
    id
        Name for the command line and for `write`.
    description
        One line about the format.
    suffix
        End of file names after the song's name, e.g. ``".drums.mid"``.
    write
        ``write(transcription, path, *, overwrite, warn, **options)``, and
        ``audio`` if that is among `needs`; returns the files written. None: the
        format is only read.
    read
        ``read(path, *, warn)``. None: the format is only written.
    needs
        What the writer needs: any of ``"audio"``, ``"beats"`` and ``"activations"``.
    wants
        What the writer uses if available: the same, and ``"fine"`` for finer drums.
    endings
        Further endings of this format's file names, in lower case.
    looks_like
        Function that tells whether a file beginning with this text is of the format;
        called if the file name does not say.
    outputs
        Function that returns all files that the writer may write for a path; None: the
        path only.
    check
        ``check(path, overwrite=…)`` raises `AdtError` if a file is in the writer's way;
        called before transcribing.
    options
        Names of the writer's options among those of the command line, see
        `adt_plugins.cli`.
    reader_options
        The same for the reader.
    tracks
        ``tracks(path, warn=…)`` reads the label tracks that `read` understands.
    sound
        ``sound(path)`` returns the audio in the file: samples of shape (n,) and their
        rate in Hz; None if there is none.
    purpose
        ``purpose(path, transcription)`` returns what one of several `outputs` is for;
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
