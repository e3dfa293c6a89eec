"""Time another checkout of this package beside this one, run by run.

Each run is a process that transcribes a recording and writes its MIDI track. The two
checkouts take turns, so that what else the machine does disturbs both alike; the
medians of their processor times are compared, and for two threads the clock. The limit
is that of `bench.py`. librosa's onset detection is timed on the same recordings, if it
is installed. How long the search for beats takes depends on the music: `--song` is
played over and over instead of the example.

A batch, and a start with a file of five seconds, are measured with their processes, as
installed: with compiled modules. Each is run by default, with and without beats, since
a checkout may find beats by default and the other not.

Usage: ``python benchmarks/against.py OTHER_CHECKOUT [--minutes 5] [--repeats 7]
[--song FILE] [--batch 500] [--json]``
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent

# A first run loads and compiles; the second is measured.
_RUN = """
import json, sys, time
from pathlib import Path
path, beats, threads = Path(sys.argv[1]), sys.argv[2] == "1", sys.argv[3]
from adt_plugins import formats, transcribe
options = {"beats": beats}
if threads != "-":
    options["threads"] = int(threads)
for _ in range(2):
    wall, cpu = time.perf_counter(), time.process_time()
    song = transcribe(path, **options)
    formats.write(song, path.with_suffix(".mid"), "midi", overwrite=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = 0
if sys.platform == "linux":
    status = open("/proc/self/status").read()
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
print(json.dumps({"cpu": cpu, "wall": wall, "mb": peak / 1e6, "hits": len(song)}))
"""

_LIBROSA = """
import json, sys, time
import librosa
for _ in range(2):
    cpu = time.process_time()
    samples, rate = librosa.load(sys.argv[1], sr=44100)
    librosa.onset.onset_detect(y=samples, sr=rate, units="time")
    cpu = time.process_time() - cpu
print(json.dumps({"cpu": cpu}))
"""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PLACES = {"PYTHONDONTWRITEBYTECODE": ""}
"""Where modules are compiled, as installed ones are, and the user's folder."""


def environment(tree: Path) -> dict[str, str]:
    one = dict.fromkeys(ONE_THREAD, "1")
    return {**os.environ, **one, **PLACES, "PYTHONPATH": str(tree)}


def run(code: str, tree: Path, *arguments: object) -> dict[str, float]:
    """Run a program with the package of a checkout; what it prints is the result."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    # There, since Python looks in the current folder before it looks in PYTHONPATH.
    done = subprocess.run(
        command,
        cwd=tree,
        env=environment(tree),
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure, and the least clock time."""
    figures = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    if "wall" in figures:
        figures["least wall"] = min(row["wall"] for row in rows)
    return figures


def measure_songs(other: Path, path: Path, repeats: int) -> dict[str, Any]:
    """Measure old, new, and new on two threads, with and without beats."""
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(repeats):
        for beats in (0, 1):
            name = "with beats" if beats else "without"
            for title, tree, threads in (
                ("old", other, "-"),
                ("new", HERE, 1),
                ("new, two threads", HERE, 2),
            ):
                figures = run(_RUN, tree, path, beats, threads)
                rows.setdefault(f"{title} {name}", []).append(figures)
        try:
            rows.setdefault("librosa", []).append(run(_LIBROSA, HERE, path))
        except subprocess.CalledProcessError:
            rows.pop("librosa")
    return {name: medians(figures) for name, figures in rows.items()}


def measure_commands(
    other: Path, folder: Path, path: Path, count: int, repeats: int
) -> dict[str, dict[str, float]]:
    """Measure ``adt --version``, ``transcribe`` of 5 s and ``batch`` of copies of 10 s.

    Processor seconds of all processes, by command and checkout.
    """
    import soundfile

    samples, rate = soundfile.read(path, frames=10 * 44100, dtype="int16")
    music, short = folder / "music", folder / "short.wav"
    music.mkdir()
    soundfile.write(short, samples[: 5 * rate], rate, subtype="PCM_16")
    first = music / "0000.wav"
    soundfile.write(first, samples, rate, subtype="PCM_16")
    for number in range(1, count):
        shutil.copy(first, music / f"{number:04d}.wav")
    batch = ("batch", str(music), "-j", "1", "-q")
    start = ("transcribe", str(short), "-q")
    commands = {"version": ("--version",)}
    for beats in ((), ("--beats",), ("--no-beats",)):
        commands[" ".join(("start", *beats))] = (*start, *beats)
        commands[" ".join(("batch", *beats))] = (*batch, *beats)
    return {
        name: _measure_command(other, folder, command, repeats)
        for name, command in commands.items()
    }


def _measure_command(
    other: Path, folder: Path, command: Sequence[str], repeats: int
) -> dict[str, float]:
    rows: dict[str, list[float]] = {"old": [], "new": []}
    for _ in range(repeats + 1):
        for title, tree in (("old", other), ("new", HERE)):
            out = folder / "out"
            writes = () if command == ("--version",) else ("-o", str(out))
            before = _children()
            subprocess.run(
                [sys.executable, "-m", "adt_plugins", *command, *writes],
                cwd=tree,
                env=environment(tree),
                check=True,
                capture_output=True,
            )
            rows[title].append(_children() - before)
            shutil.rmtree(out, ignore_errors=True)
    # The first run compiles.
    return {title: statistics.median(seconds[1:]) for title, seconds in rows.items()}


def _children() -> float:
    """Return the processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="checkout to compare with")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--song", type=Path, help="a recording at 44.1 kHz")
    parser.add_argument("--kinds", default="wav,flac,mp3")
    parser.add_argument("--batch", type=int, default=100, help="files of ten seconds")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    for name in ONE_THREAD:
        os.environ[name] = "1"
    sys.path.insert(0, str(HERE))
    from measurements import GROOVE, measure_limit, write_recordings

    from adt_plugins.network.catalogue import find_model

    card = find_model()
    frames = round(args.minutes * 60 * card.front_end.frame_rate)
    report: dict[str, Any] = {"load": os.getloadavg(), "recordings": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        PLACES["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        PLACES["ADT_PLUGINS_HOME"] = str(folder / "home")
        paths = write_recordings(folder, args.minutes, args.song or GROOVE)
        for kind in filter(None, args.kinds.split(",")):
            limit = measure_limit(paths[kind], card, frames, args.repeats)
            songs = measure_songs(args.other.resolve(), paths[kind], args.repeats)
            total = sum(cost.cpu for cost in limit.values())
            report["recordings"][kind] = {"limit": total, **songs}
        if args.batch:
            report["commands"] = measure_commands(
                args.other.resolve(), folder, paths["wav"], args.batch, args.repeats
            )
    report["load after"] = os.getloadavg()
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 0


def table(report: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = [f"load {report['load'][0]:.1f} to {report['load after'][0]:.1f}"]
    for kind, songs in report["recordings"].items():
        lines.append(
            f"\n{kind.upper():28} processor  of limit  of old  clock  least  MB"
        )
        limit = songs["limit"]
        lines.append(f"  {'limit':26} {limit:8.3f} s {1:8.2f}")
        for name, row in songs.items():
            if name == "limit":
                continue
            old = songs["old without" if "without" in name else "old with beats"]["cpu"]
            line = f"  {name:26} {row['cpu']:8.3f} s {row['cpu'] / limit:8.2f}"
            line += f" {row['cpu'] / old:7.2f}"
            if "wall" in row:
                line += f" {row['wall']:7.2f} {row['least wall']:6.2f} {row['mb']:4.0f}"
            lines.append(line)
    lines.append("")
    for name, row in report.get("commands", {}).items():
        lines.append(
            f"{name:20} {row['old']:8.3f} s before, {row['new']:8.3f} s now:"
            f" {row['old'] / row['new']:.2f} times faster"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
