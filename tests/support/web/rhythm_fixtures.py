"""Python's beats and tempi, for the tests of the page's parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.editor.payload import midi_head
from adt_plugins.meter import Meter, MeterChange
from adt_plugins.midi.tempo_map import tempo_map
from adt_plugins.picking.recurrence import weigh
from adt_plugins.rhythm.chord_changes import Harmony
from adt_plugins.rhythm.clear_beats import find_clear_beats

OUTPUTS = ("KD", "SD", "CY", "beat", "downbeat")
METERS = [Meter.parse(m) for m in ("4/4", "3/4", "6/8", "7/8", "5/4", "12/8")]
CASES = 48
SLOW = 6  # every sixth case is slow
LONE = 5  # every fifth begins long before its music
NOISY = 7  # every seventh ends long after it
HIT = 0.875
_DRUMS = OUTPUTS[:3]
_CARD = ModelCard(
    "", "", "", OUTPUTS, FrontEnd(), Geometry(1, 0, 1), Picker(),
    dict(zip(_DRUMS, (0.1, 0.3, 0.5), strict=True)),
)  # fmt: skip

Matrix = Callable[[int, int, int], NDArray[np.float32]]
Bits = Callable[[list[float]], str]


def fixtures(matrix: Matrix, bits: Bits) -> dict[str, Any]:
    """Beats of activations, tempo maps of beats, changes of harmony."""
    return {
        "beats": list(_beats(matrix, bits)),
        "maps": list(_maps(bits)),
        "changes": _changes(matrix, bits),
    }


def _beats(matrix: Matrix, bits: Bits) -> Iterator[dict[str, Any]]:
    """Return activations of a drummer, with noise, at steady and changing tempi."""
    dice = np.random.default_rng(11)
    for seed in range(1, CASES + 1):
        frames = int(dice.choice((0, 1, 40, 900, 1500, 4000)))
        bpm, bar = dice.uniform(60, 200), int(dice.choice((3, 4)))
        is_slow = seed % SLOW == 0  # straight beats, or 6/8
        if is_slow:
            bpm, bar, frames = dice.uniform(40, 65), 2, 4000
        drift, level = dice.choice((0.0, 0.001, 0.003)), dice.choice((0.05, 0.2, 1.0))
        played: list[int] = []
        at = dice.uniform(0, 80)
        if seed % LONE == 0:  # a click, and silence before the music
            frames, level = 4000, 0.05
            played.append(int(at))
            at += 700
        end = frames
        if seed % NOISY == 0:
            frames, level, end = 4000, 0.09375, 2000
        while at < end:
            played.append(round(at))
            at += 6000 / bpm * (1 + drift * len(played) + dice.normal(0, 0.01))
        values = np.float32(level) * matrix(seed, frames, len(OUTPUTS))
        changes = matrix(seed + 500, frames, 1)[:, 0]
        hits = list(_slow_hits(played, 3 - seed // SLOW % 3)) if is_slow else []
        for frame, drum in hits:
            values[frame, drum] = HIT
        for n, frame in enumerate(played):
            for shift, height in ((-1, 0.5), (0, 0.875), (1, 0.625)):
                if 0 <= (t := frame + shift) < frames:
                    values[t, 3] = max(values[t, 3], height)
                    if n % bar == 0:
                        values[t, 4] = max(values[t, 4], height)
        activations = Activations(values, OUTPUTS, 100.0)
        detected = find_clear_beats(activations, changes=changes)
        weighed, _ = weigh(activations, detected, _CARD)
        yield {
            "seed": seed,
            "frames": frames,
            "level": float(level),
            "played": played,
            "hits": hits,
            "bar": bar,
            "times": bits([beat.time for beat in detected]),
            "positions": [beat.position for beat in detected],
            "thresholds": _CARD.thresholds,
            "weighed": bits(weighed.values[:, :3].sum(axis=1)),
        }


def _slow_hits(played: list[int], parts: int) -> Iterator[tuple[int, int]]:
    """Yield frames and drums: kick and snare by turns, cymbals on parts of a beat."""
    for n, (frame, following) in enumerate(pairwise(played)):
        yield frame, n % 2
        for part in range(parts):
            yield frame + round((following - frame) * part / parts), 2


def _maps(bits: Bits) -> Iterator[dict[str, Any]]:
    dice = np.random.default_rng(12)
    for case in range(4 * CASES):
        count, meter = int(dice.choice((0, 1, 2, 5, 30, 200))), METERS[case % 6]
        bpm, start = dice.uniform(40, 260), dice.choice((0.0, 0.01, 0.3, 2.7, 30.0))
        drift = dice.choice((0.0, 0.0, 0.002))
        apart = 60 / bpm * (1 + drift * np.arange(count))
        apart *= np.where(dice.random(count) < 0.005, 5, 1)  # pauses
        times = start + np.cumsum(apart) - (apart[:1].sum())
        times = np.abs(times + dice.normal(0, dice.choice((0.0, 0.008)), count))
        first, bar = int(dice.integers(4)), int(dice.choice((2, 3, 4, 5)))
        beats = [
            Beat(float(time), (n + first) % bar + 1)
            for n, time in enumerate(np.sort(times))
        ]
        changes = [MeterChange(1, meter)] if case % 5 else []
        if case % 7 == 0 and changes:
            changes.append(MeterChange(4, METERS[0 if case % 6 == 1 else 1]))
        near = dice.normal(0, 0.01, count) + np.sort(times)
        hits = [float(time) for time in np.abs(near[dice.random(count) < 0.6])]
        timing = tempo_map(beats, meters=changes, hits=hits)
        yield {
            "times": bits([beat.time for beat in beats]),
            "positions": [beat.position for beat in beats],
            "meters": [[change.bar, str(change.meter)] for change in changes],
            "hits": bits(hits),
            "tempos": timing.tempos,
            "signatures": timing.signatures,
            "bars": timing.bars,
            "first": timing.first,
            "end": timing.end,
            "first_bar": timing.first_bar,
            "head": midi_head(timing),
        }


def _changes(matrix: Matrix, bits: Bits) -> dict[str, Any]:
    front_end, frames = FrontEnd(), 1203
    harmony = Harmony(front_end)
    rows = matrix(77, frames, 84)
    for start in range(0, frames, 100):
        harmony.add(rows[start : start + 100])
    changes = [float(value) for value in harmony.changes()]
    return {"front_end": asdict(front_end), "frames": frames, "changes": bits(changes)}
