"""Finer drums on a folder of recordings: reported kinds, and their precision.

The folder holds ``NAME.subclass.txt`` (``seconds<TAB>code``, or else ``NAME.txt``) and
``NAME.KIND.flac`` or ``.wav`` for one or more kinds, e.g. ``drums`` and ``mix``::

    python benchmarks/finer.py FOLDER
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from folder import find_recordings, options
from mir_eval.util import match_events

from adt_plugins import formats
from adt_plugins.drums import Drum
from adt_plugins.evaluation import evaluate
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import transcribe
from adt_plugins.transcription import Transcription

WINDOW_S = 0.05
FAMILIES = (Drum.HH, Drum.CY, Drum.TT, Drum.OT)
Pair = tuple[Transcription, Transcription]


def find_pairs(folder: Path, network: Network) -> Iterator[tuple[str, Pair]]:
    """Yield the kind of each recording, with its truth and its transcription."""
    for path, name, kind in find_recordings(folder):
        truth = folder / f"{name}.subclass.txt"
        if not truth.exists():
            truth = folder / f"{name}.txt"
        estimate = transcribe(path, model=network, fine=True, keep_activations=False)
        yield kind, (formats.read(truth), estimate)


def reported_of(pairs: list[Pair], family: Drum) -> list[tuple[Drum, Drum]]:
    """Return the true and the reported drum of hits whose coarse drum is right."""
    both: list[tuple[Drum, Drum]] = []
    for pair in pairs:
        true, estimated = (t.only([family]).onsets for t in pair)
        times = [np.array([onset.time for onset in some]) for some in (true, estimated)]
        both += [
            (true[i].drum, estimated[j].drum)
            for i, j in match_events(times[0], times[1], WINDOW_S)
        ]
    return both


def scores(pairs: list[Pair]) -> dict[str, dict[str, float | None]]:
    """Return the scores of each finer drum that occurs or is reported."""
    references, estimates = zip(*pairs, strict=True)
    result = evaluate(references, estimates, fine=True, drums=list(FAMILIES))
    rows: dict[str, dict[str, float | None]] = {}
    for family in FAMILIES:
        both = reported_of(pairs, family)
        for drum in [d for d in Drum if d.coarse is family and d is not family]:
            true = sum(1 for t, _ in both if t is drum)
            reported = sum(1 for _, s in both if s is drum)
            right = sum(1 for t, s in both if t is s is drum)
            try:
                score = result.score(drum, WINDOW_S)
            except KeyError:
                continue
            rows[str(drum)] = {
                "hits": score.matched + score.missed,
                "precision": score.precision,
                "recall": score.recall,
                "coarse right": true,
                "precision there": right / reported if reported else None,
                "recall there": right / true if true else None,
            }
    return rows


def main() -> None:
    """Print the table, or JSON."""
    args = options(__doc__)
    pairs: dict[str, list[Pair]] = {}
    for kind, pair in find_pairs(args.folder, Network(find_model(args.model))):
        pairs.setdefault(kind, []).append(pair)
    report: dict[str, Any] = {kind: scores(some) for kind, some in pairs.items()}
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for kind, rows in report.items():
        print(kind)
        for name, row in rows.items():
            print(f"  {name:4}", "  ".join(f"{k} {_text(v)}" for k, v in row.items()))


def _text(value: float | None) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else str(value)


if __name__ == "__main__":
    main()
