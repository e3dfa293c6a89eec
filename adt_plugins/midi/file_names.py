"""The names of a song's two MIDI files."""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".drums.mid"
"""End of the first file's name, after that of the song."""

CONSTANT = ".120bpm.mid"
"""End of the second file's name."""


def constant_path(path: Path) -> Path:
    """Return the path at 120 BPM: ``song.drums.120bpm.mid`` for ``song.drums.mid``."""
    return path.with_name(f"{path.stem}.120bpm{path.suffix}")


def both_paths(path: Path) -> list[Path]:
    """Return the paths of both files, given the first."""
    return [path, constant_path(path)]
