"""The two MIDI files of a song: its own tempo map, and plain time at 120 BPM."""

from __future__ import annotations

from pathlib import Path

from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription

SUFFIX = ".drums.mid"
"""End of the first file's name, after that of the song."""

CONSTANT = ".120bpm.mid"
"""End of the second file's name."""


def tempo_maps(
    transcription: Transcription, how: str = "auto"
) -> tuple[TempoMap, TempoMap]:
    """Return the tempo maps of both files: the song's, and 120 BPM; see `tempo_map`."""
    song = tempo_map(
        transcription.beats,
        meters=transcription.meters,
        hits=[onset.time for onset in transcription.onsets],
        how=how,
    )
    return song, TempoMap()


def constant_path(path: Path) -> Path:
    """Return the path at 120 BPM: ``song.drums.120bpm.mid`` for ``song.drums.mid``."""
    return path.with_name(f"{path.stem}.120bpm{path.suffix}")
