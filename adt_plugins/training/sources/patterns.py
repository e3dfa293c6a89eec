"""Hits of programmed bars, varied a little, and the fills between them."""

from __future__ import annotations

import numpy as np

from adt_plugins.training.sources.grooves import Style
from adt_plugins.training.sources.kitmaps import TOMS

LEVELS = {"X": 118, "x": 92, "o": 62, "g": 24}
"""Velocity of each mark of a line."""

Step = tuple[float, str, int]


def bar_hits(style: Style, rng: np.random.Generator) -> list[Step]:
    """Return hits of a bar, a little varied: (position in bars 0–1, code, velocity)."""
    hits: list[Step] = []
    for code, line in style.lines.items():
        for index, mark in enumerate(line):
            if mark == "." or (mark in "og" and rng.random() < 0.08):
                continue
            velocity = int(np.clip(LEVELS[mark] + rng.normal(0, 6), 8, 127))
            hits.append((index / len(line), code, velocity))
    steps = max(len(line) for line in style.lines.values())
    if "KD" in style.lines and rng.random() < 0.25:
        hits.append(
            (int(rng.integers(steps)) / steps, "KD", int(rng.integers(60, 100)))
        )
    if "SD" in style.lines and rng.random() < 0.3:
        hits.append((int(rng.integers(steps)) / steps, "SD", int(rng.integers(10, 40))))
    if rng.random() < 0.12 and "CHH" in style.lines:
        hits.append(((steps - 2) / steps, "OHH", int(rng.integers(70, 115))))
    return hits


def fill_hits(beats: int, rng: np.random.Generator) -> list[Step]:
    """Return a fill over ``beats`` beats: (position in beats, code, velocity)."""
    division = int(rng.choice([2, 3, 4, 4, 4, 6, 8]))
    count = beats * division
    shape = rng.random()
    order = list(TOMS) if shape < 0.75 else list(TOMS[::-1])
    hits: list[Step] = []
    ladder = ["SD", *order] if rng.random() < 0.6 else order
    for index in range(count):
        if rng.random() < 0.15:
            continue
        code = ladder[min(len(ladder) - 1, index * len(ladder) // count)]
        if shape > 0.9:
            code = "SD"
        elif rng.random() < 0.15:
            code = str(rng.choice(["SD", "KD", *TOMS]))
        strong = index % division == 0
        velocity = int(np.clip((112 if strong else 88) + rng.normal(0, 12), 15, 127))
        if shape > 0.9:  # a roll that grows
            velocity = int(np.clip(35 + 85 * index / count + rng.normal(0, 8), 10, 127))
        hits.append((index / division, code, velocity))
    if rng.random() < 0.4:
        hits += [(float(beat), "KD", 90) for beat in range(beats)]
    return hits
