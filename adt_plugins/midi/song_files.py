"""The two MIDI files of a song: its own tempo map, and plain time at 120 BPM."""

from __future__ import annotations

from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription


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
