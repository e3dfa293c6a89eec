"""Commands run in this process."""

from __future__ import annotations

from pathlib import Path

from adt_plugins.cli import main


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def transcribe(*arguments: str | Path) -> int:
    return run("transcribe", "--model", "tiny", *arguments)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
