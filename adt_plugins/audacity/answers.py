r"""Parses Audacity's answers through its pipe, which are almost JSON.

Audacity puts a backslash before a quotation mark in a name and leaves all else as it
is, backslashes and tabs too: a label ``C:\new`` is ``"C:\new"``, and one that ends
with a backslash ``"end\"``. Each label and each track has a line of its own, so that
the last quotation mark that can end a text on it does.
"""

from __future__ import annotations

import json
import re
from typing import Any

# [ 0.5, 0.5, "text" ],        { "name":"text", "focused":1, …
_TEXTS = (
    re.compile(r'(?P<before>\s*\[ [^"\[\]]*, )"(?P<text>.*)"(?P<after> \][\s\],]*)'),
    re.compile(
        r'(?P<before>[\[{\s]*"name":)"(?P<text>.*)"(?P<after>, "focused":[01],.*)'
    ),
)


def parse_answer(answer: str) -> Any:
    r"""Parse an answer to ``GetInfo: … Format=JSON``.

    >>> parse_answer('[ \n  [ 0.5, 0.5, "a \\"b\\" c:\\d\\" ] ]')
    [[0.5, 0.5, 'a "b" c:\\d\\']]

    Raises
    ------
    ValueError
        If it cannot be understood.
    """
    if "\\" in answer:
        answer = "\n".join(_escaped(line) for line in answer.split("\n"))
    # A tab in a label is not escaped.
    return json.loads(answer, strict=False)


def _escaped(line: str) -> str:
    """Return a line with its text escaped as JSON requires."""
    if "\\" in line:
        for pattern in _TEXTS:
            match = pattern.fullmatch(line)
            if match is not None:
                text = match["text"].replace('\\"', '"')
                return match["before"] + json.dumps(text) + match["after"]
    return line
