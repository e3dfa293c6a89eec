"""What a process of ``adt batch`` runs: one recording after the other.

It reads a JSON object a line: a greeting with the command's arguments, then
recordings; and answers each in a line. When there is nothing more to read, the one
who asks has gone: what is being done is given up.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from adt_plugins.base import written
from adt_plugins.errors import AdtError


def main() -> None:
    """Serve until the input ends."""
    # Answers alone go where they are awaited: whatever else is printed does not.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gone = threading.Event()
    messages: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_listen, args=(messages, gone), daemon=True).start()
    greeting = messages.get()
    if greeting is None:
        return
    try:
        args = _arguments(greeting["arguments"])
        work = _Work(args, gone)
    except AdtError as error:
        _answer(answers, {"refused": str(error)})
        messages.get()
        return
    _answer(answers, {"ready": True})
    while (task := messages.get()) is not None:
        _answer(answers, work(task))


def _arguments(argv: list[str]) -> argparse.Namespace:
    from adt_plugins.cli import build_parser

    return build_parser().parse_args(argv)


def _listen(messages: queue.Queue[Any], gone: threading.Event) -> None:
    # Not `sys.stdin`: Python aborts if it ends while a thread waits for that.
    waiting = b""
    while block := os.read(0, 65536):
        *lines, waiting = (waiting + block).split(b"\n")
        for line in lines:
            messages.put(json.loads(line))
    gone.set()
    messages.put(None)


def _answer(answers: BinaryIO, reply: dict[str, Any]) -> None:
    try:
        answers.write(json.dumps(reply).encode("ascii") + b"\n")
        answers.flush()
    except OSError:  # nobody awaits it any more
        pass


class _Work:
    """Transcribes and writes one recording after the other."""

    def __init__(self, args: argparse.Namespace, gone: threading.Event) -> None:
        from adt_plugins.cli.transcribe import Transcriber

        self._args = args
        self._transcriber = Transcriber(args, cancel=gone)

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        from adt_plugins.cli._job_loop import Result, attempt
        from adt_plugins.cli._job_plan import NPZ, Job
        from adt_plugins.transcription import Transcription

        source = task["input"]
        digest: list[str | None] = []

        def work(job: Job, result: Result) -> Transcription:
            transcription = self._transcriber(job, result)
            digest.append(transcription.source.sha256)
            return transcription

        args = argparse.Namespace(**vars(self._args))
        args.format = [name for name in task["formats"] if name != NPZ]
        args.save_activations = NPZ in task["formats"]
        written.trust({Path(path): sha for path, sha in task["ours"].items()})
        job = Job(source, Path(task["folder"]), task["stem"], audio=source)
        result = Result(source)
        if task["formats"]:
            result = attempt(args, job, work)
        for item in task["kept"]:
            path = args.folder.absolute() / item["path"]
            result.warnings.append(
                f"{path}: is not as an earlier run wrote it, and is kept"
                " (--overwrite replaces it)"
            )
        reply = asdict(result)
        for output in reply["outputs"]:
            output["sha256"] = written.digest_of(Path(output["path"]))
        return {**reply, "sha256": digest[0] if digest else None}
