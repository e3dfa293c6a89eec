"""Generated accompaniment: a chord progression and parts that follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adt_plugins.training.sources.fluid import Note
from adt_plugins.training.sources.performances import Performance

PROGRESSIONS = (
    (0, 5, 3, 4),
    (0, 3, 4, 4),
    (0, 4, 5, 3),
    (5, 3, 0, 4),
    (0, 0, 3, 4),
    (1, 4, 0, 0),
    (0, 6, 5, 6),
    (0, 0, 0, 0),
    (0, 2, 3, 4),
    (0, 5, 1, 4),
    (0, 6, 3, 0),
)
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))
PADS = (*range(48, 55), *range(88, 96))
KEYS = (*range(8), *range(16, 22))
PLUCKED = (*range(8, 16), *range(80, 88), 24, 25, 26, 46)
STABS = (45, 55, 61, 62, 63, 11, 12, 13, 104, 105, 106, 107, 108, 7, 6)
LEADS = (*range(56, 61), *range(64, 80), *range(80, 88), 29, 30, 30, 40, 11)
GUITARS = (24, 25, 26, 27, 27, 28, 28, 29, 29, 29, 30, 30, 30, 30)


@dataclass
class Arrangement:
    """Notes with a program each, and the chords: (start, end, root, quality)."""

    notes: list[Note]
    programs: list[int]
    chords: list[tuple[float, float, int, str]]


class Arranger:
    """Writes parts over the beats of a performance."""

    def __init__(
        self, performance: Performance, duration_s: float, rng: np.random.Generator
    ) -> None:
        self.rng, self.duration_s = rng, duration_s
        numerator, denominator = (int(part) for part in performance.meter.split("/"))
        self.quarter_s = performance.quarter_s
        self.bar_s = numerator * 4 / denominator * self.quarter_s
        self.first_s = performance.downbeat_s % self.bar_s - self.bar_s
        self.kicks = [h for h in performance.hits if h.code == "KD" and h.time > -1]
        self.snares = [
            h for h in performance.hits if h.code == "SD" and h.velocity > 60
        ]
        self.key, self.scale = (
            int(rng.integers(12)),
            SCALES[int(rng.integers(len(SCALES)))],
        )
        self.degrees = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
        self.chord_s = self.bar_s * float(rng.choice([0.5, 1, 1, 1, 2]))
        self.notes: list[Note] = []
        self.programs: list[int] = []
        self.channel = 0

    def pitch(self, degree: int) -> int:
        """Return the semitones above C of a scale degree in the key."""
        octave, step = divmod(degree, 7)
        return self.key + 12 * octave + self.scale[step]

    def degree_at(self, time: float) -> int:
        """Return the root degree of the chord at a time."""
        return self.degrees[
            int((time - self.first_s) // self.chord_s) % len(self.degrees)
        ]

    def ticks(self, step_quarters: float) -> list[float]:
        """Return the times of a regular grid over the clip."""
        step = step_quarters * self.quarter_s
        count = int((self.duration_s - self.first_s) / step) + 1
        return [self.first_s + index * step for index in range(count)]

    def begin(self, programs: tuple[int, ...]) -> int:
        """Draw a program for the next free channel."""
        self.channel += 1 + (self.channel == 8)
        return int(self.rng.choice(programs))

    def add(
        self, program: int, time: float, length: float, pitch: int, velocity: float
    ) -> None:
        """Add a note with a player's small inaccuracy."""
        time += float(self.rng.normal(0, 0.006))
        if time < 0 or time >= self.duration_s or self.channel > 15:
            return
        loud = int(np.clip(velocity + self.rng.normal(0, 8), 20, 127))
        pitch = int(np.clip(pitch, 20, 108))
        self.notes.append(Note(time, time + length, self.channel, pitch, loud))
        self.programs.append(program)

    def bass(self) -> None:
        """Write a bass: with the kick, in eighths, in quarters, or walking."""
        program = self.begin((32, 33, 33, 33, 34, 34, 35, 36, 36, 37, 38, 39))
        mode = self.rng.random()
        if mode < 0.5 and self.kicks:
            times = [hit.time for hit in self.kicks]
        else:
            times = self.ticks(float(self.rng.choice([0.5, 0.5, 1.0, 0.25])))
        walking = bool(self.rng.random() < 0.25)
        popping = program in (36, 37) and bool(self.rng.random() < 0.6)
        length = float(self.rng.uniform(0.15, 1.0)) * self.quarter_s
        for time in times:
            degree = self.degree_at(time)
            if walking:
                degree += int(self.rng.choice([0, 0, 1, 2, 4, -1]))
            octave = 12 * int(popping and self.rng.random() < 0.4)
            self.add(program, time, length, 28 + self.pitch(degree) % 12 + octave, 100)

    def guitar(self) -> None:
        """Write a rhythm guitar: power or full chords, on a grid or with the drums."""
        program = self.begin(GUITARS)
        mode = self.rng.random()
        muted = False
        if mode < 0.35 and (self.kicks or self.snares):
            times = [hit.time for hit in [*self.kicks, *self.snares]]
        elif mode < 0.65:
            times, muted = self.ticks(0.5), bool(self.rng.random() < 0.6)
        elif mode < 0.8:
            times, muted = self.ticks(0.25), True
        else:
            times = self.ticks(float(self.rng.choice([1.0, 2.0, 4.0])))
        skip = float(self.rng.choice([0.0, 0.1, 0.4]))
        length = self.quarter_s * float(
            self.rng.uniform(0.1, 0.3) if muted else self.rng.uniform(0.4, 2.0)
        )
        steps = (
            (0, 4, 7) if program >= 29 or self.rng.random() < 0.4 else (0, 2, 4, 7, 9)
        )
        spread_s = float(self.rng.uniform(0.0, 0.012))
        for time in times:
            if self.rng.random() < skip:
                continue
            degree = self.degree_at(time)
            base = 40 + (self.pitch(degree) - 4) % 12 - self.pitch(degree)
            for index, step in enumerate(steps):
                at = time + index * spread_s
                self.add(program, at, length, base + self.pitch(degree + step), 95)

    def chords_part(
        self, programs: tuple[int, ...], step: float, length: float
    ) -> None:
        """Write chords of three or four notes on a grid (quarters), some left out."""
        program = self.begin(programs)
        base = int(self.rng.choice([48, 60, 60])) - 6
        skip = float(self.rng.uniform(0, 0.5)) if step < 4 else 0.0
        shift = float(self.rng.choice([0, 0, 0.5])) * self.quarter_s
        for time in self.ticks(step):
            if self.rng.random() < skip:
                continue
            degree = self.degree_at(time)
            for third in (0, 2, 4, 6)[: int(self.rng.integers(3, 5))]:
                pitch = base + (self.pitch(degree + third) - base) % 12
                self.add(program, time + shift, length * self.quarter_s, pitch, 80)

    def arpeggio(self) -> None:
        """Write broken chords in eighths or sixteenths."""
        program = self.begin(PLUCKED)
        base = int(self.rng.choice([48, 60, 72]))
        order = self.rng.permutation([0, 2, 4, 7, 4, 2])
        step = float(self.rng.choice([0.25, 0.5]))
        for index, time in enumerate(self.ticks(step)):
            degree = self.degree_at(time) + int(order[index % len(order)])
            self.add(
                program,
                time,
                step * self.quarter_s,
                base + self.pitch(degree) - self.key,
                80,
            )

    def lead(self) -> None:
        """Write a melody of phrases with rests."""
        program = self.begin(LEADS)
        step = float(self.rng.choice([0.25, 0.5, 0.5, 1.0]))
        degree = int(self.rng.integers(0, 8))
        playing = True
        base = int(self.rng.choice([48, 60, 60, 72]))
        for time in self.ticks(step):
            if self.rng.random() < 0.12:
                playing = not playing
            if not playing or self.rng.random() < 0.3:
                continue
            degree = int(np.clip(degree + self.rng.integers(-2, 3), -3, 12))
            length = step * self.quarter_s * float(self.rng.uniform(0.5, 2.0))
            self.add(program, time, length, base + self.pitch(degree), 95)

    def chords(self) -> list[tuple[float, float, int, str]]:
        """Return the chords: (start, end, pitch class of the root, major or minor)."""
        chords = []
        for time in self.ticks(self.chord_s / self.quarter_s):
            degree = self.degree_at(time + 1e-3)
            root = self.pitch(degree) % 12
            third = (self.pitch(degree + 2) - self.pitch(degree)) % 12
            chords.append(
                (time, time + self.chord_s, root, "major" if third == 4 else "minor")
            )
        return chords


def arrange(
    performance: Performance, duration_s: float, rng: np.random.Generator
) -> Arrangement:
    """Write two to six parts at random."""
    arranger = Arranger(performance, duration_s, rng)
    if rng.random() < 0.88:
        arranger.bass()
    if rng.random() < 0.6:
        arranger.guitar()
        if rng.random() < 0.3:
            arranger.guitar()
    if rng.random() < 0.35:
        arranger.chords_part(PADS, arranger.chord_s / arranger.quarter_s, 4.0)
    if rng.random() < 0.45:
        arranger.chords_part(
            KEYS, float(rng.choice([0.5, 1.0, 2.0])), float(rng.uniform(0.2, 1))
        )
    if rng.random() < 0.3:
        arranger.chords_part(STABS, float(rng.choice([0.25, 0.5, 1.0])), 0.15)
    if rng.random() < 0.3:
        arranger.arpeggio()
    if rng.random() < 0.4 or not arranger.notes:
        arranger.lead()
    return Arrangement(arranger.notes, arranger.programs, arranger.chords())
