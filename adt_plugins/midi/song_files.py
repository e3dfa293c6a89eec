"""The two MIDI files of a song: its own tempo map, and plain time at 120 BPM."""

from __future__ import annotations

from pathlib import Path

from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription

SUFFIX = ".drums.mid"
"""What follows the song's name in the name of the first file."""

CONSTANT = ".120bpm.mid"
"""How the name of the second file ends."""


def tempo_maps(
    transcription: Transcription, how: str = "auto"
) -> tuple[TempoMap, TempoMap]:
    """Tempo maps of the two files: the song's, and 120 BPM; see `tempo_map`."""
    song = tempo_map(
        transcription.beats,
        meters=transcription.meters,
        hits=[onset.time for onset in transcription.onsets],
        how=how,
    )
    return song, TempoMap()


def constant_path(path: Path) -> Path:
    """Path of the file at 120 BPM: ``song.drums.120bpm.mid`` of ``song.drums.mid``."""
    return path.with_name(f"{path.stem}.120bpm{path.suffix}")
