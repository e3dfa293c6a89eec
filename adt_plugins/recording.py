"""Finds the recording of a transcription, for formats that need it."""

from __future__ import annotations

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
