"""Writing standard MIDI files: a tempo map, and drum notes on one track or more."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from adt_plugins.drums import Drum
from adt_plugins.midi.own_event import OwnEvent, drums_of_notes
from adt_plugins.midi.tempo_map import TICKS_PER_QUARTER, TempoMap

if TYPE_CHECKING:
    import mido

DRUM_CHANNEL = 9  # "channel 10", counted from 0
NOTE_TICKS = 120  # a 32nd note: long enough to be seen, a drum does not mind
OFF_VELOCITY = 64  # what the MIDI specification gives to keys that sense none
MAX_DELTA = (1 << 28) - 1
LEAD_IN, PICKUP = "Lead-in", "Pickup"
"""Markers where nothing is counted yet, and where beats before bar 1 are."""

TRACK_NAME = "Drums"
NO_TEMPO = "120 BPM is not the music's tempo: ticks count seconds"
"""Text in a file without beats, by which its reader knows that there are none."""


class DrumNote(NamedTuple):
    """A note of the file, and the drum that it is of."""

    tick: int
    note: int
    velocity: int
    drum: Drum


def midi_bytes(
    notes: Sequence[DrumNote],
    timing: TempoMap,
    *,
    midi_type: int = 1,
    per_drum: bool = False,
) -> bytes:
    """Bytes of the whole file.

    Parameters
    ----------
    notes
        In the order of ticks, no two of a note on one tick.
    timing
        Its tempo map.
    midi_type
        0: all on one track.
    per_drum
        A track for each drum, by name, instead of one for all.
    """
    import mido

    file = mido.MidiFile(
        type=midi_type, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8"
    )
    about = OwnEvent(
        timing.end + 1 if timing.bars else 0,
        drums_of_notes((note.note, note.drum) for note in notes),
    )
    tracks = [_tempo_track(timing, about)]
    ended = list(zip(notes, _ends(notes), strict=True))
    if per_drum:
        for drum in Drum:
            own = [item for item in ended if item[0].drum is drum]
            if own:
                tracks.append(_note_track(own, drum.full_name))
    else:
        tracks.append(_note_track(ended, TRACK_NAME))
    file.tracks += tracks if midi_type else [mido.merge_tracks(tracks)]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _tempo_track(timing: TempoMap, about: OwnEvent) -> mido.MidiTrack:
    import mido

    # Of one tick, the tempo comes first and the marker behind it.
    events = [
        (tick, 0, mido.MetaMessage("set_tempo", tempo=tempo))
        for tick, tempo in timing.tempos
    ]
    for tick, upper, lower in timing.signatures:
        message = mido.MetaMessage("time_signature", numerator=upper, denominator=lower)
        if lower == 8 and upper > 3 and upper % 3 == 0:
            message.clocks_per_click = 36  # a dotted quarter
        events.append((tick, 1, message))
    if timing.first:
        events.append((0, 2, mido.MetaMessage("marker", text=LEAD_IN)))
    for number, tick in enumerate(timing.bars, timing.first_bar):
        if number == 1 and tick > timing.first:
            events.append((timing.first, 2, mido.MetaMessage("marker", text=PICKUP)))
        if number >= 1:
            events.append((tick, 2, mido.MetaMessage("marker", text=f"Bar {number}")))
    if not timing.bars:
        events.append((0, 2, mido.MetaMessage("text", text=NO_TEMPO)))
    message = mido.MetaMessage("sequencer_specific", data=tuple(about.data()))
    events.append((0, 3, message))
    track = mido.MidiTrack()
    before = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    # Behind the last beat, so that a reader knows how far beats were detected.
    end = max(about.end - before, 0)
    track.append(mido.MetaMessage("end_of_track", time=end))
    return track


def _ends(notes: Sequence[DrumNote]) -> list[int]:
    """Tick at which each note ends: where its key is hit again, if not before."""
    ends = []
    following: dict[int, int] = {}
    for note in reversed(notes):
        ends.append(min(note.tick + NOTE_TICKS, following.get(note.note, MAX_DELTA)))
        following[note.note] = note.tick
    return ends[::-1]


def _note_track(ended: Iterable[tuple[DrumNote, int]], name: str) -> mido.MidiTrack:
    import mido

    # Sorting puts the ends (0) before the beginnings (1) of a tick: a program
    # that reads the reverse order would cut the new note.
    events: list[tuple[int, int, int, int]] = []
    for note, end in ended:
        events.append((note.tick, 1, note.note, note.velocity))
        events.append((end, 0, note.note, OFF_VELOCITY))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    before = 0
    for tick, is_on, number, velocity in sorted(events):
        track.append(
            # Its checks take longer than all the rest of writing a file.
            mido.Message(
                "note_on" if is_on else "note_off",
                skip_checks=True,
                channel=DRUM_CHANNEL,
                note=number,
                velocity=velocity,
                time=tick - before,
            )
        )
        before = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track
