"""Accuracy of models on a folder of recordings, and its steadiness.

The folder holds ``NAME.txt`` (``seconds<TAB>code``) and ``NAME.KIND.flac`` or
``.wav`` for one or more kinds, e.g. ``drums`` and ``mix``::

    python benchmarks/accuracy.py FOLDER --models drums,adtlib,adtlib-released

Besides F with the model's own thresholds, which come from renders, the table has F with
those that fit the other recordings of the folder best: the difference is the price of
the choice of thresholds. For the first model it also measures what must not matter: the
level of the recording, where the chunks of the network begin, and (with ``--float32
CARD``) the quantisation of its weights.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from folder import find_recordings
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.activations import Activations
from adt_plugins.audio import SAMPLE_RATE, load_audio
from adt_plugins.evaluation import evaluate
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.onsets import pick_onsets
from adt_plugins.picking.song_gate import decide
from adt_plugins.pipeline import transcribe
from adt_plugins.transcription import Transcription

GAINS_DB = (-30, -20, -10, 6)
GRIDS = 8  # offsets of the first chunk
SAME_S = 0.011  # picks at most one frame apart are the same pick
THRESHOLDS = np.arange(0.05, 0.8, 0.025)
POOLS = {"3 drums": ("KD", "SD", "HH"), "5 drums": ("KD", "SD", "HH", "TT", "CY")}


@dataclass(frozen=True)
class Track:
    """A recording and its reference."""

    kind: str
    samples: NDArray[np.float32]
    reference: Transcription


def find_tracks(folder: Path) -> Iterator[Track]:
    """Find the recordings of a folder, with their references."""
    for path, name, kind in find_recordings(folder):
        reference = formats.read(folder / f"{name}.txt")
        yield Track(kind, load_audio(path), reference)


def scores(tracks: list[Track], found: list[Transcription]) -> dict[str, Any]:
    """Return F of several transcriptions."""
    table = {}
    for title, drums in POOLS.items():
        result = evaluate([t.reference for t in tracks], found, drums)
        for window in (0.05, 0.02):
            score = result.score("all", window)
            table[f"{title}, {window * 1000:.0f} ms"] = {
                "f": score.f,
                "interval": score.interval,
                "other ignored": result.score("all", window, lenient=True).f,
            }
        for drum in drums:
            table[drum] = {"f": result.score(drum, 0.05).f}
    return table


def listen(track: Track, network: Network, shift: int = 0) -> Activations:
    """Return activations, with chunks that begin `shift` frames before the file."""
    card = network.card
    frames = spectrogram(track.samples, card.front_end, card.level)
    silence = np.zeros((shift, frames.shape[1]), np.float32)
    values = network.activations(np.concatenate((silence, frames)))[shift:]
    return Activations(values, card.outputs, card.front_end.frame_rate)


def hear(track: Track, network: Network, shift: int = 0) -> Transcription:
    """Transcribe with chunks that begin `shift` frames before the recording."""
    card, activations = network.card, listen(track, network, shift)
    raised = decide(activations, card).raised
    return Transcription(pick_onsets(activations, card, thresholds=raised))


def left_out(tracks: list[Track], network: Network) -> list[Transcription]:
    """Transcribe each recording with the thresholds that fit the others best."""
    card = network.card
    every = [listen(track, network) for track in tracks]
    drums = [drum for drum in POOLS["5 drums"] if drum in card.drums]
    counts = np.zeros((len(drums), len(tracks), len(THRESHOLDS), 3))
    for n, row in np.ndindex(len(tracks), len(THRESHOLDS)):
        thresholds = dict.fromkeys(drums, float(THRESHOLDS[row]))
        estimate = Transcription(pick_onsets(every[n], card, thresholds=thresholds))
        result = evaluate(tracks[n].reference, estimate, drums, windows=(0.05,))
        for k, drum in enumerate(drums):
            score = result.score(drum, 0.05)
            counts[k, n, row] = score.matched, score.false, score.missed
    transcriptions = []
    for n, activations in enumerate(every):
        others = np.delete(counts, n, axis=1).sum(axis=1)
        f = 2 * others[..., 0] / np.maximum(others @ [2.0, 1.0, 1.0], 1)
        # Of equal thresholds the highest, which lets the fewest other sounds in.
        rows = len(THRESHOLDS) - 1 - f[:, ::-1].argmax(axis=1)
        best = {d: float(THRESHOLDS[k]) for d, k in zip(drums, rows, strict=True)}
        onsets = pick_onsets(activations, card, thresholds=best)
        transcriptions.append(Transcription(onsets))
    return transcriptions


def different(first: Transcription, second: Transcription) -> int:
    """Count the onsets that only one of two transcriptions has."""
    count = 0
    for drum in first.counts() | second.counts():
        a, b = first.times(drum), second.times(drum)
        count += sum(1 for t in a if not np.any(np.abs(b - t) < SAME_S))
        count += sum(1 for t in b if not np.any(np.abs(a - t) < SAME_S))
    return count


def compare(
    tracks: list[Track],
    make: Callable[[Track], Transcription],
    base: list[Transcription],
) -> dict[str, Any]:
    """Compare transcriptions made in another way with the usual ones."""
    others = [make(track) for track in tracks]
    pairs = list(zip(base, others, strict=True))
    picks = sum(len(first) for first in base)
    references = [track.reference for track in tracks]
    f, before = (
        evaluate(references, some).score("all", 0.05).f for some in (others, base)
    )
    return {
        "picks changed": sum(different(*pair) for pair in pairs) / picks,
        "f": f,
        "f change": f - before if f is not None and before is not None else None,
    }


def steadiness(tracks: list[Track], model: str, float32: str | None) -> dict[str, Any]:
    """Measure the effects of level, chunk grid and quantisation on a model.

    Each hit is picked by itself, without other bars.
    """
    network = Network(find_model(model))
    base = [hear(track, network) for track in tracks]
    result: dict[str, Any] = {}
    for gain in GAINS_DB:
        factor = np.float32(10 ** (gain / 20))

        def louder(track: Track, factor: np.float32 = factor) -> Transcription:
            samples = (track.samples * factor, SAMPLE_RATE)
            return transcribe(
                samples, model=network, keep_activations=False, beats=False
            )

        result[f"level {gain:+d} dB"] = compare(tracks, louder, base)
    core = network.card.geometry.core
    for shift in range(core // GRIDS, core, core // GRIDS):

        def shifted(track: Track, shift: int = shift) -> Transcription:
            return hear(track, network, shift)

        result[f"chunks begin {shift} frames earlier"] = compare(tracks, shifted, base)
    if float32:
        exact = Network(find_model(float32))
        result["float32"] = compare(tracks, lambda track: hear(track, exact), base)
    return result


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", default="drums")
    parser.add_argument("--float32", metavar="CARD")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    tracks = list(find_tracks(args.folder))
    models = args.models.split(",")
    report: dict[str, Any] = {}
    for kind in sorted({track.kind for track in tracks}):
        some = [track for track in tracks if track.kind == kind]
        for model in models:
            network = Network(find_model(model))
            estimates = [
                transcribe((t.samples, SAMPLE_RATE), model=network) for t in some
            ]
            report[f"{kind}, {model}"] = scores(some, estimates)
            if len(some) > 1:
                estimates = left_out(some, network)
                title = f"{kind}, {model}, thresholds of the other recordings"
                report[title] = scores(some, estimates)
    report["steadiness"] = steadiness(tracks, models[0], args.float32)
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for title, rows in report.items():
        print(title)
        for name, row in rows.items():
            print(f"  {name:32}", "  ".join(f"{k} {_text(v)}" for k, v in row.items()))


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "–".join(_text(item) for item in value)
    return "—" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    main()
