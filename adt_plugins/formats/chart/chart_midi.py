"""``notes.mid``: the MIDI form of a chart, with the track ``PART DRUMS``.

Notes and markers are those of Clone Hero and YARG (TheNathannator,
*GuitarGame_ChartFormats*).
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.chart_text import Chart, ChartClock
from adt_plugins.formats.chart.pads import (
    KICK,
    LEVELS,
    READ,
    READ_ACCENT,
    READ_GHOST,
    RED,
    Kit,
    Levels,
    Note,
    Sections,
    kit_of,
    unflipped,
)
from adt_plugins.midi.bar_lines import TICKS_PER_QUARTER
from adt_plugins.midi.drum_tracks import GAME_TRACK
from adt_plugins.midi.reader import DEFAULT_TEMPO, MidiFile, Track, parse
from adt_plugins.midi.tempo_map import TempoMap

if TYPE_CHECKING:
    import mido

TRACKS = ("PART DRUMS_2X", GAME_TRACK, "PART DRUM", "PART REAL_DRUMS_PS")
"""Names of tracks with drums; the first one has all kicks, and is read first."""

_LOWEST = {"Expert": 96, "Hard": 84, "Medium": 72, "Easy": 60}
"""Note of the kick at each level; red, yellow, blue and green follow."""
_DOUBLE_KICK = 95
_TOM = 108  # and the pad: 110 yellow, 111 blue, 112 green
_TICKS = TICKS_PER_QUARTER // 16
_VELOCITY, _ACCENT, _GHOST = 100, 127, 1
_DYNAMICS = "[ENABLE_CHART_DYNAMICS]"
_PADS = 5  # besides the kick; the fifth is that of kits with five lanes
_FOREVER = 1 << 62


def chart_midi(
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
        Sections that players can practise.
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
        (0, mido.MetaMessage("track_name", name=GAME_TRACK)),
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
        If it is not a MIDI file, or has no drums for games.
    """
    file = parse(data)
    if file.division & 0x8000:
        raise FormatError("a chart without beats, in frames of a second")
    tracks = sorted(_drum_tracks(file), key=lambda track: track[0])
    if not tracks:
        raise FormatError(f"no track {GAME_TRACK}")
    read = ((_read_notes(track), _kit(track)) for _, track in tracks)
    notes, kit = next(((n, k) for n, k in read if n), ([], Kit.PLAIN))
    if not notes:
        raise FormatError("a chart without drums")
    tempos = {0: DEFAULT_TEMPO, **dict(file.tracks[0].tempos)}
    meters = {0: (4, 4), **{t: (u, n) for t, u, n in file.tracks[0].signatures}}
    return Chart(
        notes,
        # Thousandths of a BPM, as the text form has them, but no whole numbers.
        ChartClock([(t, 60e9 / tempos[t]) for t in sorted(tempos)], file.division),
        [(tick, *meters[tick]) for tick in sorted(meters)],
        kit,
        damage=file.damage,
    )


def _drum_tracks(file: MidiFile) -> Iterator[tuple[int, Track]]:
    """Yield each track with drums, and its place in `TRACKS`."""
    for track in file.tracks:
        # Some editors write a name of their own before the one that counts.
        indices = [TRACKS.index(x.strip()) for x in track.names if x.strip() in TRACKS]
        if indices:
            yield indices[0], track


def _kit(track: Track) -> Kit:
    numbers = {note.note for note in track.notes}
    return kit_of(
        marked=bool(numbers & {_TOM + pad for pad in range(RED + 1, _PADS)}),
        fifth=bool(numbers & {lowest + _PADS for lowest in _LOWEST.values()}),
    )


def _read_notes(track: Track) -> list[Note]:
    texts = sorted((*track.texts, *track.markers))
    dynamic = any(_DYNAMICS.strip("[]") in text for _, text in texts)
    toms = {pad: _spans(track, _TOM + pad) for pad in range(RED + 1, _PADS)}
    for level in LEVELS:
        lowest = _LOWEST[level]
        notes = {}
        for struck in track.notes:
            tick, number = struck.tick, struck.note
            pad, double = number - lowest, number == _DOUBLE_KICK and level == LEVELS[0]
            if double:
                pad = KICK
            if not KICK <= pad <= _PADS or (double and (tick, KICK) in notes):
                continue
            loud = READ
            if dynamic and pad != KICK:
                loud = {_ACCENT: READ_ACCENT, _GHOST: READ_GHOST}.get(
                    struck.velocity, READ
                )
            spans = toms.get(pad, [])
            place = bisect_right(spans, (tick, _FOREVER)) - 1
            is_tom = place >= 0 and tick < spans[place][1]
            cymbal = RED < pad < _PADS and not is_tom
            notes[tick, pad] = Note(tick, pad, cymbal, loud, double)
        if notes:
            return unflipped([notes[place] for place in sorted(notes)], texts, level)
    return []


def _spans(track: Track, number: int) -> list[tuple[int, int]]:
    """Return the spans of a marker, in ticks; one may begin where another ends."""
    begins = {note.tick for note in track.notes if note.note == number}
    ends = {tick for tick, note in track.offs if note == number}
    spans: list[tuple[int, int]] = []
    begin: int | None = None
    for tick in sorted(begins | ends):
        if tick in ends and tick in begins and begin is None:
            spans.append((tick, tick + 1))  # of no length: it holds here
            continue
        if tick in ends and begin is not None:
            spans.append((begin, tick))
            begin = None
        if tick in begins and begin is None:
            begin = tick
    if begin is not None:
        spans.append((begin, _FOREVER))
    return spans
