"""The two MIDI files of a song: its own tempo map, and plain time at 120 BPM."""

from __future__ import annotations

from pathlib import Path

from adt_plugins.meter import beats_per_bar
from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription

SUFFIX = ".drums.mid"
"""What follows the song's name in the name of the first file."""


def tempo_maps(transcription: Transcription) -> list[TempoMap]:
    """Tempo maps of the files that are written: the song's, then 120 BPM."""
    if not transcription.beats:
        return [TempoMap()]
    song = tempo_map(transcription.beats, meter=_meter(transcription))
    return [song, TempoMap()]


def constant_path(path: Path) -> Path:
    """Path of the file at 120 BPM: ``song.drums.120bpm.mid`` of ``song.drums.mid``."""
    return path.with_name(f"{path.stem}.120bpm{path.suffix}")


def _meter(transcription: Transcription) -> str:
    """Meter that the beats were found in; 4/4 if it does not say."""
    meter = transcription.model.get("meter")
    try:
        beats_per_bar(meter if isinstance(meter, str) else "")
    except ValueError:
        return "4/4"
    return str(meter)
