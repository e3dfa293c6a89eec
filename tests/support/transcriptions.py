"""Transcriptions that several tests use."""

from __future__ import annotations

from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription


def small() -> Transcription:
    """Return four hits out of order, of fine and coarse drums, and two beats."""
    return Transcription(
        onsets=(
            Onset(2.0, Drum.SD, 90),
            Onset(1.0, Drum.CHH, 80),
            Onset(1.0, Drum.KD, 70),
            Onset(3.0, Drum.HH, 60),
        ),
        beats=(Beat(2.5, 2), Beat(0.5, 1)),
        source=Source("a/song.wav", duration=4.0),
    )
