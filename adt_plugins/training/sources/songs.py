"""MIDI songs: their drums, their other parts and their beats."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

import mido

from adt_plugins.training.sources.fluid import DRUM_CHANNEL, Control, Note

# Melodic toms, synthetic drums, reversed cymbals and other percussion programs.
DRUM_PROGRAMS = range(112, 120)
KEPT_CONTROLLERS = (1, 7, 11, 64)


@dataclass(frozen=True)
class DrumNote:
    """A note of the drum channel; time in seconds, quarter as a musical position."""

    time: float
    quarter: float
    pitch: int
    velocity: int


@dataclass
class Song:
    """A multi-instrument song.

    Attributes
    ----------
    notes
        Other parts than drums, times in seconds; ``quarters`` holds the start
        and end of each in quarter notes.
    programs
        The program of each of ``notes``.
    controls
        Controllers and pitch bends (no programs), times in seconds.
    beats
        (time in seconds, position in the bar); compound meters count dotted
        quarters.
    """

    name: str
    drums: list[DrumNote] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    quarters: list[tuple[float, float]] = field(default_factory=list)
    programs: list[int] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    beats: list[tuple[float, int]] = field(default_factory=list)
    meter: str = "4/4"
    end: float = 0.0
    quarter_s: float = 0.5


def is_validation(name: str) -> bool:
    """Return whether a song is held out (about one in eight), by its name."""
    return hashlib.sha256(name.encode()).digest()[0] < 32


class TempoMap:
    """Converts ticks to seconds."""

    def __init__(self, changes: list[tuple[int, int]], ticks_per_beat: int) -> None:
        self.ticks = [0]
        self.seconds = [0.0]
        self.tick_s = [500_000e-6 / ticks_per_beat]
        for tick, tempo in sorted(changes):
            start = self.at(tick)
            self.ticks.append(tick)
            self.seconds.append(start)
            self.tick_s.append(tempo * 1e-6 / ticks_per_beat)

    def at(self, tick: float) -> float:
        """Return the time of a tick in seconds."""
        index = bisect_right(self.ticks, tick) - 1
        return self.seconds[index] + (tick - self.ticks[index]) * self.tick_s[index]


def beat_grid(
    signatures: list[tuple[int, int, int]], last_tick: int, ticks_per_beat: int
) -> list[tuple[float, int]]:
    """Return (tick, position) of every beat.

    Parameters
    ----------
    signatures
        (tick, numerator, denominator) of every change, the first at 0.
    last_tick
        Where the song ends.
    ticks_per_beat
        Ticks of a quarter.
    """
    grid: list[tuple[float, int]] = []
    for index, (start, numerator, denominator) in enumerate(signatures):
        stop = signatures[index + 1][0] if index + 1 < len(signatures) else last_tick
        compound = denominator == 8 and numerator % 3 == 0
        step = ticks_per_beat * 4 / denominator * (3 if compound else 1)
        count = numerator // 3 if compound else numerator
        tick, position = float(start), 0
        while tick < stop - 1:
            grid.append((tick, position % count + 1))
            tick += step
            position += 1
    return grid


def read_song(path: Path) -> Song:
    """Read a MIDI file.

    Raises
    ------
    OSError, ValueError, EOFError, KeyError
        If the file is not a readable MIDI file.
    """
    file = mido.MidiFile(path, clip=True)
    events: list[tuple[int, mido.Message | mido.MetaMessage]] = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            events.append((tick, message))
    events.sort(key=lambda event: event[0])
    per_beat = file.ticks_per_beat
    tempo = TempoMap(
        [(t, m.tempo) for t, m in events if m.type == "set_tempo"], per_beat
    )
    signatures = [
        (t, m.numerator, m.denominator) for t, m in events if m.type == "time_signature"
    ]
    if not signatures or signatures[0][0] > 0:
        signatures.insert(0, (0, 4, 4))
    last = max((tick for tick, _ in events), default=0)
    song = Song(path.stem, end=tempo.at(last))
    song.beats = [(tempo.at(t), p) for t, p in beat_grid(signatures, last, per_beat)]
    song.meter = f"{signatures[-1][1]}/{signatures[-1][2]}"
    song.quarter_s = tempo.at(last) / max(1.0, last / per_beat)
    _read_events(song, events, tempo, per_beat)
    return song


def _read_events(
    song: Song,
    events: list[tuple[int, mido.Message | mido.MetaMessage]],
    tempo: TempoMap,
    per_beat: int,
) -> None:
    programs = [0] * 16
    open_notes: dict[tuple[int, int], tuple[int, int, int]] = {}
    for tick, message in events:
        if message.is_meta or not hasattr(message, "channel"):
            continue
        channel = message.channel
        starts = message.type == "note_on" and message.velocity > 0
        if channel == DRUM_CHANNEL:
            if starts:
                song.drums.append(
                    DrumNote(
                        tempo.at(tick), tick / per_beat, message.note, message.velocity
                    )
                )
        elif message.type == "program_change":
            programs[channel] = message.program
        elif message.type in ("note_on", "note_off"):
            key = (channel, message.note)
            if key in open_notes:
                begun, velocity, program = open_notes.pop(key)
                if program not in DRUM_PROGRAMS:
                    times = tempo.at(begun), tempo.at(tick)
                    song.notes.append(Note(*times, channel, message.note, velocity))
                    song.quarters.append((begun / per_beat, tick / per_beat))
                    song.programs.append(program)
            if starts:
                open_notes[key] = (tick, message.velocity, programs[channel])
        elif message.type == "pitchwheel" or (
            message.type == "control_change" and message.control in KEPT_CONTROLLERS
        ):
            song.controls.append(Control(tempo.at(tick), message.copy(time=0)))
