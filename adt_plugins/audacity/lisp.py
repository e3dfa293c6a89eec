"""Labels and texts as Lisp, for Nyquist."""

from __future__ import annotations

from collections.abc import Iterable


def lisp_labels(labels: Iterable[tuple[float, str]]) -> str:
    r"""Return a list of point labels as Nyquist reads and returns it.

    >>> lisp_labels([(0.5, "Kick"), (1.25, "Snare")])
    '((0.500000000 0.500000000 "Kick")\n(1.250000000 1.250000000 "Snare"))\n'
    """
    rows = (f"({t:.9f} {t:.9f} {lisp_string(text)})" for t, text in labels)
    return "(" + "\n".join(rows) + ")\n"


def lisp_string(text: str) -> str:
    r"""Return text as Nyquist reads it; line breaks stay.

    >>> print(lisp_string('say "ah"'))
    "say \"ah\""
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
