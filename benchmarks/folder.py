"""Folders of recordings with their references, and the options of benchmarks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path


def find_recordings(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield path, name and kind of each ``NAME.KIND.flac`` or ``.wav``, sorted."""
    for path in sorted((*folder.glob("*.*.flac"), *folder.glob("*.*.wav"))):
        name, kind = path.stem.rsplit(".", 1)
        yield path, name, kind


def options(description: str) -> argparse.Namespace:
    """Parse a folder, ``--model`` and ``--json``."""
    parser = argparse.ArgumentParser(description=description.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()
