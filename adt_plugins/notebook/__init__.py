"""The widget for notebooks: hear, see and correct every hit.

>>> from adt_plugins.notebook import DrumWidget
>>> DrumWidget(transcribe("song.mp3"))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adt_plugins.notebook.widget import DrumWidget

__all__ = ["DrumWidget"]


def __getattr__(name: str) -> Any:
    if name != "DrumWidget":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from adt_plugins.errors import MissingDependencyError

    try:
        import anywidget  # noqa: F401 - what the extra is for
    except ImportError as error:
        raise MissingDependencyError.of(
            "the widget", "anywidget", "notebook"
        ) from error
    from adt_plugins.notebook.widget import DrumWidget

    return DrumWidget
