"""Untrusted text on a terminal: control characters are shown, not obeyed."""

from __future__ import annotations

import re

# C0 (except the tab) and C1 controls, the latter also as bytes of a name that is not
# UTF-8; line and paragraph separators; marks that change the direction of writing.
_STEERING = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\udc80-\udc9f"
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def visible(text: str) -> str:
    r"""Return one line, with control characters escaped.

    The name of a file, a card or a tag could otherwise retitle a terminal, erase a
    line or pass itself off as one of our messages.

    >>> visible("a\x1b[2Jb\nadt: done")
    'a\\x1b[2Jb\\x0aadt: done'
    """
    return _STEERING.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDC9F:  # how Python keeps a byte that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
