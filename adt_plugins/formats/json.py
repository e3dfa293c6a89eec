"""The project's own JSON: everything but the activations."""

from __future__ import annotations

from pathlib import Path

from adt_plugins.base.files import read_text, write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.transcription import Transcription


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write `Transcription.to_json`, with times in microsecond precision."""
    data = transcription.rounded().to_json().encode()
    return write_files({path: data}, overwrite=overwrite)


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read a file of `write`; raises `FormatError` for anything else."""
    return Transcription.from_json(read_text(path))


def looks_like(head: str) -> bool:
    """Whether a text begins like JSON."""
    return head.lstrip().startswith("{")
