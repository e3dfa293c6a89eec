"""Programs that stand in for Audacity."""

from __future__ import annotations

from pathlib import Path


def executable(path: Path, text: str = "") -> Path:
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
