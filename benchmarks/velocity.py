"""Measures how well velocities follow those that were played, on rendered clips.

The folder is one of ``adt train render``; the clips of its validation split, whose kits
and performances were not trained on, are transcribed as they are, every other one with
its accompaniment as loud as the drums::

    python benchmarks/velocity.py RENDERS

``--stems`` measures all levels anew in the drums that `adt_plugins.separate` takes out
of each clip.

For each drum and clip it takes the hits that were found within 50 ms of a true one,
and the correlation (Pearson) of the two velocities.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins import separate
from adt_plugins.audio import SAMPLE_RATE, AudioReader
from adt_plugins.drums import Drum
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.remeasure import measured
from adt_plugins.pipeline import transcribe
from adt_plugins.training.learn.clips import Clip, cut, find_clips, load_clip
from adt_plugins.transcription import Transcription

DRUMS = tuple(Drum(name) for name in ("KD", "SD", "HH", "TT", "CY"))
WINDOW_S = 0.05
FEWEST = 8
"""Hits that a clip needs for a drum to count."""
LEAST_SPREAD = 4.0
"""Standard deviation of the true velocities that a clip needs for a drum to count."""


def held_out(folder: Path, count: int) -> Iterator[tuple[Clip, bool]]:
    """Yield clips of the validation split, and whether to mix in the accompaniment.

    Half of them have it: as many without are taken as there are with one.
    """
    clips = [load_clip(path) for path in find_clips(folder)]
    clips = [clip for clip in clips if clip.split == "validation"]
    with_it = [clip for clip in clips if clip.accompaniment is not None]
    without = [clip for clip in clips if clip.accompaniment is None]
    # If there are too few drum tracks, those of some songs are taken alone.
    without += with_it[count // 2 :]
    for clip in with_it[: count // 2]:
        yield clip, True
    for clip in without[: count // 2]:
        yield clip, False


def samples(clip: Clip, accompanied: bool) -> NDArray[np.float32]:
    """Return mono samples, with the accompaniment as loud as the drums."""
    drums = cut(clip.drums, 0, len(clip.drums))
    if not accompanied or clip.accompaniment is None:
        return drums
    others = cut(clip.accompaniment, 0, len(clip.drums))
    loud = [float(np.sqrt(np.mean(part**2))) or 1.0 for part in (drums, others)]
    mixed: NDArray[np.float32] = drums + others * np.float32(loud[0] / loud[1])
    return mixed


def pairs(
    clip: Clip, found: Transcription, drum: Drum
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return true and estimated velocities of the hits of a drum that were found."""
    from mir_eval.util import match_events

    true = [(t, v) for t, code, v in clip.onsets if Drum(code).coarse is drum]
    estimated = [(o.time, o.velocity) for o in found if o.drum.coarse is drum]
    a, b = np.array(sorted(true)).reshape(-1, 2), np.array(estimated).reshape(-1, 2)
    matched = match_events(a[:, 0], b[:, 0], WINDOW_S)
    return a[[i for i, _ in matched], 1], b[[j for _, j in matched], 1]


def correlation(true: NDArray[np.float64], found: NDArray[np.float64]) -> float | None:
    """Return Pearson's r; None if there are too few hits."""
    if len(true) < FEWEST or true.std() < LEAST_SPREAD:
        return None
    # Constant velocities follow nothing.
    return float(np.corrcoef(true, found)[0, 1]) if found.std() else 0.0


def in_the_drums(
    found: Transcription, sound: NDArray[np.float32], network: Network
) -> Transcription:
    """Measure velocities in the separated drums instead of the mix."""
    drums = separate(found, (sound, SAMPLE_RATE)).drums[:, 0]
    with AudioReader((drums, SAMPLE_RATE)) as reader:
        onsets = measured(reader, network.card, found.onsets)
    return replace(found, onsets=tuple(onsets))


def measure(
    folder: Path, model: str | None, count: int, *, stems: bool = False
) -> dict[str, Any]:
    """Measure the correlations of each drum: median, quartiles, clips and hits."""
    network = Network(find_model(model))
    rows: dict[Drum, list[tuple[str, float, int]]] = {drum: [] for drum in DRUMS}
    for clip, accompanied in held_out(folder, count):
        sound = samples(clip, accompanied)
        song = transcribe((sound, SAMPLE_RATE), model=network)
        if stems:
            song = in_the_drums(song, sound, network)
        kind = "song" if accompanied else "drums"
        for drum in DRUMS:
            true, estimated = pairs(clip, song, drum)
            r = correlation(true, estimated)
            if r is not None:
                rows[drum].append((kind, r, len(true)))
    report: dict[str, Any] = {}
    for drum, every in rows.items():
        for title, kinds in {
            "all": ("drums", "song"),
            "drums alone": ("drums",),
            "accompaniment at 0 dB": ("song",),
        }.items():
            some = [r for kind, r, _ in every if kind in kinds]
            report[f"{drum}, {title}"] = {
                "median": float(np.median(some)) if some else None,
                "quartiles": np.quantile(some, [0.25, 0.75]).tolist() if some else None,
                "clips": len(some),
                "hits": sum(n for kind, _, n in every if kind in kinds),
            }
    return report


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--clips", type=int, default=120, help="how many at most")
    parser.add_argument("--stems", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    report = measure(args.folder, args.model, args.clips, stems=args.stems)
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for title, row in report.items():
        if row["median"] is None:
            print(f"{title:28} too few")
            continue
        low, high = row["quartiles"]
        print(
            f"{title:28} r {row['median']:.3f} (half of the clips {low:.2f} to"
            f" {high:.2f}), {row['clips']} clips, {row['hits']} hits"
        )


if __name__ == "__main__":
    main()
