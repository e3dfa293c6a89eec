"""Time what a user might pick instead, on the same recording in the same run.

Each is measured from the file to its onsets or notes, in processor time on one
thread: this package; ADTLib's three networks in our runtime (after ``adt
import-adtlib``); madmom's ``RNNOnsetProcessor`` with its peak picking; librosa's
onset detection; basic-pitch's TFLite model. What is not installed is left out, and
named. They do not do the same: only the first two tell drums apart, madmom and
librosa find onsets of anything, basic-pitch finds notes.

Usage: ``python benchmarks/rivals.py [--minutes 1] [--json]``
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any


def this_package(path: Path) -> int:
    from adt_plugins import transcribe

    return len(transcribe(path))


def adtlib(path: Path) -> int:
    from adt_plugins import transcribe
    from adt_plugins.errors import ModelError

    try:
        return len(transcribe(path, model="adtlib"))
    except ModelError as error:
        raise ImportError(f"{error}: see adt import-adtlib --help") from error


def madmom(path: Path) -> int:
    from adt_plugins.errors import MissingDependencyError
    from adt_plugins.rhythm.madmom_backend import import_madmom

    try:
        import_madmom()
    except MissingDependencyError as error:
        raise ImportError(str(error)) from error
    from madmom.features.onsets import OnsetPeakPickingProcessor, RNNOnsetProcessor

    picker = OnsetPeakPickingProcessor(fps=100)
    return len(picker(RNNOnsetProcessor(num_threads=1)(str(path))))


def librosa(path: Path) -> int:
    import librosa as package

    samples, rate = package.load(str(path), sr=44100)
    return len(package.onset.onset_detect(y=samples, sr=rate, units="time"))


def basic_pitch(path: Path) -> int:
    from ai_edge_litert import interpreter

    # It looks for LiteRT under its old name.
    sys.modules.setdefault("tflite_runtime", types.ModuleType("tflite_runtime"))
    sys.modules.setdefault("tflite_runtime.interpreter", interpreter)
    from basic_pitch import ICASSP_2022_MODEL_PATH
    from basic_pitch.inference import predict

    with contextlib.redirect_stdout(sys.stderr):
        _, _, notes = predict(str(path), ICASSP_2022_MODEL_PATH)
    return len(notes)


RIVALS: dict[str, Callable[[Path], int]] = {
    "this package": this_package,
    "ADTLib's networks": adtlib,
    "madmom RNNOnsetProcessor": madmom,
    "librosa onset_detect": librosa,
    "basic-pitch (TFLite)": basic_pitch,
}


def run(minutes: float, repeats: int) -> dict[str, Any]:
    """Measure all; the result is ready for JSON."""
    from measurements import measure, write_recordings

    report: dict[str, Any] = {"minutes": minutes, "rivals": {}, "left_out": {}}
    with tempfile.TemporaryDirectory() as name:
        path = write_recordings(Path(name), minutes)["wav"]
        for rival, work in RIVALS.items():
            try:
                work(path)  # imports, and what is compiled at first
            except (ImportError, NameError) as error:  # basic-pitch: no runtime
                report["left_out"][rival] = " ".join(str(error).split())
                continue
            cost, count = measure(lambda work=work: work(path), repeats)  # type: ignore[misc]
            report["rivals"][rival] = {**cost._asdict(), "found": count}
    own = report["rivals"]["this package"]["cpu"]
    for row in report["rivals"].values():
        row["ratio"] = row["cpu"] / own
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    report = run(args.minutes, args.repeats)
    if args.json:
        print(json.dumps(report, indent=1))
        return 0
    print(f"{args.minutes:g} minutes of stereo WAV     processor  of ours  found")
    for rival, row in report["rivals"].items():
        print(f"  {rival:26} {row['cpu']:8.2f} s {row['ratio']:7.1f} {row['found']:6d}")
    for rival, reason in report["left_out"].items():
        print(f"  {rival:26} left out: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
