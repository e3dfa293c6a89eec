"""Finds the recording of a transcription, and its times, for formats that need it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adt_plugins.base.hashing import sha256
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription, check_transcription


def source_audio(transcription: Transcription) -> Path:
    """Return the path of the recording, if it has not changed since.

    Raises
    ------
    FormatError
        If it is unknown, missing, or has changed.
    """
    check_transcription(transcription)
    source = transcription.source
    if source.path is None:
        raise FormatError("needs the recording, and it is not known which that is")
    path = Path(source.path)
    if not path.is_file():
        raise FormatError(f"needs the recording, and {path} is gone")
    if source.sha256 is not None and sha256(path) != source.sha256:
        raise FormatError(f"needs the recording, and {path} has changed since")
    return path


def moved(transcription: Transcription, seconds: float) -> Transcription:
    """Move it later, and note by how much if its recording is known.

    Without a recording there is nothing that its times could be wrong for.
    """
    if not seconds:
        return transcription
    source = transcription.source
    if source.path is not None:
        source = replace(source, moved=source.moved + seconds)
    return replace(transcription.shifted(seconds), source=source)


def as_recorded(transcription: Transcription) -> Transcription:
    """Return it with the times of its recording: `moved` undone."""
    by = transcription.source.moved
    if not by:
        return transcription
    source = replace(transcription.source, moved=0.0)
    # Back to where it was, but for rounding errors in the last digits.
    return replace(transcription.shifted(-by), source=source).rounded(9)
