"""Where the project's files lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
GROOVE = EXAMPLES / "groove.flac"
DATA = ROOT / "tests" / "data"
