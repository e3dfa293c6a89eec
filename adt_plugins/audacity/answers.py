r"""Parses Audacity's answers through its pipe, which are almost JSON.

Audacity puts a backslash before a quotation mark in a name and leaves all else as it
is, backslashes and tabs too: a label ``C:\new`` is ``"C:\new"``, and one that ends
with a backslash ``"end\"``. Each label and each track has a line of its own, so that
the last quotation mark that can end a text on it does. A text with a line break goes on
in the next line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# [ 0.5, 0.5, "text" ],        { "name":"text", "focused":1, …
_TEXTS = (
    re.compile(
        r'(?P<before>\s*\[ [^"\[\]]*, )"(?P<text>.*)"(?P<after> \][\s\],]*)',
        re.DOTALL,
    ),
    re.compile(
        r'(?P<before>[\[{\s]*"name":)"(?P<text>.*)"(?P<after>, "focused":[01],.*)',
        re.DOTALL,
    ),
)
_MOST_LINES = 100  # of one text: what never ends would take quadratic time
_BEGINS = re.compile(r'\s*\[ [^"\[\]]*, "|[\[{\s]*"name":"')


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
        answer = "\n".join(map(_escaped, _entries(answer)))
    # A tab in a label is not escaped.
    return json.loads(answer, strict=False)


def _entries(answer: str) -> Iterator[str]:
    """Yield the lines; those of a text with line breaks together."""
    entry: list[str] = []
    for line in answer.split("\n"):
        entry.append(line)
        whole = "\n".join(entry)
        is_text = _BEGINS.match(entry[0]) is not None and len(entry) < _MOST_LINES
        if not is_text or _match(whole) is not None:
            yield whole
            entry = []
    yield from entry


def _match(entry: str) -> re.Match[str] | None:
    matches = (pattern.fullmatch(entry) for pattern in _TEXTS)
    return next((match for match in matches if match is not None), None)


def _escaped(entry: str) -> str:
    """Return an entry with its text escaped as JSON requires."""
    match = _match(entry) if "\\" in entry else None
    if match is None:
        return entry
    text = match["text"].replace('\\"', '"')
    return match["before"] + json.dumps(text) + match["after"]
