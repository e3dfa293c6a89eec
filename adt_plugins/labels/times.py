"""Parses times as other programs write them."""

from __future__ import annotations

import re
import reprlib

_SECONDS = re.compile(
    r"-?(?:([0-9]{1,5}):)?(?:([0-9]{1,5}):)?([0-9]{1,9}(?:[.,][0-9]*)?)"
)


def parse_time(text: str) -> float:
    """Parse ``5.25``, ``5,25``, ``1:05.250`` or ``1:02:05.250`` into seconds.

    Raises
    ------
    ValueError
        If it is something else; the message says what.
    """
    match = _SECONDS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a time is seconds or m:ss.sss, not {reprlib.repr(text)}")
    *larger, seconds = match.groups()
    whole = 0.0
    for part in larger:
        whole = whole if part is None else 60 * (whole + float(part))
    whole += float(seconds.replace(",", "."))
    return -whole if text.strip().startswith("-") else whole
