"""The two MIDI files of a song: its own tempo map, and plain time at 120 BPM."""

from __future__ import annotations

from functools import lru_cache

from adt_plugins.annotations import Beat
from adt_plugins.meter import MeterChange
from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription


def tempo_maps(
    transcription: Transcription, how: str = "auto"
) -> tuple[TempoMap, TempoMap]:
    """Return the tempo maps of both files: the song's, and 120 BPM; see `tempo_map`."""
    hits = tuple(transcription.hit_times())
    song = _song_map(tuple(transcription.beats), tuple(transcription.meters), hits, how)
    return song, TempoMap()


# Every format with bars asks for the same map, and so does what a file is for.
@lru_cache(maxsize=1)
def _song_map(
    beats: tuple[Beat, ...],
    meters: tuple[MeterChange, ...],
    hits: tuple[float, ...],
    how: str,
) -> TempoMap:
    return tempo_map(beats, meters=meters, hits=hits, how=how)
