"""Automatic drum transcription: from a recording to onsets, labels and MIDI.

>>> from adt_plugins import transcribe
>>> song = transcribe("song.flac")  # doctest: +SKIP
>>> song.times("SD")                # doctest: +SKIP

The names below are the public face; they are imported when they are first used, so
that importing the package costs nothing. No submodule carries the name of one of them:
importing such a submodule would put itself in the function's place.
"""

from __future__ import annotations

# Nothing is imported: a Ctrl-C meanwhile would show a traceback.
TYPE_CHECKING = False

if TYPE_CHECKING:  # the same list for type checkers; a test compares the two
    from typing import Any

    from adt_plugins import formats
    from adt_plugins.activations import Activations as Activations
    from adt_plugins.annotations import Beat as Beat
    from adt_plugins.annotations import Onset as Onset
    from adt_plugins.annotations import Source as Source
    from adt_plugins.audio import load_audio as load_audio
    from adt_plugins.drums import Drum as Drum
    from adt_plugins.errors import AdtError as AdtError
    from adt_plugins.errors import AdtWarning as AdtWarning
    from adt_plugins.pipeline import transcribe as transcribe
    from adt_plugins.separation import Stems as Stems
    from adt_plugins.separation import separate as separate
    from adt_plugins.streaming import transcribe_stream as transcribe_stream
    from adt_plugins.transcription import Transcription as Transcription

    load, save = formats.read, formats.write

__version__ = "0.2.0"

_PUBLIC = {
    "Activations": "activations.Activations",
    "AdtError": "errors.AdtError",
    "AdtWarning": "errors.AdtWarning",
    "Beat": "annotations.Beat",
    "Drum": "drums.Drum",
    "Onset": "annotations.Onset",
    "Source": "annotations.Source",
    "Stems": "separation.Stems",
    "Transcription": "transcription.Transcription",
    "load": "formats.read",
    "load_audio": "audio.load_audio",
    "save": "formats.write",
    "separate": "separation.separate",
    "transcribe": "pipeline.transcribe",
    "transcribe_stream": "streaming.transcribe_stream",
}
__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - the names are text


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _PUBLIC[name].partition(".")
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
