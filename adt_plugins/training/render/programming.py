"""Programmed performances, variations of any performance, and the draw of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adt_plugins.training.sources import patterns
from adt_plugins.training.sources.grooves import STYLES, Style
from adt_plugins.training.sources.kitmaps import TOMS
from adt_plugins.training.sources.performances import (
    PREROLL_S,
    Library,
    Performance,
    Stroke,
    grid,
    human,
    song_window,
)


@dataclass(frozen=True)
class Feel:
    """The feel of a programmed groove throughout a clip."""

    lateness_s: dict[str, float]
    spread_s: float
    swing: float
    fills_every: int
    crash_chance: float

    @classmethod
    def draw(cls, style: Style, rng: np.random.Generator) -> Feel:
        """Draw one for a style."""
        return cls(
            {code: float(rng.normal(0, 0.006)) for code in style.lines},
            float(rng.uniform(0.0, 0.009)),
            float(rng.uniform(0, 0.33)) if rng.random() < 0.25 else 0.0,
            int(rng.choice([0, 2, 4, 4, 8])),
            float(rng.choice([0.2, 0.6, 1.0])),
        )

    def late_s(
        self, at: float, code: str, beat_s: float, rng: np.random.Generator
    ) -> float:
        """Return how much later than written a hit at a beat position is played."""
        late = self.lateness_s.get(code, 0.0) + float(rng.normal(0, self.spread_s))
        if self.swing and abs((at * 2) % 1) > 0.1:  # every second sixteenth
            late += self.swing / 4 * beat_s
        return late


def _bar(
    style: Style,
    feel: Feel,
    bar: int,
    after_fill: bool,
    rng: np.random.Generator,
) -> tuple[list[patterns.Step], bool]:
    """Return the steps of a bar, in bars, and whether it ends with a fill."""
    steps = patterns.bar_hits(style, rng)
    fill_beats = 0
    if feel.fills_every and bar % feel.fills_every == feel.fills_every - 1:
        fill_beats = int(rng.integers(1, style.beats + 1))
    kept = 1 - fill_beats / style.beats
    steps = [step for step in steps if step[0] < kept - 1e-6]
    steps += [
        (kept + position / style.beats, code, velocity)
        for position, code, velocity in patterns.fill_hits(fill_beats, rng)
    ]
    crash = after_fill and rng.random() < feel.crash_chance
    if crash or (bar % 4 == 0 and rng.random() < 0.3):
        steps = [s for s in steps if s[0] > 0.01 or s[1] not in ("CHH", "RDC", "OHH")]
        cymbal = str(rng.choice(["CRC", "CRC", "CRC", "CRC", "SPC", "CHC"]))
        steps += [(0.0, cymbal, int(rng.integers(90, 127))), (0.0, "KD", 112)]
    return steps, fill_beats > 0


def programmed(duration_s: float, rng: np.random.Generator) -> Performance:
    """Return a programmed groove with fills, crashes on the one, flams and swing."""
    style = STYLES[int(rng.integers(len(STYLES)))]
    beat_s = 60 / float(rng.uniform(*style.tempo))
    bar_s = beat_s * style.beats
    quarter_s = bar_s / style.quarters
    downbeat_s = -PREROLL_S - float(rng.uniform(0, bar_s))
    feel = Feel.draw(style, rng)
    hits: list[Stroke] = []
    after_fill = False
    for bar in range(int((duration_s + PREROLL_S) / bar_s) + 2):
        steps, after_fill = _bar(style, feel, bar, after_fill, rng)
        for position, code, velocity in steps:
            at = position * style.beats
            time = downbeat_s + bar * bar_s + at * beat_s
            hit = Stroke(time + feel.late_s(at, code, beat_s, rng), code, velocity)
            hits += [hit, *_graces(hit, rng)]
    numerator, denominator = (int(part) for part in style.meter.split("/"))
    return Performance(
        [hit for hit in hits if -PREROLL_S < hit.time < duration_s],
        grid(quarter_s, (numerator, denominator), downbeat_s, duration_s),
        style.meter,
        f"programmed/{style.name}",
        "programmed",
        quarter_s,
        downbeat_s,
    )


def _graces(hit: Stroke, rng: np.random.Generator) -> list[Stroke]:
    """Return flams and drags before some strong hits on snare and toms."""
    if hit.code not in ("SD", *TOMS) or hit.velocity < 80 or rng.random() > 0.06:
        return []
    gap = float(rng.uniform(0.022, 0.045))
    count = 1 if rng.random() < 0.7 else 2
    velocity = int(rng.integers(15, 60))
    return [Stroke(hit.time - gap * (i + 1), hit.code, velocity) for i in range(count)]


def vary(performance: Performance, rng: np.random.Generator) -> Performance:
    """Exchange or drop instruments, and silence stretches, in some clips."""
    hits = performance.hits
    hats = {"CHH", "OHH"}
    draw = rng.random()
    if draw < 0.10:
        hits = _exchange(hits, hats, "RDC")
    elif draw < 0.20:
        hits = _exchange(
            hits, hats | {"RDC"}, str(rng.choice(["CRC", "CRC", "CHC", "OHH"]))
        )
        hits = _thin_ringing(hits, performance.quarter_s)
    elif draw < 0.24:
        hits = _exchange(hits, {"RDC", "RDB"}, "CHH")
    elif draw < 0.30:
        hits = _exchange(hits, {"SD"}, "SST")
    elif draw < 0.36:
        hits = _exchange(hits, hats, str(rng.choice(["LFT", "HFT", "RDB"])))
    if rng.random() < 0.35:
        hits = _crash_on_the_one(hits, performance.beats, rng)
    if rng.random() < 0.1:
        dropped = str(rng.choice(["KD", "SD", "CHH", "OHH", "PHH", "CRC", "RDC"]))
        hits = [hit for hit in hits if hit.code != dropped]
    if rng.random() < 0.06:  # very sparse
        keep = rng.random(len(hits)) < rng.uniform(0.1, 0.5)
        hits = [hit for hit, kept in zip(hits, keep, strict=True) if kept]
    if rng.random() < 0.06:  # no drums in part of the clip
        start, length = float(rng.uniform(-2, 14)), float(rng.uniform(3, 12))
        hits = [hit for hit in hits if not start <= hit.time < start + length]
    performance.hits = merge(hits)
    return performance


def _exchange(hits: list[Stroke], old: set[str], new: str) -> list[Stroke]:
    return [
        Stroke(
            hit.time, new if hit.code in old else hit.code, hit.velocity, hit.variant
        )
        for hit in hits
    ]


def _crash_on_the_one(
    hits: list[Stroke], beats: list[tuple[float, int]], rng: np.random.Generator
) -> list[Stroke]:
    """Play a crash instead of hat or ride on every, second or fourth downbeat."""
    downbeats = [time for time, position in beats if position == 1][
        :: int(rng.choice([1, 2, 4]))
    ]
    for downbeat in downbeats:
        near = [hit for hit in hits if abs(hit.time - downbeat) < 0.04]
        replaced = [hit for hit in near if hit.code in ("CHH", "OHH", "RDC")]
        if near and not any(hit.code == "CRC" for hit in near):
            time = (replaced or near)[0].time
            hits = [hit for hit in hits if hit not in replaced]
            hits.append(Stroke(time, "CRC", int(rng.integers(75, 127))))
    return hits


def _thin_ringing(hits: list[Stroke], quarter_s: float) -> list[Stroke]:
    """Thin out crash-riding to quarters or eighths."""
    kept: list[Stroke] = []
    last = -1e9
    for hit in sorted(hits, key=lambda hit: hit.time):
        if hit.code in ("CRC", "CHC"):
            if hit.time - last < 0.45 * quarter_s:
                continue
            last = hit.time
        kept.append(hit)
    return kept


def merge(hits: list[Stroke]) -> list[Stroke]:
    """Sort, and keep the louder of two hits of one drum within 12 ms."""
    kept: list[Stroke] = []
    last: dict[str, int] = {}
    for hit in sorted(hits, key=lambda hit: hit.time):
        before = last.get(hit.code)
        if before is not None and hit.time - kept[before].time < 0.012:
            if hit.velocity > kept[before].velocity:
                kept[before] = Stroke(
                    kept[before].time, hit.code, hit.velocity, hit.variant
                )
            continue
        last[hit.code] = len(kept)
        kept.append(hit)
    return kept


def perform(
    library: Library, validation: bool, duration_s: float, rng: np.random.Generator
) -> Performance:
    """Draw a performance: 45 % human, 35 % songs, 20 % programmed."""
    draw = rng.random()
    if draw < 0.45 and any(
        groove.validation == validation for groove in library.grooves
    ):
        return vary(human(library, validation, duration_s, rng), rng)
    if draw < 0.80 and any(held_out == validation for _, held_out in library.songs):
        performance = song_window(library, validation, duration_s, rng)
        performance.hits = merge(performance.hits)
        return performance
    return vary(programmed(duration_s, rng), rng)
