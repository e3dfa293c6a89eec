"""Running `adt batch`, and what it leaves."""

from __future__ import annotations

import sys
from pathlib import Path

from adt_plugins.cli import main

COMMAND = [sys.executable, "-m", "adt_plugins", "batch", "--model", "tiny"]


def batch(*arguments: str | Path) -> int:
    return main(["batch", "--model", "tiny", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".adt-batch.lock"
    }
