"""MIDI: a drum track on channel 10 that falls into place in any DAW."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from adt_plugins.beats import is_compound
from adt_plugins.drums import Drum, drum_of_note
from adt_plugins.errors import FormatError
from adt_plugins.formats._files import read_bytes, write_files
from adt_plugins.formats._format import Format, Warn, name_some
from adt_plugins.formats._smf import Clock, Note, Track, parse
from adt_plugins.maps import DrumMap, find_map
from adt_plugins.tempo_map import TICKS_PER_QUARTER, TempoMap, tempo_map
from adt_plugins.transcription import Onset, Transcription

if TYPE_CHECKING:
    import mido

DRUM_CHANNEL = 9  # "channel 10", counted from 0
NOTE_TICKS = 120  # a 32nd note: long enough to be seen, a drum does not mind
OFF_VELOCITY = 64  # what the MIDI specification gives to keys that sense none
MAX_DELTA = (1 << 28) - 1
TRACK_NAME = "Drums"
WHICH = (
    "of the two MIDI files take the first for a new project that follows the song's"
    " tempo, and the one called 120bpm for a project that keeps its own, at 120 BPM"
)
"""What the command line says of them."""

_DRUM_WORDS = ("drum", "percussion")


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    drum_map: DrumMap | str | None = None,
    midi_type: int = 1,
) -> list[Path]:
    """Write a MIDI file, and with beats a second one at a constant 120 BPM.

    Track 0 holds tempi, time signatures and a marker at each bar line, track 1
    the notes. Audio time 0 is tick 0 and every time is rounded to its nearest
    tick (at most 0.26 ms away at 120 BPM), so that errors never add up. Two hits
    of one note on one tick become one, the louder. Without beats the one file is
    at 120 BPM. Notes are those of `drum_map`, a name or a file of
    `adt_plugins.maps.find_map`; None: `Drum.note`. `midi_type` 0 puts all into
    one track, for devices that read no other.
    """
    if midi_type not in (0, 1):
        raise ValueError(f"a MIDI file of type {midi_type}; types 0 and 1 are written")
    placed, homeless = _place(transcription.onsets, drum_map)
    if homeless:
        named = name_some(str(drum) for drum in homeless)
        warn(f"{path}: the drum map has no note for these hits: {named}")
    maps = {path: TempoMap()}
    if transcription.beats:
        compound = _is_compound(transcription)
        maps = {
            path: tempo_map(transcription.beats, compound=compound),
            constant_path(path): TempoMap(),
        }
    contents: dict[Path, bytes] = {}
    told: list[Drum] = []
    for target, timing in maps.items():
        hits, merged = _hits(placed, timing)
        contents[target] = _file(hits, timing, midi_type)
        if merged and merged != told:  # mostly they are the same in both
            told = merged
            named = name_some(str(drum) for drum in merged)
            warn(f"{target}: hits on the same tick as another of their note: {named}")
    return write_files(contents, overwrite=overwrite)


def constant_path(path: Path) -> Path:
    """Path of the file at 120 BPM: ``song.drums.120bpm.mid`` of ``song.drums.mid``."""
    return path.with_name(f"{path.stem}.120bpm{path.suffix}")


def _is_compound(transcription: Transcription) -> bool:
    """Whether beats are dotted quarters, by the meter that they were found in."""
    meter = transcription.model.get("meter")
    try:
        return isinstance(meter, str) and is_compound(meter)
    except ValueError:
        return False


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


def _hits(
    placed: Iterable[tuple[Onset, int]], timing: TempoMap
) -> tuple[list[Note], list[Drum]]:
    """Notes in the order of ticks, and drums of onsets that fell upon another."""
    loudest: dict[tuple[int, int], int] = {}
    merged = []
    for onset, note in placed:
        tick = timing.tick(onset.time)
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


def _file(hits: list[Note], timing: TempoMap, midi_type: int) -> bytes:
    """Bytes of the whole file."""
    import mido

    file = mido.MidiFile(
        type=midi_type, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8"
    )
    tracks = [_tempo_track(timing), _note_track(hits)]
    file.tracks += tracks if midi_type else [mido.merge_tracks(tracks)]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _tempo_track(timing: TempoMap) -> mido.MidiTrack:
    import mido

    # Of one tick, the tempo comes first and the marker last.
    events = [
        (tick, 0, mido.MetaMessage("set_tempo", tempo=tempo))
        for tick, tempo in timing.tempos
    ]
    for tick, upper, lower in timing.signatures:
        message = mido.MetaMessage("time_signature", numerator=upper, denominator=lower)
        if lower == 8 and upper % 3 == 0:
            message.clocks_per_click = 36  # a dotted quarter
        events.append((tick, 1, message))
    for number, tick in enumerate(timing.bars, 1):
        events.append((tick, 2, mido.MetaMessage("marker", text=f"Bar {number}")))
    track = mido.MidiTrack()
    before = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track


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
    endings=(".drums.120bpm.mid", ".mid", ".midi", ".smf"),
    outputs=lambda path: [path, constant_path(path)],
    looks_like=lambda head: head.startswith("MThd"),
)
