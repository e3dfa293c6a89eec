"""Interrupt the program at random moments, and look at what it leaves.

After SIGINT, SIGTERM or SIGKILL every output is absent, as it was before, or
complete, and the next run succeeds. After the first two no temporary file is left.

Usage: ``python -m tests.fuzz.kills [--times 100] [--seed 0] [--length 40]
[transcribe | batch | watch]``
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
from typing import Protocol

from tests.fuzz.watched import Watched, started
from tests.support.paths import ROOT
from tests.support.recordings import HITS, write_wave
from tests.support.tiny_model import play, write_tiny_model

COMMAND = [sys.executable, "-m", "adt_plugins"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
FILES = 4
OLD = b"what was there before\n"


class Subject(Protocol):
    """What is interrupted."""

    seconds: float
    """How long it takes when nobody interrupts it."""

    def attempt(self, name: str, sent: signal.Signals, after: float) -> list[str]:
        """Interrupt it once; return what is wrong, then and after the next run."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = ["transcribe", "batch", "watch"]
    parser.add_argument("commands", nargs="*", default=commands)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--length", type=float, default=40.0, help="seconds of a recording"
    )
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
            end = args.length * (30 + number) / 40
            samples = play([*HITS, (end, "KD")], args.length)
            write_wave(library / f"{number}.wav", samples)
        for command in args.commands:
            random.seed(args.seed)
            subject: Subject
            if command == "watch":
                subject = Watched(sorted(library.iterdir()), home / command)
            else:
                subject = Written(command, library, home / command)
            for sent in SIGNALS:
                wrong: list[str] = []
                for number in range(args.times):
                    after = random.uniform(0, 1.05 * subject.seconds)
                    wrong += subject.attempt(f"{sent.name}{number}", sent, after)
                failures += len(wrong)
                print(f"{command}, {sent.name}: {args.times} times, {len(wrong)} wrong")
                print("".join(f"  {text}\n" for text in wrong), end="", flush=True)
    return int(failures > 0)


class Written:
    """``adt transcribe`` or ``adt batch``, which write files.

    Parameters
    ----------
    command
        Which.
    library
        The recordings.
    folder
        For what is written.
    """

    def __init__(self, command: str, library: Path, folder: Path) -> None:
        self._command, self._library, self._folder = command, library, folder
        whole = folder / "whole"
        begin = time.monotonic()
        subprocess.run(self._words(whole), check=True)
        self.seconds = time.monotonic() - begin
        self._expected = _outputs(whole)

    def _words(self, out: Path) -> list[str]:
        inputs = [str(self._library)]
        if self._command == "transcribe":
            inputs = [str(path) for path in sorted(self._library.iterdir())]
        options = ["--model", "tiny", "--overwrite", "-q"]
        options += ["--format", "labels,midi,json", "-o", str(out)]
        return [*COMMAND, self._command, *inputs, *options]

    def attempt(self, name: str, sent: signal.Signals, after: float) -> list[str]:
        """See `Subject`."""
        out = self._folder / name
        out.mkdir()
        (out / "0.labels.txt").write_bytes(OLD)
        words = self._words(out)
        _interrupt(words, sent, after)
        wrong = self._wrong(out, sent)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode or _outputs(out) != self._expected:
            wrong.append(f"{name}: the next run: {done.returncode} {done.stderr}")
        return wrong

    def _wrong(self, out: Path, sent: signal.Signals) -> list[str]:
        drafts = [] if sent is signal.SIGKILL else sorted(out.glob("*.tmp"))
        wrong = [f"{out.name}: {path.name} is left" for path in drafts]
        for name, content in _outputs(out).items():
            old = OLD if name == "0.labels.txt" else None
            if content not in (self._expected.get(name), old):
                wrong.append(f"{out.name}: {name} is not whole")
        return wrong


def _interrupt(words: Sequence[str], sent: signal.Signals, after: float) -> None:
    process = started(words)
    time.sleep(after)
    process.send_signal(sent)
    process.wait()


def _outputs(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.endswith((".tmp", ".lock", ".jsonl"))
    }


if __name__ == "__main__":
    sys.exit(main())
