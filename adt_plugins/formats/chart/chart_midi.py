"""``notes.mid``: the MIDI form of a chart, with the track ``PART DRUMS``.

Notes and markers are those of Clone Hero and YARG (TheNathannator,
*GuitarGame_ChartFormats*).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.chart_text import Chart, ChartClock
from adt_plugins.formats.chart.pads import (
    KICK,
    LEVELS,
    RED,
    Levels,
    Note,
    Sections,
    unflipped,
)
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
_PADS = 5  # besides the kick; the fifth is that of kits with five lanes
_USUAL_TEMPO = 500_000
# What is read: how loud accents, ghost notes and others are.
_READ_ACCENT, _READ_GHOST, _READ = 120, 35, 90


def midi_bytes(
    levels: Levels, timing: TempoMap, name: str, sections: Sections = ()
) -> bytes:
    """Return the content of ``notes.mid``.

    Parameters
    ----------
    levels
        The notes, at ticks of `timing`.
    timing
        The tempo map.
    name
        Title of the song.
    sections
        Those that a game lets people practise.
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
    for level, notes in levels.items():
        for note in notes:
            drums += _messages(note, level)
    # What sounds already counts everywhere, so that the markers are of Expert's.
    expert = levels[LEVELS[0]]
    for note in expert:
        if note.pad > RED and not note.cymbal:
            drums += _note(note.tick, _TOM + note.pad, _VELOCITY)
    end = max((note.tick for note in expert), default=0) + TICKS_PER_QUARTER
    events = [
        (0, mido.MetaMessage("track_name", name="EVENTS")),
        *(
            (timing.tick(time), mido.MetaMessage("text", text=f"[section {title}]"))
            for time, title in sections
        ),
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


def read_midi(data: bytes) -> Chart:
    """Read the drums of Expert, or of the highest level that there is.

    Raises
    ------
    FormatError
        If it is no MIDI file, or has no drums for games.
    """
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise FormatError(f"not a MIDI file: {error or 'cut short'}") from error
    track = next((t for t in file.tracks if t.name == TRACK), None)
    if track is None:
        raise FormatError(f"no track {TRACK}")
    if not 0 < file.ticks_per_beat < 1 << 15:
        raise FormatError(f"{file.ticks_per_beat} ticks a quarter")
    tempos, signatures = {0: _USUAL_TEMPO}, {0: (4, 4)}
    for tick, message in _timed(file.tracks[0]):
        if message.type == "set_tempo" and message.tempo:
            tempos[tick] = message.tempo
        elif message.type == "time_signature":
            signatures[tick] = message.numerator, message.denominator
    notes = _read_notes(list(_timed(track)))
    if not notes:
        raise FormatError("a chart without drums")
    # Thousandths of a BPM, as the text form has them, but no whole numbers.
    clock = ChartClock(
        [(tick, 60e9 / micros) for tick, micros in sorted(tempos.items())],
        file.ticks_per_beat,
    )
    meters = [(tick, *value) for tick, value in sorted(signatures.items())]
    return Chart(notes, clock, meters)


def _timed(track: Iterable[mido.Message]) -> Iterable[tuple[int, mido.Message]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _read_notes(messages: Sequence[tuple[int, mido.Message]]) -> list[Note]:
    dynamic = any(
        m.type == "text" and _DYNAMICS.strip("[]") in m.text for _, m in messages
    )
    struck = [
        (tick, m.note, m.velocity)
        for tick, m in messages
        if m.type == "note_on" and m.velocity
    ]
    toms = {pad: _spans(messages, _TOM + pad) for pad in range(RED + 1, _PADS)}
    for level in LEVELS:
        lowest = _LOWEST[level]
        notes = {}
        for tick, number, velocity in struck:
            pad, double = number - lowest, number == _DOUBLE_KICK and level == LEVELS[0]
            if double:
                pad = KICK
            if not KICK <= pad <= _PADS or (double and (tick, KICK) in notes):
                continue
            loud = _READ
            if dynamic and pad != KICK:
                loud = {_ACCENT: _READ_ACCENT, _GHOST: _READ_GHOST}.get(velocity, _READ)
            is_tom = any(begin <= tick < end for begin, end in toms.get(pad, ()))
            cymbal = RED < pad < _PADS and not is_tom
            notes[tick, pad] = Note(tick, pad, cymbal, loud, double)
        if notes:
            texts = [(tick, m.text) for tick, m in messages if m.type == "text"]
            return unflipped([notes[place] for place in sorted(notes)], texts, level)
    return []


def _spans(
    messages: Sequence[tuple[int, mido.Message]], number: int
) -> list[tuple[int, int]]:
    """Where a marker holds, from tick to tick."""
    spans, begin = [], None
    for tick, message in messages:
        if message.type not in ("note_on", "note_off") or message.note != number:
            continue
        if message.type == "note_on" and message.velocity:
            begin = tick if begin is None else begin
        elif begin is not None:
            spans.append((begin, tick))
            begin = None
    return spans
