"""MIDI: a drum track on channel 10 that lines up in any DAW."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from adt_plugins.annotations import Onset
from adt_plugins.base.files import read_bytes, write_files
from adt_plugins.base.reporting import NoHitLost, Warn, about, name_some
from adt_plugins.drums import Drum, drum_of_note
from adt_plugins.errors import FormatError
from adt_plugins.formats.dynamics import VelocityCurve, velocity_curve
from adt_plugins.midi.beats import beats_of
from adt_plugins.midi.drum_maps import DrumMap, find_map
from adt_plugins.midi.drum_tracks import GAME_TRACK, drum_notes, left_out
from adt_plugins.midi.file_names import constant_path, is_constant
from adt_plugins.midi.own_event import own_event
from adt_plugins.midi.quantize import GridHit, Quantize
from adt_plugins.midi.quantize import quantize as to_grid
from adt_plugins.midi.reader import Clock, MidiFile, parse
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.midi.tempo_map import TempoMap
from adt_plugins.midi.writer import (
    MAX_DELTA,
    NOTE_TICKS,
    DrumNote,
    midi_bytes,
)
from adt_plugins.transcription import Transcription

TRACKS = ("one", "per-drum")
_WHOLE_BPM = 0.002  # programs play a tempo this close to a whole number as that number

_PRETTY_MIDI_TICKS = 10_000_000
"""The library of that name refuses files with later events."""


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    drum_map: DrumMap | str | None = None,
    midi_type: int = 1,
    tracks: str = "one",
    quantize: Quantize | str | None = None,
    velocity: VelocityCurve | str | None = None,
    shift: float = 0.0,
    tempo: str = "auto",
) -> list[Path]:
    """Write the song's MIDI file with its tempo, and one at a constant 120 BPM.

    Track 0 has tempi, time signatures and a marker at each bar line, track 1 the notes.
    Time 0 of the audio is tick 0, and every time is rounded to the nearest tick (at
    most 0.26 ms away at 120 BPM), so that errors do not add up. Of two hits of one note
    on one tick, the louder one is written, with a warning. Without beats, both files
    are at 120 BPM.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`.
    drum_map
        A map, or a name or file of `adt_plugins.midi.drum_maps.find_map`; None:
        `Drum.note`.
    midi_type
        0 puts everything into one track, for devices that read no other type.
    tracks
        ``"one"`` for all notes, or ``"per-drum"``.
    quantize
        Move hits to a grid of the bars, see `adt_plugins.midi.quantize`; needs beats.
    velocity
        ``"fixed:100"`` or ``"curve:1=40,127=110"``; None: as it was measured.
    shift
        Seconds by which notes, but not bars, are moved.
    tempo
        ``"auto"``: one tempo if one fits, otherwise few; ``"constant"``: one in any
        case; ``"follow"``: that of each beat. See
        `adt_plugins.midi.tempo_map.tempo_map`.
    """
    _check_layout(midi_type, tracks)
    curve = velocity_curve(velocity) if isinstance(velocity, str) else velocity
    placed: Sequence[tuple[Onset, int]]
    placed, homeless = _place(transcription.onsets, drum_map)
    if homeless:
        named = name_some(str(drum) for drum in homeless)
        warn(f"{path}: the drum map has no note for these hits: {named}")
    song, plain = tempo_maps(transcription, tempo)
    maps = {path: song, constant_path(path): plain}
    if quantize is not None:
        placed = _quantized(placed, maps[path], quantize)
    placed = _shifted(placed, shift, path, warn)
    contents: dict[Path, bytes] = {}
    reported: list[Drum] = []
    notes: list[DrumNote] = []
    for target, timing in maps.items():
        if contents and timing == song:  # without beats
            contents[target] = contents[path]
        else:
            notes, merged = _notes(placed, timing, curve)
            contents[target] = midi_bytes(
                notes, timing, midi_type=midi_type, per_drum=tracks == "per-drum"
            )
        last = notes[-1].tick + NOTE_TICKS if notes else 0
        if max(last, timing.end) >= _PRETTY_MIDI_TICKS:
            warn(
                f"{target}: has events beyond 10 million ticks, which pretty_midi and"
                " programs based on it refuse; others read it"
            )
        if merged and merged != reported:  # most are the same in both
            reported = merged
            named = name_some(str(drum) for drum in merged)
            warn(f"{target}: left out hits on the tick of a louder one: {named}")
    return write_files(contents, overwrite=overwrite)


def _check_layout(midi_type: int, tracks: str) -> None:
    if midi_type not in (0, 1):
        raise ValueError(f"MIDI type {midi_type} cannot be written, only 0 and 1")
    if tracks not in TRACKS:
        raise ValueError(f"no tracks {tracks!r}; there are {', '.join(TRACKS)}")
    if tracks != "one" and midi_type == 0:
        raise ValueError("a MIDI file of type 0 has one track for all drums")


def _place(
    onsets: Iterable[Onset], drum_map: DrumMap | str | None
) -> tuple[list[tuple[Onset, int]], list[Drum]]:
    """Return onsets with their notes, and the drums without a note in the map."""
    drum_map = find_map(drum_map) if isinstance(drum_map, str) else drum_map
    placed, homeless = [], []
    for onset in onsets:
        note = _note(onset, drum_map)
        if note is None:
            homeless.append(onset.drum)
        else:
            placed.append((onset, note))
    return placed, homeless


def _note(onset: Onset, drum_map: DrumMap | None) -> int | None:
    """Return the note of an onset: its own, if that still means its drum."""
    drum_of = drum_of_note if drum_map is None else drum_map.drum
    if onset.note is not None and drum_of(onset.note) is onset.drum:
        return onset.note
    return onset.drum.note if drum_map is None else drum_map.note(onset.drum)


def _quantized(
    placed: Sequence[tuple[Onset, int]], timing: TempoMap, how: Quantize | str
) -> list[tuple[Onset, int]]:
    """Return onsets moved to grid lines."""
    if not timing.bars:
        raise FormatError("quantizing needs beats, and there are none")
    how = Quantize(how) if isinstance(how, str) else how
    hits = [
        GridHit(timing.tick(onset.time), onset.drum, note, onset.velocity)
        for onset, note in placed
    ]
    return [
        # Keep the exact time of hits that do not move: a tick is coarser.
        (onset, note)
        if after.tick == before.tick
        else (replace(onset, time=timing.seconds(after.tick)), note)
        for (onset, note), before, after in zip(
            placed, hits, to_grid(hits, timing, how), strict=True
        )
    ]


def _shifted(
    placed: Sequence[tuple[Onset, int]], shift: float, path: Path, warn: Warn
) -> Sequence[tuple[Onset, int]]:
    if not shift:
        return placed
    early = [onset.drum for onset, _ in placed if onset.time + shift < 0]
    if early:
        named = name_some(str(drum) for drum in early)
        warn(f"{path}: hits that would lie before 0 s were moved to it: {named}")
    return [
        (replace(onset, time=max(onset.time + shift, 0.0)), note)
        for onset, note in placed
    ]


def _notes(
    placed: Sequence[tuple[Onset, int]], timing: TempoMap, curve: VelocityCurve | None
) -> tuple[list[DrumNote], list[Drum]]:
    """Return notes sorted by tick, and drums of onsets that coincide with others."""
    loudest: dict[tuple[int, int], DrumNote] = {}
    merged = []
    ticks = timing.ticks([onset.time for onset, _ in placed])
    for (onset, note), tick in zip(placed, ticks, strict=True):
        if tick + NOTE_TICKS > MAX_DELTA:
            raise FormatError(f"a hit at {onset.time:g} s is too late for MIDI")
        key = (tick, note)
        other = loudest.get(key)
        if other is not None:
            merged.append(onset.drum)
        velocity = onset.velocity if curve is None else curve(onset.velocity)
        if other is None or velocity > other.velocity:
            loudest[key] = DrumNote(tick, note, velocity, onset.drum)
    return [loudest[key] for key in sorted(loudest)], merged


def read(
    path: Path,
    *,
    warn: Warn,
    drum_map: DrumMap | str | None = None,
    assumed_map: DrumMap | str | None = None,
    channel: int | None = None,
    track: int | str | None = None,
) -> Transcription:
    """Read the drums of a standard MIDI file of type 0 or 1.

    They are the notes on channel 10 or, in a file without any, those of tracks named
    after drums. Beats follow from the tempo map of all tracks and the time signatures.
    The meaning of a note is looked up in `drum_map`, or else in the file itself if we
    wrote it, in `assumed_map`, or in `drum_of_note`. Each onset keeps its `note`.

    Parameters
    ----------
    path, warn
        See `adt_plugins.formats.read`.
    drum_map, assumed_map
        A map, or a name or file of `adt_plugins.midi.drum_maps.find_map`.
    channel
        Channel of the drums, 1-16, instead of 10.
    track
        Track of the drums: its number in the file from 1, or its name.

    Raises
    ------
    FormatError
        If it is not such a file, or has no drum notes; the message lists what it has.
    """
    file = parse(read_bytes(path))
    for line in file.damage:
        warn(f"{path}: is damaged, and was read up to the damage: {line}")
    for number, one in enumerate(file.tracks, 1):
        for text in one.odd:
            warn(NoHitLost(f"{path}: track {number} {text}"))
    drum_of = _meaning(file, drum_map, assumed_map)
    notes = drum_notes(file.tracks, channel, track)
    if channel is None and track is None and (others := left_out(file.tracks, notes)):
        warn(f"{path}: left out {others}: --midi-track reads a track alone")
    clock = Clock(file.division, (t for track in file.tracks for t in track.tempos))
    onsets, unknown = [], []
    for note in notes:
        drum = drum_of(note.note)
        if drum is None:
            unknown.append(note.note)
        else:
            onset = Onset(clock.seconds(note.tick), drum, note.velocity, 1.0, note.note)
            onsets.append(onset)
    if unknown:
        named = name_some(f"note {note}" for note in sorted(unknown))
        if not onsets:
            raise FormatError(f"none of its notes is a drum: {named}")
        warn(f"{path}: notes that are not drums were left out: {named}")
    beats, meters = beats_of(file, clock, about(path, warn))
    return Transcription(onsets=tuple(onsets), beats=beats, meters=meters)


def purpose(path: Path, transcription: Transcription) -> str:
    """Return when to use which of the two files."""
    if not is_constant(path):
        if not transcription.beats:
            return "MIDI at 120 BPM, as no tempo is known"
        return "MIDI with the song's tempo, for a new project that follows it"
    text = "MIDI in plain time, for a project that stays at 120 BPM"
    tempos = tempo_maps(transcription)[0].tempos if transcription.beats else ()
    if any(abs(bpm - round(bpm)) > _WHOLE_BPM for bpm in (60e6 / t for _, t in tempos)):
        text += ", and for LMMS and MuseScore, which play whole BPM only"
    return text


def _meaning(
    file: MidiFile, drum_map: DrumMap | str | None, assumed: DrumMap | str | None
) -> Callable[[int], Drum | None]:
    """Return the meaning of a file's notes, see `read`."""
    drum_map = find_map(drum_map) if isinstance(drum_map, str) else drum_map
    if drum_map is not None:
        return drum_map.drum
    assumed = find_map(assumed) if isinstance(assumed, str) else assumed
    default = drum_of_note if assumed is None else assumed.drum
    written_by_us = own_event(file)
    if written_by_us is None:
        return default
    return lambda note: written_by_us.drums.get(note) or default(note)


def looks_like(head: str) -> bool:
    """Whether a file begins like a MIDI file, or its RIFF form of Windows.

    Charts for games are not meant.
    """
    if head.startswith("MThd"):
        return GAME_TRACK not in head
    return head.startswith("RIFF") and head[8:12] == "RMID"
