"""Automatic drum transcription: from a recording to onsets, labels and MIDI.

>>> from adt_plugins import transcribe
>>> song = transcribe("song.flac")  # doctest: +SKIP
>>> song.times("SD")                # doctest: +SKIP

Names below are imported when they are first used, so that importing the package
costs nothing. No submodule carries the name of one of them: importing such a
submodule would put itself in the function's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adt_plugins.activations import Activations
    from adt_plugins.annotations import Beat, Onset, Source
    from adt_plugins.audio import load_audio
    from adt_plugins.drums import Drum
    from adt_plugins.errors import AdtError, AdtWarning
    from adt_plugins.formats import read as load
    from adt_plugins.formats import write as save
    from adt_plugins.pipeline import transcribe
    from adt_plugins.streaming import transcribe_stream
    from adt_plugins.transcription import Transcription

__version__ = "0.1.0"

__all__ = [
    "Activations",
    "AdtError",
    "AdtWarning",
    "Beat",
    "Drum",
    "Onset",
    "Source",
    "Transcription",
    "__version__",
    "load",
    "load_audio",
    "save",
    "transcribe",
    "transcribe_stream",
]

# Public name: module and name there.
_HOMES = {
    "Activations": ("activations", "Activations"),
    "AdtError": ("errors", "AdtError"),
    "AdtWarning": ("errors", "AdtWarning"),
    "Beat": ("annotations", "Beat"),
    "Drum": ("drums", "Drum"),
    "Onset": ("annotations", "Onset"),
    "Source": ("annotations", "Source"),
    "Transcription": ("transcription", "Transcription"),
    "load": ("formats", "read"),
    "load_audio": ("audio", "load_audio"),
    "save": ("formats", "write"),
    "transcribe": ("pipeline", "transcribe"),
    "transcribe_stream": ("streaming", "transcribe_stream"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
