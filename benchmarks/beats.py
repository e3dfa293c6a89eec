"""Accuracy of beats and downbeats on a folder of recordings.

The folder holds ``NAME.beats`` (``seconds position`` a line; position 1 is a
downbeat) and ``NAME.KIND.flac`` or ``.wav`` for one or more kinds, e.g. ``drums``
and ``mix``::

    python benchmarks/beats.py FOLDER --model drums --madmom

``--clips CLIPS`` uses the held-out performances of human drummers among the
clips of ``adt train render``: the first 30 in 4/4, and all in 3/4 and 6/8. Drums and
accompaniment, where there is one, are equally loud.

F with a tolerance of 70 ms; nothing is trimmed. ``--madmom`` puts madmom's own
network and tracker into the same table: its weights are for non-commercial use,
and this project neither ships nor needs them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from folder import find_recordings
from numpy.typing import NDArray

from adt_plugins.annotations import Beat
from adt_plugins.audio import SAMPLE_RATE, open_audio
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import listen
from adt_plugins.rhythm.beats import find_beats
from adt_plugins.rhythm.chord_changes import Harmony

METERS = {"4/4": 30, "3/4": 1000, "6/8": 1000}


class Recording(NamedTuple):
    """A recording, the row of the table that it counts for, and its beats (n, 2)."""

    name: str
    kind: str
    samples: NDArray[np.float32]
    rate: int
    beats: NDArray[np.float64]


Tracker = Callable[[Recording], tuple[Beat, ...]]


def recordings(folder: Path) -> Iterator[Recording]:
    """Find the recordings of a folder with tables of beats."""
    import soundfile

    for path, name, kind in find_recordings(folder):
        table = path.with_name(f"{name}.beats")
        if table.exists():
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            beats = np.loadtxt(table, ndmin=2)
            yield Recording(path.stem, kind, samples.mean(axis=1), rate, beats)


def clips(folder: Path) -> Iterator[Recording]:
    """Find held-out clips of human drummers."""
    left = dict(METERS)
    for labels in sorted(folder.glob("[0-9]*.json")):
        data = json.loads(labels.read_text(encoding="utf-8"))
        meter = data["meter"]
        if data["split"] != "validation" or data["drummer"] == "midi":
            continue
        if not left.get(meter) or not data["beats"]:
            continue
        left[meter] -= 1
        samples = _loudness_1(
            np.load(labels.with_suffix(".drums.npy"), allow_pickle=False)
        )
        accompaniment = labels.with_suffix(".accomp.npy")
        if accompaniment.exists():
            samples = samples + _loudness_1(np.load(accompaniment, allow_pickle=False))
        samples *= 0.5 / np.abs(samples).max()
        beats = np.array(data["beats"], np.float64)
        yield Recording(labels.stem, meter, samples, SAMPLE_RATE, beats)


def _loudness_1(stem: NDArray[np.int16]) -> NDArray[np.float32]:
    samples = stem.astype(np.float32)
    scaled: NDArray[np.float32] = samples / np.sqrt(np.mean(samples**2) + 1)
    return scaled


def f_measure(true: NDArray[np.float64], estimated: NDArray[np.float64]) -> float:
    """Return F of beat times in seconds; 0 if there are none."""
    import mir_eval

    if not len(true) or not len(estimated):
        return 0.0
    return float(mir_eval.beat.f_measure(true, estimated))


def scores(
    reference: NDArray[np.float64], found: tuple[Beat, ...]
) -> tuple[float, float]:
    """Return F of beats and of downbeats."""
    beats = np.array([beat.time for beat in found])
    downbeats = np.array([beat.time for beat in found if beat.position == 1])
    return (
        f_measure(reference[:, 0], beats),
        f_measure(reference[reference[:, 1] == 1, 0], downbeats),
    )


def our_tracker(network: Network, seconds: list[float]) -> Tracker:
    """Return our network and decoder, which append their times to `seconds`."""

    def track(recording: Recording) -> tuple[Beat, ...]:
        start = time.perf_counter()
        harmony = Harmony(network.card.front_end)
        with open_audio((recording.samples, recording.rate)) as reader:
            result = listen(reader, network, taps=[harmony.add]).activations
        middle = time.perf_counter()
        beats = find_beats(result, changes=harmony.changes())
        seconds[0] += middle - start
        seconds[1] += time.perf_counter() - middle
        return beats

    return track


def madmom_tracker() -> Tracker:
    """Return the network and decoder of madmom."""
    from adt_plugins.rhythm.madmom_backend import import_madmom

    madmom: Any = import_madmom()
    network = madmom.features.downbeats.RNNDownBeatProcessor()
    decoder = madmom.features.downbeats.DBNDownBeatTrackingProcessor([3, 4], fps=100)

    def track(recording: Recording) -> tuple[Beat, ...]:
        scaled = np.round(recording.samples * 32767).astype(np.int16)
        signal = madmom.audio.signal.Signal(scaled, sample_rate=recording.rate)
        return tuple(Beat(t, int(n)) for t, n in decoder(network(signal)))

    return track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--clips", type=Path, help="clips of adt train render")
    parser.add_argument("--model", help="model to use")
    parser.add_argument("--madmom", action="store_true", help="madmom's own beside it")
    args = parser.parse_args()
    given: list[Iterator[Recording]] = []
    if args.folder is not None:
        given.append(recordings(args.folder))
    if args.clips is not None:
        given.append(clips(args.clips))
    seconds = [0.0, 0.0]
    trackers = {"ours": our_tracker(Network(find_model(args.model)), seconds)}
    if args.madmom:
        trackers["madmom"] = madmom_tracker()
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    print("recording                who     beats  downbeats")
    for recording in chain(*given):
        for who, track in trackers.items():
            row = scores(recording.beats, track(recording))
            rows.setdefault((recording.kind, who), []).append(row)
            print(f"{recording.name:24} {who:7} {row[0]:.3f}  {row[1]:.3f}", flush=True)
    for (kind, who), table in rows.items():
        mean = np.mean(table, axis=0)
        name = f"mean of {len(table)}, {kind}"
        print(f"{name:24} {who:7} {mean[0]:.3f}  {mean[1]:.3f}")
    print(f"front end and network {seconds[0]:.1f} s, beats {seconds[1]:.1f} s")


if __name__ == "__main__":
    main()
