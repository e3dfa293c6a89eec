"""Write `docs/reference/dependencies.md` from the metadata of what is installed.

Usage, where all extras of a user are installed:
``python -m tests.support.make_dependencies``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import import_module, metadata
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

# pytest brings the latter along where Python lacks the former.
tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

TARGET = ROOT / "docs" / "reference" / "dependencies.md"

OF_DEVELOPERS = frozenset({"docs", "test", "test-browser"})
"""Extras that users do not need."""

CARRIES = {
    "av": "FFmpeg (LGPL-3.0-or-later) linked with x264 and x265 (GPL-2.0-or-later)",
    "madmom": "networks under CC BY-NC-SA 4.0, which are used in comparisons alone",
    "numpy": "OpenBLAS (BSD-3-Clause), libgfortran (GPL with the runtime exception)",
    "scipy": "OpenBLAS (BSD-3-Clause), libgfortran (GPL with the runtime exception)",
    "soundfile": "libsndfile (LGPL-2.1-or-later) with FLAC, Vorbis, Opus, mpg123, LAME",
    "verovio": "music fonts (SIL Open Font License 1.1)",
    "soxr": "libsoxr (LGPL-2.1-or-later)",
}
"""Parts of wheels with a licence of their own."""

_SAME = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "ISC license": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF",
}
_LONGEST_NAME = 60

_HEAD = """\
# What it depends on

Written by `python -m tests.support.make_dependencies` on Linux from the metadata of the
packages; other systems may need others. None of them is part of this package: pip
fetches them. A program that ships them as well has to keep to their licences, and to
those of what their wheels carry.

"""


def declared() -> dict[str, list[Requirement]]:
    """Requirements of pyproject.toml by extra; those without one under ``""``."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: [Requirement(text) for text in texts]
        for extra, texts in lists.items()
        if extra not in OF_DEVELOPERS
    }


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Names of these packages and of all that they need here."""
    needed: set[str] = set()
    waiting = [(item, "") for item in requirements]
    while waiting:
        item, extra = waiting.pop()
        if item.marker is not None and not item.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(item.name)
        extras = {"", *item.extras}
        if name in needed:
            continue
        needed.add(name)
        needs = metadata.requires(name) or []
        waiting += [(Requirement(text), extra) for text in needs for extra in extras]
    return needed


def licence(name: str) -> str:
    """What a package says about its licence, in one line."""
    about: Any = metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return str(expression)
    text: str = about.get("License") or ""
    if text in ("", "UNKNOWN") or len(text) > _LONGEST_NAME or "\n" in text:
        classifiers = about.get_all("Classifier") or []
        kinds = [c.rpartition(" :: ")[2] for c in classifiers if c[:9] == "License :"]
        text = " AND ".join(kinds)
    if not text:
        raise SystemExit(f"{name} does not say under which licence it is")
    return _SAME.get(text, text)


def table() -> str:
    """Return the rows of all packages, the required ones first."""
    of_extra = {extra: closure(items) for extra, items in declared().items()}
    names = set().union(*of_extra.values())

    def needed(name: str) -> list[str]:
        extras = [extra for extra, needed in of_extra.items() if name in needed]
        return [] if "" in extras else extras

    rows = ["| package | version | licence | needed by |", "|---|---|---|---|"]
    for name in sorted(names, key=lambda name: (needed(name) != [], name)):
        words = [licence(name)]
        if name in CARRIES:
            words.append(f"carries {CARRIES[name]}")
        extras = ", ".join(f"`{extra}`" for extra in needed(name)) or "all"
        version = re.sub(r"\+.*", "", metadata.version(name))
        rows.append(f"| {name} | {version} | {'; '.join(words)} | {extras} |")
    return "".join(f"{row}\n" for row in rows)


if __name__ == "__main__":
    TARGET.write_text(_HEAD + table(), encoding="utf-8", newline="\n")
