"""Running `adt batch`, and what it leaves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from adt_plugins.cli import main

COMMAND = [sys.executable, "-m", "adt_plugins", "batch", "--model", "tiny"]


def batch(*arguments: str | Path) -> int:
    return main(["batch", "--model", "tiny", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".adt-batch.lock"
    }


def lines(out: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest's lines by the recordings' names below their library."""
    text = (out / "manifest.jsonl").read_text(encoding="ascii")
    entries = [json.loads(line) for line in text.splitlines()]
    names = [line["input"] for line in entries]
    assert names == sorted(set(names))
    return {name.partition("/library/")[2]: line for name, line in zip(names, entries)}  # noqa: B905


def times(folder: Path) -> dict[str, int]:
    """Return when each file was written, in nanoseconds, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".txt", ".mid")
    }


def lines_of(out: Path) -> list[dict[str, Any]]:
    """Return the lines of a manifest that may be out of order, and the last one cut."""
    data = (out / "manifest.jsonl").read_bytes()
    return [json.loads(line) for line in data.splitlines(keepends=True)
            if line.endswith(b"\n")]  # fmt: skip
