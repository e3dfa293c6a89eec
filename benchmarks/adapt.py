"""Measures what correcting the first third of each recording does for the rest.

The folder holds ``NAME.txt`` (``seconds<TAB>code``) and ``NAME.KIND.flac`` or ``.wav``
for one or more kinds, e.g. ``drums`` and ``mix``::

    python benchmarks/adapt.py FOLDER

Each recording is transcribed, its first third is corrected to the truth and learnt from
(`adt_plugins.picking.kit_adaptation`), and it is transcribed again. F of five drums
within 50 ms, strict, and the number of hits are those of the other two thirds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from folder import find_recordings, options

from adt_plugins import formats
from adt_plugins.evaluation import evaluate
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.kit_adaptation import learn
from adt_plugins.pipeline import transcribe
from adt_plugins.transcription import Transcription

DRUMS = ("KD", "SD", "HH", "TT", "CY")
WINDOW_S = 0.05


def rest_of(path: Path, name: str, network: Network) -> list[Transcription]:
    """Return two thirds of a recording: the truth, and hits before and after."""
    truth = formats.read(path.with_name(f"{name}.txt"))
    before = transcribe(path, model=network)
    assert before.activations is not None
    third = len(before.activations.values) / before.activations.frame_rate / 3
    learnt = learn(before.activations, truth, network.card, end=third)
    after = transcribe(path, model=network, adaptation=learnt, keep_activations=False)
    return [song.between(third) for song in (truth, before, after)]


def scores(
    truths: list[Transcription], estimates: list[Transcription]
) -> dict[str, Any]:
    """Return F, and the numbers of hits."""
    score = evaluate(truths, estimates, DRUMS).score("all", WINDOW_S)
    return {"f": score.f, "hits": score.matched}


def main() -> None:
    """Print the table, or JSON."""
    args = options(__doc__)
    network = Network(find_model(args.model))
    rests = {
        path.stem: rest_of(path, name, network)
        for path, name, _ in find_recordings(args.folder)
    }
    report = {}
    for name, some in {
        **{k: [v] for k, v in rests.items()},
        "all": [*rests.values()],
    }.items():
        truths, *both = map(list, zip(*some, strict=True))
        before, after = (scores(truths, estimates) for estimates in both)
        report[name] = {"before": before, "after": after}
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for name, row in report.items():
        text = " -> ".join(
            f"F {row[when]['f']:.3f}, {row[when]['hits']} hits"
            for when in ("before", "after")
        )
        print(f"{name:20} {text}")


if __name__ == "__main__":
    main()
