"""Compares with other programs, on the same recordings in the same run.

Each runs in a process of its own, on one thread, from the file to its hits. Measured
are F on a folder of recordings with references, processor time for a recording of five
minutes, peak memory, and the size of the installation. Programs that are not installed
are skipped, and named. They do different things: librosa finds onsets of any kind, and
basic-pitch notes, so only their times are compared, with hits of any drum.

A rival with an environment of its own is named with its Python, one that has no package
with the folder of its source::

    python benchmarks/rivals.py FOLDER --python DrumScript=/tmp/ds/bin/python \
        --source ADTOF-pytorch=/tmp/ADTOF-pytorch/src

``FOLDER`` holds ``NAME.txt`` and ``NAME.KIND.flac``, as for ``accuracy.py``. DrumScript
runs in an empty folder of its own: a run of it that fails removes the folder that it
runs in.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

Hits = list[tuple[float, str]]
"""Times in seconds, and drum codes; an empty code for a hit of an unknown drum."""

ANY = ""


def this_package(path: Path) -> Hits:
    from adt_plugins import transcribe

    return [(hit.time, str(hit.drum.coarse)) for hit in transcribe(path)]


def adtlib(path: Path) -> Hits:
    from adt_plugins import transcribe
    from adt_plugins.errors import ModelError

    try:
        return [(hit.time, str(hit.drum)) for hit in transcribe(path, model="adtlib")]
    except ModelError as error:
        raise ImportError(f"{error}: see adt import-adtlib --help") from error


# Notes of General MIDI that programs write for the five drums.
_NOTES = {35: "KD", 36: "KD", 38: "SD", 40: "SD", 42: "HH", 44: "HH", 46: "HH"}
_NOTES |= dict.fromkeys((41, 43, 45, 47, 48, 50), "TT")
_NOTES |= dict.fromkeys((49, 51, 52, 53, 55, 57, 59), "CY")


def _read_midi(path: Path) -> Hits:
    import pretty_midi

    parts = pretty_midi.PrettyMIDI(str(path)).instruments
    notes = [note for part in parts for note in part.notes]
    return [(n.start, _NOTES[n.pitch]) for n in notes if n.pitch in _NOTES]


def adtof(path: Path) -> Hits:
    import adtof_pytorch

    with tempfile.TemporaryDirectory() as name:
        midi = Path(name) / "found.mid"
        with contextlib.redirect_stdout(sys.stderr):
            adtof_pytorch.transcribe_to_midi(path, midi, device="cpu")
        return _read_midi(midi)


def drumscript(path: Path) -> Hits:
    import drumscript  # noqa: F401

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "of its own"
        folder.mkdir()
        copy = folder / path.name
        copy.write_bytes(path.read_bytes())
        options = ["--midi", "--no-split", str(copy)]
        subprocess.run(
            [sys.executable, "-m", "drumscript.main", *options],
            cwd=folder,
            check=True,
            stdout=sys.stderr,
        )
        return _read_midi(next(folder.rglob("*.mid")))


def madmom(path: Path) -> Hits:
    from adt_plugins.errors import MissingDependencyError
    from adt_plugins.rhythm.madmom_backend import import_madmom

    try:
        import_madmom()
    except MissingDependencyError as error:
        raise ImportError(str(error)) from error
    from madmom.features.onsets import OnsetPeakPickingProcessor, RNNOnsetProcessor

    picker = OnsetPeakPickingProcessor(fps=100)
    onsets = picker(RNNOnsetProcessor(num_threads=1)(str(path)))
    return [(float(onset), ANY) for onset in onsets]


def librosa(path: Path) -> Hits:
    import librosa as package

    samples, rate = package.load(str(path), sr=44100)
    onsets = package.onset.onset_detect(y=samples, sr=rate, units="time")
    return [(float(onset), ANY) for onset in onsets]


def basic_pitch(path: Path) -> Hits:
    from ai_edge_litert import interpreter

    # It imports LiteRT under its old name.
    sys.modules.setdefault("tflite_runtime", types.ModuleType("tflite_runtime"))
    sys.modules.setdefault("tflite_runtime.interpreter", interpreter)
    from basic_pitch import ICASSP_2022_MODEL_PATH
    from basic_pitch.inference import predict

    with contextlib.redirect_stdout(sys.stderr):
        _, _, notes = predict(str(path), ICASSP_2022_MODEL_PATH)
    return [(float(note[0]), ANY) for note in notes]


RIVALS: dict[str, tuple[str, Callable[[Path], Hits]]] = {
    "this package": ("adt_plugins", this_package),
    "ADTLib's networks": ("adt_plugins", adtlib),
    "ADTOF-pytorch": ("adtof_pytorch", adtof),
    "DrumScript": ("drumscript", drumscript),
    "madmom RNNOnsetProcessor": ("madmom", madmom),
    "librosa onset_detect": ("librosa", librosa),
    "basic-pitch (TFLite)": ("basic_pitch", basic_pitch),
}
NOT_TO_BE_HAD = {
    "Inverse Drum Machine": "it is in no package index",
}


def child(rival: str, paths: list[Path]) -> dict[str, Any]:
    """Return the hits of some recordings, and the cost of the last one."""
    module, work = RIVALS[rival]
    hits = []
    for path in paths:
        begin = os.times()
        hits.append(work(path))
        end = os.times()
    spent = sum(end[:4]) - sum(begin[:4])  # including its child processes
    memory = max(_own_peak_kb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return {
        "hits": hits,
        "cpu": spent,
        "memory_mb": memory / 1024,
        "size_mb": _size(module),
    }


def _own_peak_kb() -> int:
    # Not ru_maxrss, which a process inherits from its parent.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _size(module: str) -> float:
    """Return the size of everything that it imports, without Python itself."""
    import_module(module)
    folders = set()
    for loaded in list(sys.modules.values()):
        origin = getattr(loaded, "__file__", None)
        parts = Path(origin).parts if origin else ()
        for home in ("site-packages", "dist-packages"):
            if home in parts:
                at = parts.index(home)
                folders.add(Path(*parts[: at + 2]))
    folder = Path(str(sys.modules[module].__file__)).parent
    return sum(map(_bytes, {*folders, folder})) / 1e6


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def run_child(
    rival: str, paths: list[Path], pythons: dict[str, str], sources: dict[str, str]
) -> dict[str, Any] | str:
    """Return the result of a rival's process, or the reason why it does not run."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    places = [sources.get(rival, ""), str(Path(__file__).parent.parent)]
    path = os.pathsep.join(filter(None, places))
    command = [pythons.get(rival, sys.executable), __file__, "--child", rival]
    done = subprocess.run(
        [*command, *map(str, paths)],
        env={**os.environ, **single, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def scores(folder: Path, hits: list[Hits], paths: list[Path]) -> dict[str, float]:
    """Return F at 50 ms by kind of recording: of three drums, five, and any hit."""
    import mir_eval
    import numpy as np

    from adt_plugins import formats

    tells_drums = any(code != ANY for estimate in hits for _, code in estimate)
    sums: dict[str, list[int]] = {}
    for path, estimate in zip(paths, hits, strict=True):
        name, kind = path.stem.rsplit(".", 1)
        reference = [
            (hit.time, str(hit.drum.coarse))
            for hit in formats.read(folder / f"{name}.txt")
        ]
        pools = {"3": ("KD", "SD", "HH"), "5": ("KD", "SD", "HH", "TT", "CY")}
        groups = [(pool, {drum}) for pool, drums in pools.items() for drum in drums]
        for what, codes in (*(groups if tells_drums else ()), ("any", None)):
            ours, theirs = (
                sorted({t for t, code in those if codes is None or code in codes})
                for those in (estimate, reference)
            )
            pairs = mir_eval.util.match_events(np.array(theirs), np.array(ours), 0.05)
            count = sums.setdefault(f"{kind} {what}", [0, 0])
            count[0] += 2 * len(pairs)
            count[1] += len(ours) + len(theirs)
    return {what: two / max(1, both) for what, (two, both) in sorted(sums.items())}


def report(
    folder: Path, minutes: float, pythons: dict[str, str], sources: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Measure the rivals one after the other."""
    from folder import find_recordings
    from measurements import write_recordings

    paths = [path for path, _, _ in find_recordings(folder)]
    with tempfile.TemporaryDirectory() as name:
        long = write_recordings(Path(name), minutes)["wav"]
        for rival in RIVALS:
            answer = run_child(rival, [*paths, long], pythons, sources)
            if isinstance(answer, dict):
                answer["f"] = scores(folder, answer.pop("hits")[:-1], paths)
            yield rival, answer
    yield from NOT_TO_BE_HAD.items()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("paths", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--source", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        print(json.dumps(child(args.child, args.paths)))
        return 0
    pythons, sources = (
        dict(pair.split("=", 1) for pair in pairs)
        for pairs in (args.python, args.source)
    )
    rows: dict[str, Any] = {}
    for rival, row in report(args.paths[0], args.minutes, pythons, sources):
        rows[rival] = row
        if args.json:
            continue
        if isinstance(row, str):
            print(f"{rival}: left out: {row}", flush=True)
            continue
        print(
            f"{rival}: {row['cpu']:.1f} s for {args.minutes:g} minutes,"
            f" {row['memory_mb']:.0f} MB of memory, {row['size_mb']:.0f} MB installed",
            flush=True,
        )
        print("  " + ", ".join(f"{k} {v:.3f}" for k, v in row["f"].items()), flush=True)
    if args.json:
        print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
