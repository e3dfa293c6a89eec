"""``notes.mid``: the MIDI form of a chart, with the track ``PART DRUMS``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adt_plugins.formats.chart.pads import KICK, LEVELS, RED, Note, thinned
from adt_plugins.midi.tempo_map import TICKS_PER_QUARTER, TempoMap

if TYPE_CHECKING:
    import mido

TRACK = "PART DRUMS"

_LOWEST = {"Expert": 96, "Hard": 84, "Medium": 72, "Easy": 60}
"""Note of the kick at each level; red, yellow, blue and green follow."""
_DOUBLE_KICK = 95
_TOM = 108  # and the pad: 110 yellow, 111 blue, 112 green
_TICKS = TICKS_PER_QUARTER // 16
_VELOCITY, _ACCENT, _GHOST = 100, 127, 1
_DYNAMICS = "[ENABLE_CHART_DYNAMICS]"


def midi_bytes(notes: Sequence[Note], timing: TempoMap, name: str) -> bytes:
    """Return the content of ``notes.mid``.

    Parameters
    ----------
    notes
        Of Expert, at ticks of `timing`.
    timing
        The tempo map.
    name
        Title of the song.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    tempo = [(0, mido.MetaMessage("track_name", name=name))]
    tempo += [(t, mido.MetaMessage("set_tempo", tempo=x)) for t, x in timing.tempos]
    tempo += [
        (tick, mido.MetaMessage("time_signature", numerator=upper, denominator=lower))
        for tick, upper, lower in timing.signatures
    ]
    drums = [
        (0, mido.MetaMessage("track_name", name=TRACK)),
        (0, mido.MetaMessage("text", text=_DYNAMICS)),
    ]
    for level in LEVELS:
        for note in thinned(notes, level):
            drums += _messages(note, level)
    # What sounds already counts everywhere, so that the markers are of Expert's.
    for note in notes:
        if note.pad > RED and not note.cymbal:
            drums += _note(note.tick, _TOM + note.pad, _VELOCITY)
    end = max((note.tick for note in notes), default=0) + TICKS_PER_QUARTER
    events = [
        (0, mido.MetaMessage("track_name", name="EVENTS")),
        (end, mido.MetaMessage("text", text="[end]")),
    ]
    file.tracks += [_track(messages) for messages in (tempo, drums, events)]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _messages(note: Note, level: str) -> list[tuple[int, mido.Message]]:
    number = _LOWEST[level] + note.pad
    if note.pad == KICK and note.double:
        number = _DOUBLE_KICK
    velocity = _ACCENT if note.accent else _GHOST if note.ghost else _VELOCITY
    return _note(note.tick, number, velocity)


def _note(tick: int, number: int, velocity: int) -> list[tuple[int, mido.Message]]:
    import mido

    return [
        (tick, mido.Message("note_on", note=number, velocity=velocity)),
        (tick + _TICKS, mido.Message("note_off", note=number, velocity=0)),
    ]


def _track(messages: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    import mido

    track = mido.MidiTrack()
    before = 0
    # Ends come before beginnings at one tick, and the order stays otherwise.
    for tick, message in sorted(
        messages, key=lambda item: (item[0], item[1].type != "note_off")
    ):
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track
