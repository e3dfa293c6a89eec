"""Writes standard MIDI files: a tempo map, and drum notes on one track or more."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from adt_plugins.drums import Drum
from adt_plugins.meter import is_compound
from adt_plugins.midi.bar_lines import TICKS_PER_QUARTER
from adt_plugins.midi.kits import DRUM_CHANNEL
from adt_plugins.midi.own_event import OwnEvent, drums_of_notes
from adt_plugins.midi.tempo_map import TempoMap

NOTE_TICKS = 120  # a 32nd note: long enough to be visible; drums ignore the length
OFF_VELOCITY = 64  # default of the MIDI specification for keys without a sensor
MAX_DELTA = (1 << 28) - 1
LEAD_IN, PICKUP = "Lead-in", "Pickup"
"""Markers of the part before the music, and of beats before bar 1."""

# Status bytes, without the channel, and the type bytes of meta events.
_NOTE_OFF, _NOTE_ON, _META = 0x80, 0x90, 0xFF
_TEXT, _TRACK_NAME, _MARKER = 0x01, 0x03, 0x06
_SET_TEMPO, _TIME_SIGNATURE, _SEQUENCER_SPECIFIC = 0x51, 0x58, 0x7F
_END_OF_TRACK = bytes((_META, 0x2F, 0))
_CLOCKS = 24  # MIDI clocks in a quarter, for the metronome

TRACK_NAME = "Drums"
NO_TEMPO = "120 BPM is not the music's tempo: ticks count seconds"
"""Text in a file without beats, by which the reader recognises it."""


class DrumNote(NamedTuple):
    """A note of the file, and its drum."""

    tick: int
    note: int
    velocity: int
    drum: Drum


class _Track(NamedTuple):
    """A track: ticks and bytes of its events, once, in order of time, and its end."""

    events: Iterable[tuple[int, bytes]]
    end: int


def midi_bytes(
    notes: Sequence[DrumNote],
    timing: TempoMap,
    *,
    midi_type: int = 1,
    per_drum: bool = False,
) -> bytes:
    """Return the bytes of a whole file.

    Parameters
    ----------
    notes
        Notes in order of ticks; not twice the same one at a tick.
    timing
        The tempo map.
    midi_type
        0: all on one track; 1: a tempo track and note tracks.
    per_drum
        Whether each drum has a track of its own, with its name.
    """
    about = OwnEvent(
        timing.end + 1 if timing.bars else 0,
        drums_of_notes((note.note, note.drum) for note in notes),
    )
    tracks = [_tempo_track(timing, about)]
    ended = list(zip(notes, _ends(notes), strict=True))
    if per_drum:
        for drum in Drum:
            members = [item for item in ended if item[0].drum is drum]
            if members:
                tracks.append(_note_track(members, drum.full_name))
    else:
        tracks.append(_note_track(ended, TRACK_NAME))
    if not midi_type:
        tracks = [_merged(tracks)]
    head = struct.pack(">4sLHHH", b"MThd", 6, midi_type, len(tracks), TICKS_PER_QUARTER)
    return head + b"".join(_chunk(track) for track in tracks)


def _merged(tracks: Sequence[_Track]) -> _Track:
    """Return one track with all events, those at a tick in the order of the tracks."""
    events = [event for track in tracks for event in track.events]
    events.sort(key=lambda event: event[0])
    return _Track(events, max(track.end for track in tracks))


def _chunk(track: _Track) -> bytes:
    """Return the bytes of a track; thousands of notes take 10 ms, and 60 with mido."""
    data = bytearray()
    before = 0
    status = None
    for tick, message in chain(track.events, [(track.end, _END_OF_TRACK)]):
        data += _variable(tick - before)
        before = tick
        # A repeated status is left out, except in meta events.
        repeated = message[0] == status and message[0] < _META
        data += message[1:] if repeated else message
        status = message[0]
    return struct.pack(">4sL", b"MTrk", len(data)) + bytes(data)


def _variable(number: int) -> bytes:
    """Return a variable-length quantity: seven bits a byte, the highest first."""
    # Nearly all are this short.
    if number < 0x80:
        return bytes((number,))
    if number < 0x4000:
        return bytes((0x80 | number >> 7, number & 0x7F))
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(digits[::-1])


def _tempo_track(timing: TempoMap, about: OwnEvent) -> _Track:
    # At the same tick, the tempo comes first and the marker last.
    events = [
        (tick, 0, _meta(_SET_TEMPO, tempo.to_bytes(3, "big")))
        for tick, tempo in timing.tempos
    ]
    for tick, upper, lower in timing.signatures:
        clocks = _CLOCKS * 3 // 2 if is_compound(upper, lower) else _CLOCKS
        data = bytes((upper, lower.bit_length() - 1, clocks, 8))
        events.append((tick, 1, _meta(_TIME_SIGNATURE, data)))
    if timing.first:
        events.append((0, 2, _text(_MARKER, LEAD_IN)))
    for number, tick in enumerate(timing.bars, timing.first_bar):
        if number == 1 and tick > timing.first:
            events.append((timing.first, 2, _text(_MARKER, PICKUP)))
        if number >= 1:
            events.append((tick, 2, _text(_MARKER, f"Bar {number}")))
    if not timing.bars:
        events.append((0, 2, _text(_TEXT, NO_TEMPO)))
    events.append((0, 3, _meta(_SEQUENCER_SPECIFIC, bytes(about.data()))))
    events.sort(key=lambda event: event[:2])
    written = [(tick, message) for tick, _, message in events]
    # End after the last beat, so that a reader knows how far beats were detected.
    return _Track(written, max(about.end, written[-1][0]))


def _text(kind: int, text: str) -> bytes:
    return _meta(kind, text.encode())


def _meta(kind: int, data: bytes) -> bytes:
    """Return the bytes of a meta event."""
    return bytes((_META, kind)) + _variable(len(data)) + data


def _ends(notes: Sequence[DrumNote]) -> list[int]:
    """Return the tick at which each note ends: no later than its key is hit again."""
    ends = []
    following: dict[int, int] = {}
    for note in reversed(notes):
        ends.append(min(note.tick + NOTE_TICKS, following.get(note.note, MAX_DELTA)))
        following[note.note] = note.tick
    return ends[::-1]


def _note_track(ended: Iterable[tuple[DrumNote, int]], name: str) -> _Track:
    # Sorting puts note-offs (0) before note-ons (1) at the same tick: a program that
    # reads the reverse order would cut the new note.
    notes: list[tuple[int, int, int, int]] = []
    for note, end in ended:
        notes.append((note.tick, 1, note.note, note.velocity))
        notes.append((end, 0, note.note, OFF_VELOCITY))
    notes.sort()
    statuses = (_NOTE_OFF | DRUM_CHANNEL, _NOTE_ON | DRUM_CHANNEL)
    # Made one by one: those of an hour would take 7 MB.
    events = (
        (tick, bytes((statuses[is_on], number, velocity)))
        for tick, is_on, number, velocity in notes
    )
    end = notes[-1][0] if notes else 0
    return _Track(chain([(0, _text(_TRACK_NAME, name))], events), end)
