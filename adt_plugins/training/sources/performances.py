"""The performances in clips: human drummers, and windows of songs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from adt_plugins.training.sources.kitmaps import CYMBALS, GM_NOTES, TD11_NOTES, TOMS
from adt_plugins.training.sources.songs import Song, is_validation, read_song

# Hits this early may still ring in the clip.
PREROLL_S = 6.0


@dataclass(frozen=True)
class Stroke:
    """A hit; time in seconds from the clip's start, velocity 1–127.

    ``variant`` tells different instruments of one code (``OT``) apart.
    """

    time: float
    code: str
    velocity: int
    variant: int = 0


@dataclass
class Performance:
    """Hits and beats of a clip, hits from ``-PREROLL_S`` on.

    ``song`` and ``song_start_s`` are set where the other parts of the song fit
    exactly; ``quarter_s`` and ``downbeat_s`` place anything else on the beats.
    """

    hits: list[Stroke]
    beats: list[tuple[float, int]]
    meter: str
    identity: str
    drummer: str
    quarter_s: float
    downbeat_s: float = 0.0
    song: Song | None = None
    song_start_s: float = 0.0


@dataclass(frozen=True)
class Groove:
    """A row of the Groove dataset's table."""

    path: Path
    identity: str
    drummer: str
    bpm: float
    meter: tuple[int, int]
    beat_type: str
    validation: bool
    duration_s: float


@dataclass
class Library:
    """All performances and songs, by split."""

    grooves: list[Groove]
    songs: list[tuple[Path, bool]]

    @classmethod
    def find(cls, data: Path) -> Library:
        """List ``groove/info.csv`` and the MIDI songs below ``data``."""
        grooves = []
        table = data / "groove" / "info.csv"
        if table.is_file():
            with table.open(newline="", encoding="utf-8") as file:
                grooves = [_groove(row, table.parent) for row in csv.DictReader(file)]
        songs = []
        for folder in ("freedoom_midi", "openmsx_midi"):
            paths = sorted((data / folder).rglob("*.mid"))
            songs += [(path, is_validation(path.stem)) for path in paths]
        return cls([groove for groove in grooves if groove.path.is_file()], songs)


def _groove(row: dict[str, str], folder: Path) -> Groove:
    numerator, denominator = (int(part) for part in row["time_signature"].split("-"))
    return Groove(
        folder / row["midi_filename"],
        row["id"],
        row["drummer"],
        float(row["bpm"]),
        (numerator, denominator),
        row["beat_type"],
        row["split"] != "train",
        float(row["duration"]),
    )


def grid(
    quarter_s: float, meter: tuple[int, int], downbeat_s: float, duration_s: float
) -> list[tuple[float, int]]:
    """Return the beats of a constant tempo; dotted quarters in compound meters."""
    compound = meter[1] == 8 and meter[0] % 3 == 0
    step = quarter_s * 4 / meter[1] * (3 if compound else 1)
    count = meter[0] // 3 if compound else meter[0]
    first = int(np.ceil(-downbeat_s / step - 1e-9))
    beats = []
    for index in range(first, first + int(duration_s / step) + 2):
        time = downbeat_s + index * step
        if 0 <= time < duration_s:
            beats.append((time, index % count + 1))
    return beats


def _read_groove(groove: Groove) -> tuple[list[tuple[float, int, int]], float]:
    """Return (time in quarters, pitch, velocity) of every hit, and the length."""
    file = mido.MidiFile(groove.path)
    notes = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                notes.append(
                    (tick / file.ticks_per_beat, message.note, message.velocity)
                )
    notes.sort()
    bar = groove.meter[0] * 4 / groove.meter[1]
    last = notes[-1][0] if notes else bar
    return notes, max(bar, float(np.ceil((last + 0.1) / bar)) * bar)


def human(
    library: Library, validation: bool, duration_s: float, rng: np.random.Generator
) -> Performance:
    """Return a window of a human performance, looped by whole bars if it is short."""
    rows = [groove for groove in library.grooves if groove.validation == validation]
    weights = np.array(
        [
            max(1.0, min(groove.duration_s, 60) / 6)
            * (2.0 if groove.beat_type == "beat" else 1.6)
            for groove in rows
        ]
    )
    groove = rows[int(rng.choice(len(rows), p=weights / weights.sum()))]
    notes, length = _read_groove(groove)
    quarter_s = 60 / groove.bpm / float(rng.uniform(0.8, 1.25))
    start = float(rng.uniform(0, length))
    floor_tom = str(rng.choice(["LFT", "HFT"]))
    edges = {
        55: "SPC" if rng.random() < 0.2 else "CRC",
        52: "CHC" if rng.random() < 0.3 else "CRC",
    }
    table = {**TD11_NOTES, 43: floor_tom, 58: floor_tom, **edges}
    hits = []
    for turn in range(
        -int(PREROLL_S / quarter_s / length) - 1,
        int(duration_s / quarter_s / length) + 3,
    ):
        for quarter, pitch, velocity in notes:
            time = (quarter + turn * length - start) * quarter_s
            if -PREROLL_S < time < duration_s and pitch in table:
                hits.append(Stroke(time, table[pitch], velocity, pitch))
    downbeat_s = -start * quarter_s
    return Performance(
        hits,
        grid(quarter_s, groove.meter, downbeat_s, duration_s),
        f"{groove.meter[0]}/{groove.meter[1]}",
        groove.identity,
        groove.drummer,
        quarter_s,
        downbeat_s,
    )


def _interest(song: Song, start: float, duration_s: float) -> float:
    codes = [
        GM_NOTES.get(note.pitch, "")
        for note in song.drums
        if start <= note.time < start + duration_s
    ]
    rare = sum(code in TOMS or code in CYMBALS for code in codes)
    return (rare + 3) / (len(codes) + 30) if codes else 0.0


def song_window(
    library: Library, validation: bool, duration_s: float, rng: np.random.Generator
) -> Performance:
    """Return a window of a song with its own drum part, a little humanised."""
    paths = [path for path, held_out in library.songs if held_out == validation]
    song = Song("none")
    for _ in range(8):
        song = read_song(paths[int(rng.integers(len(paths)))])
        if len(song.drums) > 40 and song.end > duration_s:
            break
    starts = rng.uniform(0, max(0.1, song.end - duration_s), int(rng.integers(1, 5)))
    start = max(starts.tolist(), key=lambda at: _interest(song, at, duration_s))
    spread_s, swell = float(rng.uniform(0, 0.004)), float(rng.uniform(0, 10))
    scale = float(rng.uniform(0.75, 1.05))
    # Programmed songs seldom accent: quarters a little louder than the rest.
    accent = float(rng.uniform(0, 18))
    hits = []
    for note in song.drums:
        time = note.time - start
        if note.pitch in GM_NOTES and -PREROLL_S < time < duration_s:
            off_beat = abs(note.quarter - round(note.quarter)) > 0.05
            velocity = note.velocity * scale - accent * off_beat + rng.normal(0, swell)
            time += float(np.clip(rng.normal(0, spread_s), -0.008, 0.008))
            hits.append(
                Stroke(
                    time,
                    GM_NOTES[note.pitch],
                    int(np.clip(velocity, 5, 127)),
                    note.pitch,
                )
            )
    beats = [
        (time - start, p)
        for time, p in song.beats
        if start <= time < start + duration_s
    ]
    return Performance(
        hits,
        beats,
        song.meter,
        song.name,
        "midi",
        song.quarter_s,
        beats[0][0] if beats else 0.0,
        song,
        start,
    )
