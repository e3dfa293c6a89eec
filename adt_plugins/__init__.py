"""Automatic drum transcription: from a recording to onsets, labels and MIDI.

>>> from adt_plugins import transcribe
>>> song = transcribe("song.flac")  # doctest: +SKIP
>>> song.times("SD")                # doctest: +SKIP

The public names stand in `__init__.pyi`, for type checkers and for this module. They
are imported when they are first used, so that importing the package costs nothing. No
submodule carries the name of one of them: importing such a submodule would put itself
in the function's place.
"""

from __future__ import annotations

# Nothing is imported: a Ctrl-C meanwhile would show a traceback.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

__version__ = "0.2.0"


def _public_names() -> dict[str, str]:
    """Return where each public name comes from: the module, a dot, the name there."""
    stub = __spec__.loader.get_data(f"{__path__[0]}/__init__.pyi")
    places = {}
    for line in stub.decode().splitlines():
        match line.split():
            case ["from", module, "import", attribute, "as", name]:
                places[name] = f"{module}.{attribute}"
            case [name, "=", place]:
                places[name] = f"{__name__}.{place}"
    return places


_PUBLIC = _public_names()
__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - the names are text


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _PUBLIC[name].rpartition(".")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
