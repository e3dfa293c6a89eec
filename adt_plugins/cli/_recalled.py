"""What comes back of labels: finding its beats, and saying what was corrected."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from adt_plugins.cli import _console
from adt_plugins.corrections import Recalled, with_beats
from adt_plugins.errors import FormatError
from adt_plugins.formats import FORMATS
from adt_plugins.formats.midi import MIDI
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

_KNOWN = ("bpm", "meter", "first_downbeat")


def complete(
    args: Namespace, names: Sequence[str], read: Recalled, source: str
) -> Transcription:
    """Return a transcription with beats, if something that is written needs them.

    Parameters
    ----------
    args
        Parsed options; those of `add_beats` and `add_midi` if there are some.
    names
        Formats that are written.
    read
        What was read.
    source
        Where from, for messages.

    Raises
    ------
    AdtError
        If beats were asked for, and the recording is not known or cannot be read.
    """
    asked = getattr(args, "beats", None)
    known = {name: getattr(args, name, None) for name in _KNOWN}
    known = {name: value for name, value in known.items() if value is not None}
    wanted = bool(asked or known or getattr(args, "quantize", None))
    wanted = wanted or any("beats" in FORMATS[name].needs for name in names)
    # Of the two MIDI files, one follows the song's own bars.
    wanted = wanted or (read.corrections is not None and MIDI.id in names)
    if not wanted or asked is False:
        return read.transcription
    if asked and not read.transcription.beats and read.sound() is None:
        try:
            source_audio(read.transcription)
        except FormatError as error:
            told = f"{source}: --beats {error}; --audio names it"
            raise FormatError(told) from None
    model = getattr(args, "model", None)
    return with_beats(read, model=model, progress=not args.quiet, known=known)


def tell(source: str, read: Recalled) -> None:
    """Say how much was corrected, if that is known."""
    if read.corrections:
        hits = "hit" if read.corrections == 1 else "hits"
        _console.say(f"{source}: {read.corrections} {hits} corrected")
