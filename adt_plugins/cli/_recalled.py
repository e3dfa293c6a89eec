"""Completes transcriptions that are read again: finds beats, reports corrections."""

from __future__ import annotations

from collections.abc import Sequence

from adt_plugins.cli import _console
from adt_plugins.cli._options import BeatOptions
from adt_plugins.corrections import Recalled, with_beats
from adt_plugins.errors import FormatError
from adt_plugins.formats import FORMATS
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription


def complete(
    read: Recalled,
    source: str,
    formats: Sequence[str],
    *,
    beats: BeatOptions | None = None,
    on_grid: bool = False,
    model: str | None = None,
    quiet: bool = False,
) -> Transcription:
    """Return a transcription, with beats if an output needs them.

    Parameters
    ----------
    read
        The transcription, as it was read.
    source
        Its file, for messages.
    formats
        Ids of the formats that are written.
    beats
        Options for beats; None: find them only if formats need them.
    on_grid
        Whether hits are moved to a grid, which needs beats.
    model
        Name of the model that finds beats.
    quiet
        Show no progress.

    Raises
    ------
    AdtError
        If beats were asked for, and the recording is unknown or cannot be read.
    """
    beats = beats or BeatOptions()
    written = [FORMATS[name] for name in formats]
    needs_beats = bool(beats.beats or beats.given or on_grid)
    needs_beats = needs_beats or any("beats" in form.needs for form in written)
    if read.corrections is not None:
        needs_beats = needs_beats or any("beats" in form.wants for form in written)
    if not needs_beats or beats.beats is False:
        return read.transcription
    if beats.beats and not read.transcription.beats and read.sound() is None:
        try:
            source_audio(read.transcription)
        except FormatError as error:
            message = f"{source}: --beats {error}; --audio names it"
            raise FormatError(message) from None
    return with_beats(read, model=model, progress=not quiet, known=beats.known)


def report_corrections(source: str, read: Recalled) -> None:
    """Print how many hits were corrected, if that is known."""
    if read.corrections:
        hits = "hit" if read.corrections == 1 else "hits"
        _console.say(f"{source}: {read.corrections} {hits} corrected")
