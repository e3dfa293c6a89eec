"""MIDI: a drum track on channel 10 that falls into place in any DAW."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from adt_plugins.drums import Drum, drum_of_note
from adt_plugins.errors import FormatError
from adt_plugins.formats._files import read_bytes, write_files
from adt_plugins.formats._format import Format, Warn, name_some
from adt_plugins.formats._smf import DEFAULT_TEMPO, Clock, Note, Track, parse
from adt_plugins.maps import DrumMap, find_map
from adt_plugins.transcription import Onset, Transcription

if TYPE_CHECKING:
    import mido

TICKS_PER_BEAT = 960
TICKS_PER_SECOND = TICKS_PER_BEAT * 1_000_000 // DEFAULT_TEMPO
DRUM_CHANNEL = 9  # "channel 10", counted from 0
NOTE_TICKS = 120  # a 32nd note: long enough to be seen, a drum does not mind
OFF_VELOCITY = 64  # what the MIDI specification gives to keys that sense none
MAX_DELTA = (1 << 28) - 1
TRACK_NAME = "Drums"
_DRUM_WORDS = ("drum", "percussion")


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    drum_map: DrumMap | str | None = None,
) -> list[Path]:
    """Write a file of type 1 at a constant 120 BPM.

    Track 0 holds the tempo, track 1 the notes. Audio time 0 is tick 0 and every
    time is rounded to its nearest tick (at most 0.26 ms away), so that errors
    never add up. Two hits of one note on one tick become one, the louder. Notes
    are those of `drum_map`, a name or a file of `adt_plugins.maps.find_map`;
    None: `Drum.note`.
    """
    placed, homeless = _place(transcription.onsets, drum_map)
    if homeless:
        named = name_some(str(drum) for drum in homeless)
        warn(f"{path}: the drum map has no note for these hits: {named}")
    hits, merged = _hits(placed)
    if merged:
        named = name_some(str(drum) for drum in merged)
        warn(f"{path}: hits on the same tick as another of their note: {named}")
    return write_files({path: _file(hits)}, overwrite=overwrite)


def _place(
    onsets: Iterable[Onset], drum_map: DrumMap | str | None
) -> tuple[list[tuple[Onset, int]], list[Drum]]:
    """Onsets with their notes, and drums of those that the map has none for."""
    drum_map = find_map(drum_map) if isinstance(drum_map, str) else drum_map
    placed, homeless = [], []
    for onset in onsets:
        note = onset.drum.note if drum_map is None else drum_map.note(onset.drum)
        if note is None:
            homeless.append(onset.drum)
        else:
            placed.append((onset, note))
    return placed, homeless


def _hits(placed: Iterable[tuple[Onset, int]]) -> tuple[list[Note], list[Drum]]:
    """Notes in the order of ticks, and drums of onsets that fell upon another."""
    loudest: dict[tuple[int, int], int] = {}
    merged = []
    for onset, note in placed:
        tick = round(onset.time * TICKS_PER_SECOND)
        if tick + NOTE_TICKS > MAX_DELTA:
            raise FormatError(f"a hit at {onset.time:g} s is too late for MIDI")
        key = (tick, note)
        if key in loudest:
            merged.append(onset.drum)
        loudest[key] = max(onset.velocity, loudest.get(key, 0))
    hits = [
        Note(tick, DRUM_CHANNEL, note, velocity)
        for (tick, note), velocity in sorted(loudest.items())
    ]
    return hits, merged


def _file(hits: list[Note]) -> bytes:
    """Bytes of the whole file."""
    import mido

    tempo_track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=DEFAULT_TEMPO),
            mido.MetaMessage("time_signature", numerator=4, denominator=4),
            mido.MetaMessage("end_of_track"),
        ]
    )
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    file.tracks += [tempo_track, _note_track(hits)]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _note_track(hits: list[Note]) -> mido.MidiTrack:
    import mido

    # Each note ends where the same drum is hit again, if not before. Sorting
    # puts the ends (0) before the beginnings (1) of a tick: a program that
    # reads the reverse order would cut the new note.
    ends: list[tuple[int, int, int, int]] = []
    following: dict[int, int] = {}
    for hit in reversed(hits):
        end = min(hit.tick + NOTE_TICKS, following.get(hit.note, MAX_DELTA))
        ends.append((end, 0, hit.note, OFF_VELOCITY))
        following[hit.note] = hit.tick
    events = sorted(ends + [(hit.tick, 1, hit.note, hit.velocity) for hit in hits])
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=TRACK_NAME)])
    before = 0
    for tick, is_on, note, velocity in events:
        track.append(
            mido.Message(
                "note_on" if is_on else "note_off",
                channel=DRUM_CHANNEL,
                note=note,
                velocity=velocity,
                time=tick - before,
            )
        )
        before = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track


def read(
    path: Path, *, warn: Warn, drum_map: DrumMap | str | None = None
) -> Transcription:
    """Read the drums of a standard MIDI file of type 0 or 1.

    They are the notes on channel 10; in a file without any, those of the tracks
    named after drums. The tempo map counts, of all tracks. What a note means is
    said by `drum_map`, see `write`; None: by `drum_of_note`.

    Raises
    ------
    FormatError
        If it is not such a file, or its notes are all on other tracks.
    """
    drum_map = find_map(drum_map) if isinstance(drum_map, str) else drum_map
    drum_of = drum_of_note if drum_map is None else drum_map.drum
    file = parse(read_bytes(path))
    notes = _drum_notes(file.tracks)
    clock = Clock(file.division, (t for track in file.tracks for t in track.tempos))
    onsets, unknown = [], []
    for note in notes:
        drum = drum_of(note.note)
        if drum is None:
            unknown.append(note.note)
        else:
            onsets.append(Onset(clock.seconds(note.tick), drum, note.velocity))
    if unknown:
        named = name_some(f"note {note}" for note in sorted(unknown))
        if not onsets:
            raise FormatError(f"none of its notes is a drum: {named}")
        warn(f"{path}: notes that are no drums were left out: {named}")
    return Transcription(onsets=tuple(onsets))


def _drum_notes(tracks: list[Track]) -> list[Note]:
    everything = [note for track in tracks for note in track.notes]
    notes = [note for note in everything if note.channel == DRUM_CHANNEL]
    if not notes:
        notes = [
            note
            for track in tracks
            if any(word in track.name.casefold() for word in _DRUM_WORDS)
            for note in track.notes
        ]
    if everything and not notes:
        raise FormatError("no notes on channel 10 and no track named drums")
    return notes


MIDI = Format(
    id="midi",
    description="drum track for a DAW (MIDI)",
    suffix=".drums.mid",
    write=write,
    read=read,
    endings=(".mid", ".midi", ".smf"),
    looks_like=lambda head: head.startswith("MThd"),
)
