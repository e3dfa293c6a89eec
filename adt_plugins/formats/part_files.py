"""The writer of the formats that show a part on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.formats.format import Write
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.formats.song_names import SongNames, song_names
from adt_plugins.midi.quantize import Quantize
from adt_plugins.transcription import Transcription


def part_writer(content: Callable[[Part, SongNames], bytes]) -> Write:
    """Return a writer of files that hold the part that `make_part` makes.

    Parameters
    ----------
    content
        Function that returns a file's content.
    """

    def write(
        transcription: Transcription,
        path: Path,
        *,
        overwrite: bool,
        warn: Warn,
        quantize: Quantize | None = None,
        swing_notation: str = "eighths",
    ) -> list[Path]:
        part = make_part(
            transcription, quantize=quantize, swing_notation=swing_notation
        )
        data = content(part, song_names(transcription, path))
        if (omissions := part.omissions()) is not None:
            warn(f"{path}: {omissions}")
        return write_files({path: data}, overwrite=overwrite)

    return write
