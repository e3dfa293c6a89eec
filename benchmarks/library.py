"""Transcribes a library of mixed quality with one process and with two.

Every eighth recording is good music; the others are short, silent, cut off, text
under a false name, of 8 kHz, of eight channels, or empty.

Usage: ``python benchmarks/library.py [--files 200] [--seconds 20]``
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile
from measurements import GROOVE, RATE
from numpy.typing import NDArray

KINDS = ("good", "short", "silent", "cut", "text", "8 kHz", "8 channels", "empty")


def write_library(folder: Path, files: int, seconds: float) -> None:
    """Write this many recordings, the kinds in turn."""
    groove, _ = soundfile.read(GROOVE, dtype="float32")
    length = round(seconds * RATE)
    for number in range(files):
        kind = KINDS[number % len(KINDS)]
        start = 4410 * number % len(groove)
        music = np.resize(np.roll(groove, -start, axis=0), (length, groove.shape[1]))
        write_recording(folder / f"{number:03} {kind}.wav", kind, music)


def write_recording(path: Path, kind: str, music: NDArray[np.float32]) -> None:
    """Write one recording, or something with the name of one."""
    if kind in ("text", "empty"):
        path.write_text("nothing to hear\n" * 100 if kind == "text" else "")
        return
    rate = RATE
    if kind == "short":
        music = music[:4410]
    elif kind == "silent":
        music = np.zeros_like(music)
    elif kind == "8 kHz":
        rate, music = 8000, music[:: RATE // 8000]
    elif kind == "8 channels":
        music = np.tile(music, (1, 4))
    soundfile.write(path, music, rate, subtype="PCM_16")
    if kind == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def transcribe(library: Path, out: Path, processes: int) -> float:
    """Run ``adt batch``, and return the seconds it took."""
    command = [sys.executable, "-m", "adt_plugins", "batch", str(library)]
    options = ["-o", str(out), "-j", str(processes), "-q"]
    started = time.perf_counter()
    subprocess.run([*command, *options], stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def tally(manifest: Path) -> Counter[tuple[str, str]]:
    """Count kinds of recordings and their results."""
    counts: Counter[tuple[str, str]] = Counter()
    for text in manifest.read_text(encoding="ascii").splitlines():
        line = json.loads(text)
        kind = Path(line["input"]).stem.partition(" ")[2]
        result = line["status"] + (", warned" if line["warnings"] else "")
        counts[kind, f"{result}, {'hits' if line['onsets'] else 'no hits'}"] += 1
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        library = Path(name, "library")
        library.mkdir()
        write_library(library, args.files, args.seconds)
        one, two = (
            transcribe(library, Path(name, f"{count}"), count) for count in (1, 2)
        )
        manifests = [Path(name, count, "manifest.jsonl") for count in ("1", "2")]
        for (kind, result), count in sorted(tally(manifests[0]).items()):
            print(f"{kind:12} {result:24} {count:4d}")
        same = manifests[0].read_bytes() == manifests[1].read_bytes()
        print(f"manifests are {'the same' if same else 'DIFFERENT'}")
        print(f"one process {one:.1f} s, two {two:.1f} s: {one / two:.2f} times")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
