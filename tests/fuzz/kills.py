"""Interrupt the program at random moments, and look at what it leaves.

After SIGINT, SIGTERM or SIGKILL every output is absent, as it was before, or
complete, and the next run succeeds. After the first two no temporary file is left, and
no traceback is printed. A signal may come before any code of ours has begun; what
Python says then is counted by itself.

Usage: ``python -m tests.fuzz.kills [--times 100] [--seed 0] [--length 40] [--again 1]
[--no-sigkill] [--twice] [NAME …]``, where a name is one of

- ``transcribe``, ``batch``: labels, MIDI and JSON of recordings,
- ``sound``: ``adt transcribe`` with formats that hold the recording; ``page``: with the
  one that encodes it; ``library``: ``adt batch`` with all of them,
- ``writers``: ``adt convert`` into all formats that hold sound,
- ``split``: each drum's sound, by hits that are given,
- ``watch``: the watcher that Audacity asks.

Signals come at random while it works, or (``--late``) only after its first output is
begun; with ``--twice`` another follows each within 50 ms. ``--again N``: only after
each Nth of them the next run is looked at.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.base.hashing import sha256
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription
from tests.fuzz.watched import Watched, started
from tests.support.paths import ROOT
from tests.support.recordings import HITS, write_wave
from tests.support.tiny_model import play, write_tiny_model

COMMAND = [sys.executable, "-m", "adt_plugins"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
WITH_SOUND = "html,click,aup,chart,paradiddle"


class Command(NamedTuple):
    """Commands to run: their words, and the formats that they write."""

    words: tuple[str, ...]
    formats: str | None = None
    reads_hits: bool = False


COMMANDS = {
    "transcribe": Command(("transcribe", "--model", "tiny"), "labels,midi,json"),
    "batch": Command(("batch", "--model", "tiny"), "labels,midi,json"),
    "sound": Command(("transcribe", "--model", "tiny"), "html,click,aup"),
    "page": Command(("transcribe", "--model", "tiny"), "html"),
    "library": Command(("batch", "--model", "tiny"), "html,click,aup"),
    "writers": Command(("convert",), WITH_SOUND, reads_hits=True),
    "split": Command(("split", "--by-drum"), reads_hits=True),
}
FILES = 4
OLD_OUTPUTS = (
    *("0.labels.txt", "0.drums.html", "0.click.wav"),
    *("0.drums.flac", "0.drums.KD.flac"),
)
"""Files that exist before a command that writes them."""
# A signal that comes before the program can hear it ends it as it ends any other.
ENDINGS = {
    signal.SIGINT: (0, 130, -signal.SIGINT),
    signal.SIGTERM: (0, 143, -signal.SIGTERM),
    signal.SIGKILL: (0, -signal.SIGKILL),
}
_CHUNK = re.compile(rb'(id="adt-chunk-[0-9]+">)([^<]*)')
_TOKEN = re.compile(rb"audio-[0-9a-f]{8}")
OLD = b"what was there before\n"


class Subject(Protocol):
    """What is interrupted."""

    seconds: float
    """How long it takes without an interruption, in seconds."""
    writes_after: float
    """When it begins to write."""

    def attempt(self, name: str, sent: signal.Signals, after: float) -> list[str]:
        """Interrupt it once; return what is wrong, then and after the next run."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*COMMANDS, "watch"]
    parser.add_argument("commands", nargs="*", default=names, metavar="NAME")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--length", type=float, default=40.0, help="seconds of a recording"
    )
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--late", action="store_true", help="while it writes")
    parser.add_argument("--again", type=int, default=1)
    parser.add_argument("--no-sigkill", action="store_true")
    parser.add_argument("--twice", action="store_true")
    args = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_tiny_model(home / "home" / "models")
        os.environ["ADT_PLUGINS_HOME"] = str(home / "home")
        os.environ["PYTHONPATH"] = str(ROOT)
        library = home / "library"
        library.mkdir()
        for number in range(args.files):
            end = args.length * (30 + number) / 40
            samples = play([*HITS, (end, "KD")], args.length)
            write_wave(library / f"{number}.wav", samples)
        for command in args.commands:
            random.seed(args.seed)
            subject: Subject
            if command == "watch":
                subject = Watched(sorted(library.iterdir()), home / command)
            else:
                subject = Written(
                    COMMANDS[command], library, home / f"runs of {command}",
                    again=args.again, twice=args.twice,
                )  # fmt: skip
            for sent in SIGNALS[: 2 if args.no_sigkill else 3]:
                wrong: list[str] = []
                for number in range(args.times):
                    begin = subject.writes_after if args.late else 0.0
                    after = random.uniform(begin, 1.05 * subject.seconds)
                    wrong += subject.attempt(f"{sent.name}{number}", sent, after)
                failures += len(wrong)
                print(f"{command}, {sent.name}: {args.times} times, {len(wrong)} wrong")
                print("".join(f"  {text}\n" for text in wrong), end="", flush=True)
            for what, count in sorted(getattr(subject, "tally", {}).items()):
                print(f"  {what}: {count}", flush=True)
    return int(failures > 0)


class Written:
    """A command that writes files.

    Parameters
    ----------
    command
        Which.
    library
        The recordings.
    folder
        For what is written.
    again
        Look at the next run after each signal, or each second one, and so on.
    twice
        Send each signal twice, as impatient people do.
    """

    def __init__(
        self,
        command: Command,
        library: Path,
        folder: Path,
        *,
        again: int = 1,
        twice: bool = False,
    ) -> None:
        self._command, self._folder = command, folder
        self._again, self._twice, self._attempts = again, twice, 0
        self.tally: Counter[str] = Counter()
        self._inputs = [str(path) for path in sorted(library.iterdir())]
        if command.reads_hits:
            hits = _transcriptions(library, folder / "transcriptions")
            by_name = [str(path) for path in sorted(hits.iterdir())]
            if command.words[0] == "split":  # takes those of one recording
                self._inputs = [self._inputs[0], "--from", by_name[0]]
            else:
                self._inputs = by_name
        whole = folder / "whole"
        process = started(self._words(whole))
        begin = time.monotonic()
        while process.poll() is None and not (whole.exists() and any(whole.iterdir())):
            time.sleep(0.002)
        self.writes_after = time.monotonic() - begin
        if process.wait():
            raise SystemExit(f"{command.words}: {process.returncode}")
        self.seconds = time.monotonic() - begin
        self._expected = _outputs(whole)

    def _words(self, out: Path) -> list[str]:
        words, formats = self._command.words, self._command.formats
        options = [] if formats is None else ["--format", formats]
        options += ["--overwrite", "-q", "-o", str(out)]
        return [*COMMAND, *words, *self._inputs, *options]

    def attempt(self, name: str, sent: signal.Signals, after: float) -> list[str]:
        """See `Subject`."""
        out = self._folder / name
        out.mkdir()
        for old in {*OLD_OUTPUTS} & {*self._expected}:
            (out / old).write_bytes(OLD)
        words = self._words(out)
        code, errors = _interrupt(words, sent, after, twice=self._twice)
        wrong = self._wrong(out, sent)
        if _is_python_alone(errors):
            self.tally["ended before our code began"] += 1
        else:
            self.tally[f"exit code {code}"] += 1
            if code not in ENDINGS[sent]:
                wrong.append(f"{name}: exit code {code}: {errors[-300:]}")
            elif code == 0 and _outputs(out) != self._expected:
                wrong.append(f"{name}: exit code 0, and not all is there")
            if "Traceback" in errors:
                wrong.append(f"{name}: {errors[-300:]}")
        self._attempts += 1
        if self._attempts % self._again:
            shutil.rmtree(out)
            return wrong
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode or _outputs(out) != self._expected:
            wrong.append(f"{name}: the next run: {done.returncode} {done.stderr}")
        return wrong

    def _wrong(self, out: Path, sent: signal.Signals) -> list[str]:
        drafts = sorted(p for p in out.rglob(".adt-*") if p.suffix != ".lock")
        drafts = [] if sent is signal.SIGKILL else drafts
        wrong = [f"{out.name}: {path.name} is left" for path in drafts]
        contents = _outputs(out)
        for name, whole in self._expected.items():
            content = contents.pop(name, None)
            is_old = content == OLD and name in OLD_OUTPUTS
            state = "none" if content is None else "old" if is_old else "whole"
            if content not in (None, whole) and not is_old:
                state = "NOT WHOLE"
                wrong.append(f"{out.name}: {name} is not whole")
            self.tally[f"file: {state}"] += 1
        return wrong + [f"{out.name}: {name} is a stranger" for name in contents]


def _transcriptions(recordings: Path, folder: Path) -> Path:
    """Write transcriptions with beats that name their recordings."""
    folder.mkdir(parents=True)
    beats = tuple(Beat(k / 2, k % 4 + 1) for k in range(12))
    onsets = tuple(Onset(time, Drum(drum), 90, 0.9) for time, drum in HITS)
    for path in recordings.iterdir():
        source = Source(path=str(path), sha256=sha256(path), duration=None)
        whole = Transcription(onsets=onsets, beats=beats, source=source)
        formats.write(whole, folder / f"{path.stem}.drums.json")
    return folder


def _interrupt(
    words: Sequence[str], sent: signal.Signals, after: float, *, twice: bool
) -> tuple[int, str]:
    """Return the exit code and the output."""
    with tempfile.TemporaryFile() as errors:
        process = started(words, errors=errors)
        time.sleep(after)
        process.send_signal(sent)
        if twice:
            time.sleep(random.uniform(0, 0.05))
            process.send_signal(sent)
        code = process.wait()
        errors.seek(0)
        return code, errors.read().decode("utf-8", "replace")


def _is_python_alone(errors: str) -> bool:
    """Return whether Python was interrupted before it ran a line of the package."""
    has_begun = "Traceback" in errors or "Fatal Python error" in errors
    return has_begun and "adt_plugins" not in errors and "adt: " not in errors


def _outputs(folder: Path) -> dict[str, bytes]:
    """Return the content of files by name, without its random parts."""
    contents = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.endswith((".tmp", ".lock", ".jsonl")):
            content = path.read_bytes()
            name = _TOKEN.sub(b"audio", str(path.relative_to(folder)).encode()).decode()
            if path.suffix == ".opus":
                contents[name] = _decoded(content)
            else:
                contents[name] = _CHUNK.sub(_heard, _TOKEN.sub(b"audio", content))
    return contents


def _heard(chunk: re.Match[bytes]) -> bytes:
    return chunk[1] + _decoded(base64.b64decode(chunk[2]))


def _decoded(data: bytes) -> bytes:
    """Return what sound decodes to: the numbers of Ogg streams are random."""
    try:
        samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    except soundfile.SoundFileError:
        return b"damaged"
    return hashlib.sha256(samples.tobytes()).hexdigest().encode()


if __name__ == "__main__":
    sys.exit(main())
