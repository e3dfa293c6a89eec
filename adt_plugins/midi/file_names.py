"""The names of a song's two MIDI files."""

from __future__ import annotations

from pathlib import Path

_PLAIN = ".120bpm"

SUFFIX = ".drums.mid"
"""End of the first file's name, after that of the song."""

CONSTANT_SUFFIX = f".drums{_PLAIN}.mid"
"""End of the second file's name, likewise."""


def constant_path(path: Path) -> Path:
    """Return the path at 120 BPM: ``song.drums.120bpm.mid`` for ``song.drums.mid``."""
    return path.with_name(f"{path.stem}{_PLAIN}{path.suffix}")


def is_constant(path: Path) -> bool:
    """Whether a path is that of a second file, see `constant_path`."""
    return path.stem.endswith(_PLAIN)


def both_paths(path: Path) -> list[Path]:
    """Return the paths of both files, given the first."""
    return [path, constant_path(path)]
