"""The code blocks of the README."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block: its language, the word behind that, its content."""

    language: str
    word: str
    content: str


BLOCKS = [
    Block(*found)
    for found in re.findall(r"^```(\w+) ?([\w-]*)\n(.*?)^```$", README, re.M | re.S)
]
