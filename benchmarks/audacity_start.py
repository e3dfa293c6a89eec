"""Time what we add to Audacity: writing labels, and opening a recording.

Needs Audacity 3 with mod-script-pipe, Xvfb, openbox and xdotool (Debian's
packages), a copy of the repository with its tests, and no other Audacity. All
times are those of the fastest of some runs, which take turns.

Usage: ``python benchmarks/audacity_start.py [--json] [--check] [--repeats 3]``
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription

ROOT = Path(__file__).resolve().parent.parent
if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

MOST_WRITING = 0.2
"""Most time for writing, relative to Audacity's time for opening what is written."""
MOST_ADDED = 0.25
"""Most additional time, relative to Audacity's start with a recording."""

LABELS = 10_000
DRUMS = ("KD", "SD", "CHH", "OHH", "PHH", "RDC", "CRC", "HIT", "LFT")
MINUTES, RATE = 5, 8000
WRITES = 5  # for each opening: writing is shorter, and thus more easily disturbed
PATIENCE_S = 120.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON, no table")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 beyond the bounds"
    )
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    report = measure(args.repeats)
    passed = report["writing/opening"] < MOST_WRITING
    passed = passed and report["added/start"] <= MOST_ADDED
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)
        print("Within" if passed else "BEYOND", f"{MOST_WRITING} and {MOST_ADDED}")
    return int(args.check and not passed)


def print_table(report: dict[str, float]) -> None:
    print(f"{LABELS} labels on {len(DRUMS)} tracks")
    print(f"  written by us            {report['writing']:8.3f} s")
    print(f"  opened by Audacity       {report['opening']:8.3f} s")
    print(f"  written / opened         {report['writing/opening']:8.3f}")
    print("examples/groove.flac")
    print(f"  Audacity's own start     {report['start']:8.3f} s")
    print(f"  adt transcribe           {report['transcribing']:8.3f} s")
    print(f"  adt audacity open        {report['open']:8.3f} s")
    print(f"  what it adds / own start {report['added/start']:8.3f}")


def measure(repeats: int) -> dict[str, float]:
    """Measure the seconds of each part, and the two ratios that have bounds."""
    from tests.support.audacity.program import Audacity, make_profile, only_one
    from tests.support.screen import Screen

    with tempfile.TemporaryDirectory() as name, only_one():
        folder = Path(name)
        screen = Screen(folder / "screen")
        try:
            make_profile(folder / "home", screen)
            audacity = Audacity(folder / "home", screen)
            report = labels(audacity, folder, repeats)
            report |= starts(audacity, folder, repeats)
        finally:
            screen.close()
    return report


def labels(audacity: Audacity, folder: Path, repeats: int) -> dict[str, float]:
    """Write many labels, and let Audacity open them."""
    rng = random.Random(2)
    drums = [Drum(code) for code in DRUMS]
    times = (rng.uniform(0, 60 * MINUTES) for _ in range(LABELS))
    hits = (Onset(time, drums[i % len(drums)]) for i, time in enumerate(times))
    song = Transcription(tuple(hits))
    recording = folder / "labels.wav"  # a link, so that it costs neither much
    soundfile.write(recording, np.zeros(60 * MINUTES * RATE, np.int16), RATE)
    project = folder / "labels.drums.aup"
    writing, opening = [], []
    with stopping(audacity):
        audacity.start()
        for _ in range(repeats):
            for _ in range(WRITES):
                begin = time.perf_counter()
                formats.write(song, project, audio=recording, overwrite=True)
                writing.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            audacity.command(f'Import2: Filename="{project}"', PATIENCE_S)
            opening.append(time.perf_counter() - begin)
            audacity.tracks(1 + len(DRUMS))
            audacity.command("SelectTracks: Track=0 TrackCount=100 Mode=Set")
            audacity.command("RemoveTracks:")
    return {
        "writing": min(writing),
        "opening": min(opening),
        "writing/opening": min(writing) / min(opening),
    }


def starts(audacity: Audacity, folder: Path, repeats: int) -> dict[str, float]:
    """Start Audacity with a recording, transcribe it, and do both in one."""
    recording = folder / "groove.flac"
    shutil.copy(ROOT / "examples" / "groove.flac", recording)
    program, pid = folder / "audacity", folder / "pid"
    # The name distinguishes the real window from one of another toolkit.
    program.write_text(
        f'#!/bin/sh\n# libwx_\necho $$ > "{pid}"\nexec audacity "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    start, transcribing, both = [], [], []
    for _ in range(repeats):
        with stopping(audacity):
            begin = time.perf_counter()
            audacity.start(recording)
            audacity.tracks(1)
            start.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        adt(audacity, "transcribe", "--overwrite", "--format", "json", recording).wait()
        transcribing.append(time.perf_counter() - begin)
        drums = len(formats.read(folder / "groove.drums.json").counts())
        with stopping(audacity, pid):
            audacity.clear()
            begin = time.perf_counter()
            options = ("--overwrite", "--program", program)
            ours = adt(audacity, "audacity", "open", *options, recording)
            audacity.connect()
            audacity.tracks(1 + drums)
            both.append(time.perf_counter() - begin)
            ours.wait()
    added = min(both) - min(transcribing) - min(start)
    return {
        "start": min(start),
        "transcribing": min(transcribing),
        "open": min(both),
        "added/start": added / min(start),
    }


def adt(audacity: Audacity, *arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "adt_plugins", *map(str, arguments)]
    environment = {**audacity.environment, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def stopping(audacity: Audacity, pid: Path | None = None) -> Iterator[None]:
    """End Audacity at the end, also if another process has started it."""
    try:
        yield
    finally:
        audacity.disconnect()
        if pid is not None and pid.exists():
            number = int(pid.read_text())
            with suppress(ProcessLookupError):
                os.kill(number, 15)
            deadline = time.monotonic() + 10
            while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            pid.unlink()
        audacity.stop()


if __name__ == "__main__":
    sys.exit(main())
