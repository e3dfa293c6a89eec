"""What comes back of labels: finding its beats, and saying what was corrected."""

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
    """Return a transcription with beats, if something that is written needs them.

    Parameters
    ----------
    read
        What was read.
    source
        Where from, for messages.
    formats
        Ids of the formats that are written.
    beats
        What was asked for; None: only what formats need.
    on_grid
        Whether hits are moved to a grid, which needs beats.
    model
        Name of the model that finds them.
    quiet
        Show no progress.

    Raises
    ------
    AdtError
        If beats were asked for, and the recording is not known or cannot be read.
    """
    beats = beats or BeatOptions()
    written = [FORMATS[name] for name in formats]
    wanted = bool(beats.beats or beats.given or on_grid)
    wanted = wanted or any("beats" in form.needs for form in written)
    if read.corrections is not None:
        wanted = wanted or any("beats" in form.wants for form in written)
    if not wanted or beats.beats is False:
        return read.transcription
    if beats.beats and not read.transcription.beats and read.sound() is None:
        try:
            source_audio(read.transcription)
        except FormatError as error:
            told = f"{source}: --beats {error}; --audio names it"
            raise FormatError(told) from None
    return with_beats(read, model=model, progress=not quiet, known=beats.known)


def tell(source: str, read: Recalled) -> None:
    """Say how much was corrected, if that is known."""
    if read.corrections:
        hits = "hit" if read.corrections == 1 else "hits"
        _console.say(f"{source}: {read.corrections} {hits} corrected")
