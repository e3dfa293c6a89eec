"""Adds tambourines, shakers and claps that play along with the drums.

Songs have them, the recorded performances do not. They are labelled ``OT``, so that the
network learns that they are neither hi-hats nor snares.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adt_plugins.training.render.synth import ClipKit
from adt_plugins.training.sources.kits import read_names
from adt_plugins.training.sources.performances import PREROLL_S, Performance, Stroke

SHARE = 0.25
"""Share of the clips that have one, of those without percussion of their own."""
VELOCITIES = {"X": 110, "x": 85, "o": 55}

Instruments = dict[str, list[tuple[str, int]]]


@dataclass(frozen=True)
class Kind:
    """An instrument: its names in kits, and rhythms in sixteenths, a quarter each.

    Names of soundfonts are numbers of notes.
    """

    names: str
    rhythms: tuple[tuple[str, ...], ...]


KINDS = {
    "tambourine": Kind(
        r"tambourine|^54$",
        (("....", "X..."), ("x...",), ("x.X.",), ("x.o.", "X.o."), ("Xoxo",)),
    ),
    "shaker": Kind(
        r"shaker|maraca|^69$|^70$",
        (("x.x.",), ("x.X.",), ("Xoxo",), ("xoXo",), ("x.xo", "X.xo")),
    ),
    "clap": Kind(
        r"clap|^39$",
        (("....", "X..."), ("....", "X...", "....", "X.x."), ("X...",)),
    ),
}


def find_instruments(folder: Path, kits: Container[str]) -> Instruments:
    """Return the groups of each kind in the folder of banks, of some kits.

    Returns
    -------
    dict
        Each available kind to (kit, number of the group).
    """
    available: Instruments = {}
    for kit, names in read_names(folder, "OT").items():
        for number, name in enumerate(names):
            for title, kind in KINDS.items():
                if kit in kits and re.search(kind.names, name.lower()):
                    available.setdefault(title, []).append((kit, number))
    return available


def play_along(
    performance: Performance,
    kit: ClipKit,
    instruments: Instruments,
    duration_s: float,
    rng: np.random.Generator,
) -> list[Stroke]:
    """Return the strokes of an instrument throughout a clip; in most clips none.

    Parameters
    ----------
    performance
        Performance that it plays along with.
    kit
        Kit of the clip, which gets the instrument.
    instruments
        Instruments from `find_instruments`.
    duration_s
        Length of the clip.
    rng
        Source of everything that is drawn.
    """
    has_own = any(hit.code == "OT" for hit in performance.hits)
    if has_own or not instruments or rng.random() >= SHARE:
        return []
    title = str(rng.choice(sorted(instruments)))
    groups = instruments[title]
    variant = kit.invite(*groups[int(rng.integers(len(groups)))])
    rhythms = KINDS[title].rhythms
    rhythm = rhythms[int(rng.integers(len(rhythms)))]
    late_s, spread_s = float(rng.normal(0, 0.006)), float(rng.uniform(0.002, 0.012))
    quarter_s = performance.quarter_s
    strokes = []
    first = int(np.ceil((-PREROLL_S - performance.downbeat_s) / quarter_s))
    last = int((duration_s - performance.downbeat_s) / quarter_s)
    for quarter in range(first, last + 1):
        for sixteenth, sign in enumerate(rhythm[quarter % len(rhythm)]):
            place = quarter + sixteenth / 4
            time = performance.downbeat_s + place * quarter_s
            time += late_s + float(rng.normal(0, spread_s))
            if sign in VELOCITIES and -PREROLL_S < time < duration_s:
                velocity = VELOCITIES[sign] + int(rng.integers(-15, 16))
                strokes.append(Stroke(time, "OT", velocity, variant))
    return strokes
