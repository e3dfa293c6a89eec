"""Guitar Pro files, read back with the library that writes them."""

from __future__ import annotations

import io
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import MissingDependencyError
from adt_plugins.meter import meter_changes
from adt_plugins.transcription import Transcription

guitarpro = pytest.importorskip("guitarpro", reason="PyGuitarPro is missing")

LENGTH_S = 0.5


def song(
    hits: list[tuple[float, Drum, int]],
    beats: int = 4,
    bars: int = 2,
    meter: str = "4/4",
) -> Transcription:
    """Hits at places in beats of 120 BPM."""
    return Transcription(
        tuple(Onset(LENGTH_S * place, drum, v) for place, drum, v in hits),
        tuple(Beat(LENGTH_S * n, n % beats + 1) for n in range(beats * bars + 1)),
        meters=meter_changes(meter),
    )


def written(transcription: Transcription, path: Path) -> Any:
    formats.write(transcription, path)
    return guitarpro.parse(io.BytesIO(path.read_bytes()))


def played(
    guitar_song: Any, voice: int, measure: int = 0
) -> list[tuple[str, list[int]]]:
    """Return the value and notes of each beat, as in ``8`` and ``16:3``."""
    beats = guitar_song.tracks[0].measures[measure].voices[voice].beats
    return [
        (
            f"{b.duration.value}"
            + "." * b.duration.isDotted
            + (f":{b.duration.tuplet.enters}" if b.duration.tuplet.enters > 1 else ""),
            [note.value for note in b.notes],
        )
        for b in beats
    ]


def test_hands_and_feet_are_two_voices(tmp_path: Path) -> None:
    hits = [(n / 2, Drum.CHH, 80) for n in range(8)]
    hits += [(0, Drum.KD, 80), (2, Drum.KD, 80), (1, Drum.SD, 80), (3, Drum.SD, 80)]
    guitar_song = written(song(hits), tmp_path / "song.drums.gp5")
    assert guitar_song.title == "song"
    assert guitar_song.tempo == 120
    (track,) = guitar_song.tracks
    assert track.isPercussionTrack
    assert played(guitar_song, 0) == [
        ("8", [42] if n % 4 != 2 else [42, 38]) for n in range(8)
    ]
    assert [notes for _, notes in played(guitar_song, 1) if notes] == [[36], [36]]
    # Every bar is full, even one in which nobody plays.
    for measure in track.measures:
        total = sum(beat.duration.time for beat in measure.voices[0].beats)
        assert total == 4 * 960


def test_triplets_meters_and_marks(tmp_path: Path) -> None:
    hits = [(n / 3, Drum.SD, 80) for n in range(9)]
    guitar_song = written(song(hits, beats=3, meter="3/4"), tmp_path / "song.drums.gp5")
    signature = guitar_song.measureHeaders[0].timeSignature
    assert (signature.numerator, signature.denominator.value) == (3, 4)
    assert played(guitar_song, 0) == [("8:3", [38])] * 9
    hits = [(n / 2, Drum.SD, (120, 25)[n % 2]) for n in range(16)]
    guitar_song = written(song(hits), tmp_path / "marked.drums.gp5")
    notes = [b.notes[0] for b in guitar_song.tracks[0].measures[0].voices[0].beats]
    assert {note.velocity for note in notes} == {guitarpro.Velocities.forte}
    assert any(note.effect.ghostNote for note in notes)


def test_every_hit_has_its_note(tmp_path: Path) -> None:
    codes = ("KD", "SD", "SST", "CHH", "OHH", "PHH", "HIT", "MHT", "HFT", "LFT", "CRC")
    drums = [Drum(code) for code in codes]
    hits = [(float(n), drum, 90) for n, drum in enumerate(drums)]
    guitar_song = written(song(hits, bars=6), tmp_path / "song.drums.gp5")
    notes = Counter(
        note.value
        for measure in guitar_song.tracks[0].measures
        for voice in measure.voices
        for beat in voice.beats
        for note in beat.notes
    )
    assert notes == Counter(drum.note for drum in drums)


def test_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "guitarpro", None)
    with pytest.raises(MissingDependencyError, match=r"adt-plugins\[gp\]"):
        formats.write(song([(0, Drum.KD, 90)]), tmp_path / "song.drums.gp5")
    assert not list(tmp_path.iterdir())
