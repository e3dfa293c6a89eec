"""The commands and the code of the README and the documentation.

A comment above a fenced block says what it needs to be run:
``<!-- needs: audacity -->``. Blocks of other languages than `RUN`, such as ``text``,
are for reading.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT

RUN = ("sh", "python")
NEEDS = {
    "": "tests/integration/test_docs.py",
    "dask": "tests/integration/test_docs.py",
    "hours": "tests/integration/test_docs.py",  # only parsed
    "microphone": "tests/integration/test_docs.py",  # only parsed
    "index": "tests/integration/test_fresh_install.py",
    "compiler": "tests/integration/test_fresh_install.py",
    "pipx": "tests/integration/test_fresh_install.py",
    "uv": "tests/integration/test_fresh_install.py",
    "audacity": "tests/external/audacity/test_docs_in_audacity.py",
    "running-audacity": "tests/external/audacity/test_docs_in_audacity.py",
}
"""What a block may need, and who runs it there."""

README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
INSTALL = ROOT / "docs" / "how-to" / "install.md"

_BLOCK = re.compile(
    r"(?:^<!-- (?P<kind>needs|file): (?P<what>\S+) -->\n)?"
    r"^```(?P<language>\S*)\n(?P<content>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    language: str
    needs: str
    file: str
    content: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    matches = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(
            page,
            match["language"],
            match["what"] if match["kind"] == "needs" else "",
            match["what"] if match["kind"] == "file" else "",
            match["content"],
        )
        for match in matches
    ]


def snippets(page: Path, *needs: str) -> list[Block]:
    """Return the blocks of a page that are run and need one of these."""
    return [
        block
        for block in blocks(page)
        if block.language in RUN and not block.file and block.needs in (needs or ("",))
    ]


def name(page: Path) -> str:
    """Return a page's name for a test's id."""
    return page.relative_to(ROOT).as_posix()
