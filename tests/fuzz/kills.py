"""Interrupt the program at random moments, and look at what it leaves.

After SIGINT, SIGTERM or SIGKILL every output is absent, as it was before, or
complete, and the next run succeeds. After the first two no temporary file is left.

Usage: ``python -m tests.fuzz.kills [--times 100] [--seed 0] [transcribe | batch]``
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ..installing import ROOT
from ..test_transcribe import HITS, write_wave
from ..tiny_model import play, write_tiny_model

COMMAND = [sys.executable, "-m", "adt_plugins"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
FILES = 4
OLD = b"what was there before\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", default=["transcribe", "batch"])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_tiny_model(home / "home" / "models")
        os.environ["ADT_PLUGINS_HOME"] = str(home / "home")
        os.environ["PYTHONPATH"] = str(ROOT)
        library = home / "library"
        library.mkdir()
        for number in range(FILES):
            samples = play([*HITS, (30 + number, "KD")], 40.0)
            write_wave(library / f"{number}.wav", samples)
        for command in args.commands:
            random.seed(args.seed)
            found = _tally(command, library, home / command, args.times)
            failures += sum(map(len, found.values()))
            for sent, wrong in found.items():
                print(f"{command}, {sent.name}: {args.times} times, {len(wrong)} wrong")
                print("".join(f"  {text}\n" for text in wrong), end="", flush=True)
    return int(failures > 0)


def _words(command: str, library: Path, out: Path) -> list[str]:
    inputs = [str(library)]
    if command == "transcribe":
        inputs = [str(path) for path in sorted(library.iterdir())]
    options = ["--model", "tiny", "--overwrite", "-q", "--format", "labels,midi,json"]
    return [*COMMAND, command, *inputs, *options, "-o", str(out)]


def _tally(
    command: str, library: Path, folder: Path, times: int
) -> dict[signal.Signals, list[str]]:
    whole = folder / "whole"
    started = time.monotonic()
    subprocess.run(_words(command, library, whole), check=True)
    seconds = time.monotonic() - started
    expected = {p.name: p.read_bytes() for p in whole.iterdir() if _is_output(p)}
    found: dict[signal.Signals, list[str]] = {sent: [] for sent in SIGNALS}
    for sent, wrong in found.items():
        for number in range(times):
            out = folder / f"{sent.name}{number}"
            out.mkdir()
            (out / "0.labels.txt").write_bytes(OLD)
            words = _words(command, library, out)
            _interrupt(words, sent, random.uniform(0, 1.05 * seconds))
            wrong.extend(_wrong(out, expected, sent))
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            after = {p.name: p.read_bytes() for p in out.iterdir() if _is_output(p)}
            if done.returncode or after != expected:
                wrong.append(
                    f"{out.name}: the next run: {done.returncode} {done.stderr}"
                )
    return found


def _interrupt(words: Sequence[str], sent: signal.Signals, after: float) -> None:
    process = subprocess.Popen(
        words,
        stderr=subprocess.DEVNULL,
        # A script in the background passes on that it ignores the signal.
        preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - no threads here
            signal.SIGINT, signal.SIG_DFL
        ),
    )
    time.sleep(after)
    process.send_signal(sent)
    process.wait()


def _wrong(out: Path, expected: dict[str, bytes], sent: signal.Signals) -> list[str]:
    wrong = []
    for path in out.iterdir():
        if path.name.endswith(".tmp") and sent is not signal.SIGKILL:
            wrong.append(f"{out.name}: {path.name} is left")
        if _is_output(path):
            content = path.read_bytes()
            old = OLD if path.name == "0.labels.txt" else None
            if content not in (expected.get(path.name), old):
                wrong.append(f"{out.name}: {path.name} is not whole")
    return wrong


def _is_output(path: Path) -> bool:
    return not path.name.endswith((".tmp", ".lock", ".jsonl"))


if __name__ == "__main__":
    sys.exit(main())
