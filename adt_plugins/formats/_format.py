"""What the registry knows of a format, and how readers and writers warn."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adt_plugins.errors import AdtWarning
from adt_plugins.transcription import Transcription

Warn = Callable[[str], None]
Write = Callable[..., list[Path]]
Read = Callable[..., Transcription]


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
        Of ``"audio"``, ``"beats"`` and ``"activations"``, what a writer needs.
    wants
        The same, of what it uses if it is there.
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
    has_labels
        Whether writer and reader take ``names``, and the writer ``text``; see
        `label_tracks`.
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
    check: Callable[..., None] | None = None
    has_labels: bool = False


def default_warn(message: str) -> None:
    """Warn as Python does; the command line gives another function."""
    warnings.warn(message, AdtWarning, stacklevel=4)


def name_some(texts: Iterable[str], most: int = 5) -> str:
    """Name what was met and how often, in one short line.

    >>> name_some(["verse", "x", "verse"])
    "'verse' (2), 'x' (1)"
    """
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    named = [f"{reprlib.repr(text)} ({n})" for text, n in counts.items()]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more
