"""Validates during training: F of each drum on held-out kits and performances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adt_plugins.card import Geometry
from adt_plugins.picking.peaks import pick_peaks, refine
from adt_plugins.training.learn.clips import find_clips, load_clip
from adt_plugins.training.learn.configuration import PICKER
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.model import BrnnSa
from adt_plugins.training.learn.targets import OUTPUTS, column

DRUMS = tuple(name for name in OUTPUTS if name not in ("OT", "beat", "downbeat"))
THRESHOLDS = np.round(np.arange(0.05, 0.65, 0.025), 3)
WINDOW_S = 0.05
QUIET = 30
"""Hits softer than this velocity are optional: many are inaudible in a mix, and
counting them as missed would lower the thresholds."""
TOLERANCE = 0.01
REAL_SONGS = Recipe(
    accompanied=1.0,
    voiced=0.0,
    accompaniment_db=(-4.0, 4.0),
    real=1.0,
    real_db=(-4.0, 8.0),
)
"""Held-out drums in held-out real sounds: the nearest to songs."""
POOLS = {"F3": ("KD", "SD", "HH"), "F5": ("KD", "SD", "HH", "TT", "CY")}

Frames = NDArray[np.float32]
Counts = dict[str, NDArray[np.float64]]


class Validation:
    """Held-out clips, mixed once, as drums alone and as songs.

    Parameters
    ----------
    renders
        Folder of the clips.
    mixer
        Mixer that makes their frames.
    geometry
        Chunk geometry at run time.
    clips
        Greatest number of clips.
    """

    def __init__(
        self, renders: Path, mixer: Mixer, geometry: Geometry, clips: int = 100
    ) -> None:
        self.geometry = geometry
        self.frame_rate = mixer.front_end.frame_rate
        self.items: dict[str, list[tuple[NDArray[np.float32], Any]]] = {}
        loaded = (load_clip(path) for path in find_clips(renders))
        held_out = [clip for clip in loaded if clip.split == "validation"][:clips]
        recipes = {
            "drums": Recipe(accompanied=0.0, voiced=0.0),
            "songs": Recipe(accompanied=1.0, voiced=0.0, accompaniment_db=(0.0, 8.0)),
        }
        if mixer.has_real:
            recipes["real"] = REAL_SONGS
        for kind, recipe in recipes.items():
            mixer.recipe = recipe
            self.items[kind] = []
            for number, clip in enumerate(held_out):
                if kind == "songs" and clip.accompaniment is None:
                    continue
                rng = np.random.default_rng(number)
                frames = int(clip.duration * self.frame_rate)
                example = mixer.example(clip, frames, rng, start=0.0)
                wanted = {
                    name: np.array(
                        [
                            (time, velocity < QUIET)
                            for time, code, velocity in clip.onsets
                            if OUTPUTS[column(code)] == name
                        ]
                    ).reshape(-1, 2)
                    for name in DRUMS
                }
                self.items[kind].append((example.frames, wanted))

    def counts(self, run_network: Callable[[Frames], Frames]) -> dict[str, Counts]:
        """Count hits, true and picked onsets of each drum at each threshold.

        Parameters
        ----------
        run_network
            Function from frames (frames, bands) to activations (frames, outputs).

        Returns
        -------
        dict
            ``"drums"`` and ``"songs"``, and ``"real"`` if there are real sounds; each
            a dict from drum to an array of shape (len(THRESHOLDS), 3).
        """
        result = {}
        for kind, items in self.items.items():
            counts = {name: np.zeros((len(THRESHOLDS), 3)) for name in DRUMS}
            for frames, wanted in items:
                activations = run_network(frames)
                for name in DRUMS:
                    activation = activations[:, OUTPUTS.index(name)]
                    for row, threshold in enumerate(THRESHOLDS):
                        picked = pick_peaks(
                            activation, float(threshold), PICKER, self.frame_rate
                        )
                        counts[name][row] += _count(
                            wanted[name], picked / self.frame_rate
                        )
            result[kind] = counts
        return result

    def report(self, model: BrnnSa) -> dict[str, dict[str, float]]:
        """Return F of each drum at its best threshold, for drums and for songs."""
        counts = self.counts(lambda frames: chunked(model, frames, self.geometry))
        return {kind: _scores(items) for kind, items in counts.items()}

    def time_errors(
        self, run_network: Callable[[Frames], Frames], thresholds: Mapping[str, float]
    ) -> dict[str, float | None]:
        """Return the median distance in ms of picked onsets from true ones, by kind."""
        result: dict[str, float | None] = {}
        for kind, items in self.items.items():
            errors = [np.zeros(0)]
            for frames, wanted in items:
                activations = run_network(frames)
                for name, threshold in thresholds.items():
                    activation = activations[:, OUTPUTS.index(name)]
                    picked = pick_peaks(activation, threshold, PICKER, self.frame_rate)
                    times = (picked + refine(activation, picked)) / self.frame_rate
                    if len(times):
                        gaps = np.abs(wanted[name][:, :1] - times).min(axis=1)
                        errors.append(gaps[gaps <= WINDOW_S])
            joined = np.concatenate(errors)
            result[kind] = (
                round(1e3 * float(np.median(joined)), 2) if len(joined) else None
            )
        return result

    @staticmethod
    def choose(
        counts: Mapping[str, Counts],
    ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Return thresholds for drums and songs together, and F there.

        F hardly changes around its best threshold, so the highest threshold within
        `TOLERANCE` of it is chosen: it keeps out sounds of real music that the clips
        lack.
        """
        rows = {}
        for name in DRUMS:
            f = _f(np.sum([items[name] for items in counts.values()], axis=0))
            rows[name] = int(np.flatnonzero(f >= f.max() - TOLERANCE)[-1])
        scores = {
            kind: {d: round(float(_f(items[d])[rows[d]]), 4) for d in DRUMS}
            for kind, items in counts.items()
        }
        return {d: float(THRESHOLDS[rows[d]]) for d in DRUMS}, scores

    @staticmethod
    def line(step: int, report: Mapping[str, Mapping[str, float]]) -> str:
        """Return a report as one line of text."""
        parts = [f"step {step}"]
        for kind, scores in report.items():
            values = " ".join(f"{d} {scores[d]:.3f}" for d in (*DRUMS, "F3", "F5"))
            parts.append(f"{kind}: {values}")
        return " | ".join(parts)


def chunked(
    model: BrnnSa, frames: NDArray[np.float32], geometry: Geometry
) -> NDArray[np.float32]:
    """Return activations (frames, outputs), computed in chunks as at run time."""
    count = -(-len(frames) // geometry.core)
    padded = np.zeros(
        (count * geometry.core + 2 * geometry.context, frames.shape[1]), np.float32
    )
    padded[geometry.context : geometry.context + len(frames)] = frames
    chunks = np.stack(
        [
            padded[k * geometry.core : k * geometry.core + geometry.frames]
            for k in range(count)
        ],
        axis=1,
    )
    with torch.no_grad():
        outputs = model(torch.from_numpy(chunks)).sigmoid().numpy()
    core = outputs[geometry.context : geometry.context + geometry.core]
    joined: NDArray[np.float32] = np.concatenate(list(core.transpose(1, 0, 2)))
    return joined[: len(frames)]


def _count(
    true: NDArray[np.float64], picked: NDArray[np.float64]
) -> tuple[int, int, int]:
    """Count hits, true and picked onsets, each matched once, in order of time.

    A quiet onset counts neither as a hit nor as missed.
    """
    i = j = hits = optional = 0
    while i < len(true) and j < len(picked):
        gap = picked[j] - true[i, 0]
        if abs(gap) <= WINDOW_S:
            quiet = bool(true[i, 1])
            hits, optional = hits + (not quiet), optional + quiet
            i, j = i + 1, j + 1
        elif gap < 0:
            j += 1
        else:
            i += 1
    return hits, int(np.sum(true[:, 1] == 0)), len(picked) - optional


def _f(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F of rows of (hits, true, picked)."""
    hits, true, picked = counts.T
    f: NDArray[np.float64] = 2 * hits / np.maximum(true + picked, 1)
    return f


def _scores(counts: Counts) -> dict[str, float]:
    scores = {}
    best = {name: int(np.argmax(_f(rows))) for name, rows in counts.items()}
    for name, row in best.items():
        scores[name] = float(_f(counts[name])[row])
        scores[f"{name} threshold"] = float(THRESHOLDS[row])
    for title, names in POOLS.items():
        total = np.sum([counts[name][best[name]] for name in names], axis=0)
        scores[title] = float(_f(total[None])[0])
    return scores
