"""Accuracy of beats and downbeats on a folder of recordings.

The folder holds ``NAME.beats`` (``seconds position`` a line; position 1 is a
downbeat) and ``NAME.KIND.flac`` or ``.wav`` for one or more kinds, e.g. ``drums``
and ``mix``::

    python benchmarks/beats.py FOLDER --model drums --madmom

F with a tolerance of 70 ms; nothing is trimmed. ``--madmom`` puts madmom's own
network and tracker into the same table: its weights are for non-commercial use,
and this project neither ships nor needs them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.beats import find_beats
from adt_plugins.network import Network, find_model
from adt_plugins.pipeline import transcribe
from adt_plugins.transcription import Beat

Tracker = Callable[[Path], tuple[Beat, ...]]


def references(folder: Path) -> Iterator[tuple[Path, NDArray[np.float64]]]:
    """Recordings with their beats, shape (beats, 2)."""
    for path in sorted((*folder.glob("*.*.flac"), *folder.glob("*.*.wav"))):
        table = path.with_name(path.name.split(".")[0] + ".beats")
        if table.exists():
            yield path, np.loadtxt(table, ndmin=2)


def f_measure(wanted: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """F of beat times in seconds; 0 if there are none."""
    import mir_eval

    if not len(wanted) or not len(found):
        return 0.0
    return float(mir_eval.beat.f_measure(wanted, found))


def scores(
    reference: NDArray[np.float64], found: tuple[Beat, ...]
) -> tuple[float, float]:
    """F of beats and of downbeats."""
    beats = np.array([beat.time for beat in found])
    downbeats = np.array([beat.time for beat in found if beat.position == 1])
    return (
        f_measure(reference[:, 0], beats),
        f_measure(reference[reference[:, 1] == 1, 0], downbeats),
    )


def our_tracker(network: Network, seconds: list[float]) -> Tracker:
    """Our network and decoder; appends the times of both to `seconds`."""

    def track(path: Path) -> tuple[Beat, ...]:
        start = time.perf_counter()
        heard = transcribe(path, model=network, beats=False).activations
        assert heard is not None
        middle = time.perf_counter()
        found = find_beats(heard)
        seconds[0] += middle - start
        seconds[1] += time.perf_counter() - middle
        return found

    return track


def madmom_tracker() -> Tracker:
    """The network and decoder of madmom."""
    from adt_plugins.madmom_compat import import_madmom

    madmom: Any = import_madmom()
    network = madmom.features.downbeats.RNNDownBeatProcessor()
    decoder = madmom.features.downbeats.DBNDownBeatTrackingProcessor([3, 4], fps=100)

    def track(path: Path) -> tuple[Beat, ...]:
        import soundfile

        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
        signal = madmom.audio.signal.Signal(samples, sample_rate=rate, num_channels=1)
        return tuple(Beat(t, int(n)) for t, n in decoder(network(signal)))

    return track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", help="model to use")
    parser.add_argument("--madmom", action="store_true", help="madmom's own beside it")
    args = parser.parse_args()
    seconds = [0.0, 0.0]
    trackers = {"ours": our_tracker(Network(find_model(args.model)), seconds)}
    if args.madmom:
        trackers["madmom"] = madmom_tracker()
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    print("recording                who     beats  downbeats")
    for path, reference in references(args.folder):
        for who, track in trackers.items():
            row = scores(reference, track(path))
            rows.setdefault((path.stem.rsplit(".", 1)[-1], who), []).append(row)
            print(f"{path.stem:24} {who:7} {row[0]:.3f}  {row[1]:.3f}")
    for (kind, who), table in rows.items():
        mean = np.mean(table, axis=0)
        print(f"{'mean of ' + kind:24} {who:7} {mean[0]:.3f}  {mean[1]:.3f}")
    print(f"front end and network {seconds[0]:.1f} s, beats {seconds[1]:.1f} s")


if __name__ == "__main__":
    main()
