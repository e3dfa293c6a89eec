"""Warnings of readers and writers, and the wording that messages share."""

from __future__ import annotations

import inspect
import os
import reprlib
import warnings
from collections.abc import Callable, Iterable, Sequence

from adt_plugins.errors import AdtWarning

Warn = Callable[[str], None]

_PADDING_S = 0.1  # a compressed copy of a recording may be longer by this


def default_warn(message: str) -> None:
    """Issue an `AdtWarning` at the line that called this package.

    The command line uses a function of its own.
    """
    level, frame = 1, inspect.currentframe()
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, AdtWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __package__.partition(".")[0]


class NoHitLost(str):
    """A warning that does not concern hits; after any other, some hits may be missing.

    Comparisons continue after such warnings only.
    """

    __slots__ = ()


def about(path: str | os.PathLike[str], warn: Warn) -> Warn:
    """Return a function that warns about a file; a warning keeps its kind."""

    def tell(message: str) -> None:
        warn(type(message)(f"{os.fspath(path)}: {message}"))

    return tell


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word; empty if no word is close.

    >>> did_you_mean("EZDrummer", ["ezdrummer", "gm"])
    '; did you mean ezdrummer?'
    """
    from difflib import get_close_matches

    names = {_bare(name): name for name in known}
    wanted = _bare(word)
    close = [name for bare, name in names.items() if bare == wanted]
    if not close and len(wanted) > 1:
        close = [name for bare, name in names.items() if bare.startswith(wanted)]
        near = get_close_matches(wanted, names, n=2, cutoff=0.6)
        close = close[:2] or [names[bare] for bare in near]
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _bare(text: str) -> str:
    return "".join(c for c in text[:80].casefold() if c.isalnum())


def name_some(texts: Iterable[str], most: int = 5) -> str:
    """List texts with their counts, in one short line.

    >>> name_some(["verse", "x", "verse"])
    "'verse' (2), 'x' (1)"
    """
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    named = [f"{reprlib.repr(text)} ({n})" for text, n in counts.items()]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def past_the_end(times: Sequence[float], duration: float) -> list[str]:
    """Return a remark on hits past the end of a recording; empty if there are none.

    Parameters
    ----------
    times
        Times of the hits, in seconds.
    duration
        Length of the recording, in seconds.

    >>> past_the_end([0.5, 1.05, 2.0], 1.0)
    ["1 of 3 hits is past its end; are they another recording's?"]
    """
    count = sum(time > duration + _PADDING_S for time in times)
    verb = "is" if count == 1 else "are"
    text = f"{count} of {len(times)} hits {verb} past its end"
    return [f"{text}; are they another recording's?"] if count else []
