"""The scripts in `findings` have the form that the contributing page describes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SCRIPTS = sorted((ROOT / "findings").glob("*"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_finding_has_the_form_of_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head, _, script = text.partition("\nset -euo pipefail\n")
    assert re.match(
        r"#!/usr/bin/env bash\n# .*, \d{4}-\d\d-\d\d, Python 3\.\d+\n", head
    )
    for part in ("Guess:", "Instead:", "Seen:", "Matters:"):
        assert f"\n# {part}" in head
    assert 'trap \'rm -rf "$work"\' EXIT\ncd "$work"\n' in script
    # It names a version, and does not use this package.
    for package in re.findall(r"pip install -q (\S.*)", script):
        assert "==" in package
    assert not re.search("adt.plugins", text)
    assert "CHANGED" in script
    assert os.name == "nt" or path.stat().st_mode & 0o100
