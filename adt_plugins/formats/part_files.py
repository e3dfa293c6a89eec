"""Writes a part on paper: the steps that all such formats share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.formats.song_names import SongNames, song_names
from adt_plugins.transcription import Transcription


def write_part(
    transcription: Transcription,
    path: Path,
    content: Callable[[Part, SongNames], bytes],
    *,
    overwrite: bool,
    warn: Warn,
    **options: object,
) -> list[Path]:
    """Write the part of a transcription, and warn about hits that it leaves out.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`.
    content
        Function that returns the file's content.
    **options
        See `adt_plugins.formats.notation.part.make_part`.
    """
    part = make_part(transcription, **options)  # type: ignore[arg-type]
    data = content(part, song_names(transcription, path))
    if (omissions := part.omissions()) is not None:
        warn(f"{path}: {omissions}")
    return write_files({path: data}, overwrite=overwrite)
