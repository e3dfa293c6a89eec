"""The formats of a part on paper: their writer, what it needs, and its options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn
from adt_plugins.formats.format import Format
from adt_plugins.formats.notation.part import Part, make_part
from adt_plugins.formats.song_names import SongNames, song_names
from adt_plugins.midi.quantize import Quantize
from adt_plugins.transcription import Transcription


def paper_format(
    format_id: str,
    description: str,
    suffix: str,
    content: Callable[[Part, SongNames], bytes],
    *,
    endings: tuple[str, ...] = (),
) -> Format:
    """Return a format whose files hold the part that `notation.part.make_part` makes.

    Parameters
    ----------
    format_id, description, suffix, endings
        See `Format`.
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

    return Format(
        id=format_id,
        description=description,
        suffix=suffix,
        write=write,
        needs=("beats",),
        wants=("fine",),
        endings=endings,
        options=("quantize", "swing_notation"),
    )
