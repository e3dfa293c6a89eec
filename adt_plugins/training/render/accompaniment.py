"""Accompaniment of the drums: a song's own parts, another song's, or generated ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import mido
import numpy as np

from adt_plugins.training.render import effects
from adt_plugins.training.render.arranger import arrange
from adt_plugins.training.sources.fluid import DRUM_CHANNEL, Control, Note, render_notes
from adt_plugins.training.sources.oneshots import (
    SAMPLE_RATE_HZ,
    Samples,
    attack_sample,
    read_mono,
)
from adt_plugins.training.sources.performances import Library, Performance
from adt_plugins.training.sources.songs import DRUM_PROGRAMS, Song, read_song

PREROLL_S = 1.0
GUITAR_PROGRAMS = range(24, 32)
BASS_PROGRAMS = range(32, 40)
# Compressed soundfonts take seconds to decode, so they are rare.
SLOW_FONT_WEIGHT = 0.12
NOTE_NAMES = (
    "C",
    "Csharp",
    "D",
    "Dsharp",
    "E",
    "F",
    "Fsharp",
    "G",
    "Gsharp",
    "A",
    "Asharp",
    "B",
)


@dataclass
class Parts:
    """Notes from ``-PREROLL_S`` on, a program each, and controllers by channel."""

    kind: str
    notes: list[Note] = field(default_factory=list)
    programs: list[int] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    chords: list[tuple[float, float, int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Studio:
    """The material and tools of accompaniment."""

    fonts: tuple[Path, ...]
    strums: tuple[Path, ...]
    rooms: list[Samples]


def own_parts(song: Song, start_s: float, duration_s: float) -> Parts:
    """Return the parts of the song itself, in a window."""
    parts = Parts("song")
    for note, program in zip(song.notes, song.programs, strict=True):
        if note.end > start_s - PREROLL_S and note.start < start_s + duration_s:
            parts.notes.append(
                Note(
                    note.start - start_s,
                    note.end - start_s,
                    note.channel,
                    note.pitch,
                    note.velocity,
                )
            )
            parts.programs.append(program)
    for control in song.controls:
        if control.time < start_s + duration_s:
            parts.controls.append(Control(control.time - start_s, control.message))
    return parts


def borrowed_parts(
    library: Library,
    performance: Performance,
    validation: bool,
    duration_s: float,
    rng: np.random.Generator,
) -> Parts:
    """Return another song's parts, with its quarters on the performance's."""
    paths = [path for path, held_out in library.songs if held_out == validation]
    parts = Parts("borrowed")
    if not paths:
        return parts
    song = read_song(paths[int(rng.integers(len(paths)))])
    if not song.notes:
        return parts
    ratio = song.quarter_s / performance.quarter_s
    # Half or double time, whichever is nearer to the song's own tempo.
    factor = 2.0 ** float(np.clip(round(float(np.log2(ratio))), -1, 1))
    quarter_s = performance.quarter_s * factor
    last = song.quarters[-1][1]
    first = 4 * float(
        rng.integers(0, max(1, int((last - duration_s / quarter_s) // 4) + 1))
    )
    origin = performance.downbeat_s % (4 * quarter_s) - 4 * quarter_s
    rows = zip(song.notes, song.quarters, song.programs, strict=True)
    for note, (begin, end), program in rows:
        start = origin + (begin - first) * quarter_s
        stop = origin + (end - first) * quarter_s
        if stop > -PREROLL_S and start < duration_s:
            parts.notes.append(
                Note(start, stop, note.channel, note.pitch, note.velocity)
            )
            parts.programs.append(program)
    return parts


def generated_parts(
    performance: Performance, duration_s: float, rng: np.random.Generator
) -> Parts:
    """Return generated parts over the performance's beats."""
    made = arrange(performance, duration_s, rng)
    return Parts("generated", made.notes, made.programs, [], made.chords)


def choose_parts(
    library: Library,
    performance: Performance,
    validation: bool,
    duration_s: float,
    rng: np.random.Generator,
) -> Parts:
    """Draw the accompaniment; empty parts mean drums alone."""
    if performance.song is not None:
        parts = own_parts(performance.song, performance.song_start_s, duration_s)
        if parts.notes or rng.random() < 0.3:
            return parts
        return generated_parts(performance, duration_s, rng)
    draw = rng.random()
    if draw < 0.38:
        return Parts("none")
    if draw < 0.62:
        parts = borrowed_parts(library, performance, validation, duration_s, rng)
        if parts.notes:
            return parts
    return generated_parts(performance, duration_s, rng)


def revoice(parts: Parts, rng: np.random.Generator) -> None:
    """Transpose, and exchange programs: within families, some for guitars."""
    shift = int(rng.integers(-5, 6))
    names = sorted(
        {(note.channel, p) for note, p in zip(parts.notes, parts.programs, strict=True)}
    )
    table: dict[tuple[int, int], int] = {}
    for channel, program in names:
        new = program
        if rng.random() < 0.4:
            new = program // 8 * 8 + int(rng.integers(8))
        if (
            program not in BASS_PROGRAMS
            and parts.kind != "generated"
            and rng.random() < 0.12
        ):
            new = int(rng.choice([27, 29, 30]))
        table[channel, program] = new if new not in DRUM_PROGRAMS else program
    parts.programs = [
        table[note.channel, program]
        for note, program in zip(parts.notes, parts.programs, strict=True)
    ]
    parts.notes = [
        Note(
            note.start,
            note.end,
            note.channel,
            int(np.clip(note.pitch + shift, 12, 115)),
            note.velocity,
        )
        for note in parts.notes
    ]
    parts.chords = [(a, b, (root + shift) % 12, q) for a, b, root, q in parts.chords]


def render_stem(
    font: Path, parts: Parts, chosen: list[int], duration_s: float, *, reverb: bool
) -> Samples:
    """Render some of the notes (by index); every voice gets a channel of its own."""
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    channels: dict[tuple[int, int], int] = {}
    notes: list[Note] = []
    for index in chosen:
        note, program = parts.notes[index], parts.programs[index]
        if program in DRUM_PROGRAMS:
            continue
        key = (note.channel, program)
        if key not in channels:
            channels[key] = free[len(channels) % len(free)]
        start = max(0.0, note.start + PREROLL_S)
        notes.append(
            Note(start, note.end + PREROLL_S, channels[key], note.pitch, note.velocity)
        )
    controls = [
        Control(0.0, mido.Message("program_change", channel=channel, program=program))
        for (_, program), channel in channels.items()
    ]
    for control in parts.controls:
        for (source, _), channel in channels.items():
            if source == control.message.channel:
                message = control.message.copy(channel=channel)
                controls.append(Control(max(0.0, control.time + PREROLL_S), message))
    audio = render_notes(font, notes, controls, duration_s + PREROLL_S, reverb=reverb)
    return audio[round(PREROLL_S * SAMPLE_RATE_HZ) :]


def amplify(audio: Samples, rng: np.random.Generator) -> Samples:
    """Apply a guitar amplifier: tight low end, hard drive, cabinet and presence."""
    shaped = effects.high_pass(audio, float(rng.uniform(70, 200)))
    shaped = effects.equalise(
        shaped, [(float(rng.uniform(500, 1500)), float(rng.uniform(0, 9)), 0.6)]
    )
    drive = float(np.exp(rng.uniform(np.log(3), np.log(120))))
    shaped = effects.saturate(shaped, drive, asymmetry=float(rng.uniform(0, 0.3)))
    shaped = effects.equalise(
        shaped,
        [
            (float(rng.uniform(2000, 4000)), float(rng.uniform(0, 8)), 0.9),
            (float(rng.uniform(300, 700)), float(rng.uniform(-9, 3)), 0.8),
        ],
    )
    cabinet = effects.low_pass(shaped, float(rng.uniform(3800, 6500)), 4)
    if rng.random() < 0.35:  # recorded without a cabinet: fizz up to the top
        cabinet = cabinet + effects.low_pass(shaped, 10500, 2) * np.float32(
            rng.uniform(0.05, 0.4)
        )
    if rng.random() < 0.4:  # a second take
        delay = round(rng.uniform(0.006, 0.025) * SAMPLE_RATE_HZ)
        cabinet = cabinet + 0.8 * np.pad(cabinet, (delay, 0))[: cabinet.size]
    return np.asarray(cabinet, dtype=np.float32)


def strum(
    studio: Studio,
    parts: Parts,
    performance: Performance,
    duration_s: float,
    rng: np.random.Generator,
) -> Samples:
    """Return recorded guitar strums on some beats, of the chord if there is one."""
    audio = np.zeros(round(duration_s * SAMPLE_RATE_HZ), dtype=np.float32)
    step = performance.quarter_s * float(rng.choice([0.5, 1, 1, 2]))
    ratio_db = float(rng.uniform(0, 6))
    cache: dict[Path, Samples] = {}
    time = performance.downbeat_s % step
    root, quality = int(rng.integers(12)), "major"
    while time < duration_s - 0.05:
        for start, end, chord_root, chord_quality in parts.chords:
            if start <= time + 0.01 < end:
                root, quality = chord_root, chord_quality
        pattern = re.compile(rf"{NOTE_NAMES[root]} ?{quality}_")
        fitting = [path for path in studio.strums if pattern.match(path.name)]
        pool = fitting or list(studio.strums)
        path = pool[int(rng.integers(len(pool)))]
        if path not in cache:
            raw = read_mono(path)
            raw = raw[attack_sample(raw) :]
            cache[path] = raw / np.float32(np.abs(raw).max(initial=1e-3))
        if rng.random() < 0.7:
            at = round((time + float(rng.normal(0, 0.006))) * SAMPLE_RATE_HZ)
            at = int(np.clip(at, 0, audio.size - 1))
            voice = cache[path][
                : min(audio.size - at, round(2 * step * SAMPLE_RATE_HZ))
            ].copy()
            fade = min(voice.size, 800)
            voice[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
            audio[at : at + voice.size] += voice * np.float32(
                10 ** (-ratio_db * rng.random() / 20)
            )
        time += step
    return audio


def _level(audio: Samples, level_db: float) -> Samples:
    rms = float(np.sqrt(np.square(audio).mean()))
    return (
        audio * np.float32(0.1 * 10 ** (level_db / 20) / rms) if rms > 1e-6 else audio
    )


def _stems(
    studio: Studio, parts: Parts, duration_s: float, rng: np.random.Generator
) -> list[Samples]:
    weights = np.array(
        [SLOW_FONT_WEIGHT if f.suffix == ".sf3" else 1.0 for f in studio.fonts]
    )
    font = studio.fonts[int(rng.choice(len(studio.fonts), p=weights / weights.sum()))]
    everything = range(len(parts.notes))
    guitars = [i for i in everything if parts.programs[i] in GUITAR_PROGRAMS]
    driven = guitars if rng.random() < 0.7 else []
    if rng.random() < 0.15:
        driven = driven + [i for i in everything if parts.programs[i] in BASS_PROGRAMS]
    # Without guitars, other parts sometimes go through the amplifier.
    if not guitars and rng.random() < 0.15:
        driven = list(everything)
    rest = sorted(set(everything) - set(driven))
    reverb = bool(rng.random() < 0.5)
    stems = []
    if rest:
        plain = render_stem(font, parts, rest, duration_s, reverb=reverb)
        stems.append(_level(plain, float(rng.normal(0, 2))))
    if driven:
        clean = render_stem(font, parts, driven, duration_s, reverb=False)
        stems.append(_level(amplify(clean, rng), float(rng.normal(0, 3.5))))
    return stems


def render_accompaniment(
    studio: Studio,
    parts: Parts,
    performance: Performance,
    duration_s: float,
    rng: np.random.Generator,
) -> Samples | None:
    """Render parts through soundfonts, amplifier and bus; None if all is silent."""
    if parts.kind == "none" or not studio.fonts:
        return None
    revoice(parts, rng)
    mix = np.zeros(round(duration_s * SAMPLE_RATE_HZ), dtype=np.float32)
    for stem in _stems(studio, parts, duration_s, rng):
        mix += stem
    if studio.strums and rng.random() < (0.15 if parts.chords else 0.05):
        mix += _level(
            strum(studio, parts, performance, duration_s, rng), float(rng.normal(-2, 3))
        )
    if float(np.abs(mix).max(initial=0.0)) < 1e-5:
        return None
    if rng.random() < 0.6:
        mix = effects.random_equalise(mix, rng, 3.0)
    if rng.random() < 0.5:
        mix = effects.compress(
            mix,
            float(rng.uniform(-25, -8)),
            float(rng.uniform(1.5, 6)),
            0.01,
            float(rng.uniform(0.05, 0.3)),
        )
    if rng.random() < 0.35:
        room = effects.choose_room(studio.rooms, rng)
        mix = effects.add_room(mix, room, float(rng.uniform(-22, -6)))
    return effects.medium(mix, rng)
