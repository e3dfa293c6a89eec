"""What a process of ``adt batch`` runs: one recording after the other.

It reads one JSON object per line: a greeting with the arguments of the command, then
recordings, and answers each with one line. At the end of its input the parent has
gone, so the work in progress is abandoned.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from adt_plugins.base import written
from adt_plugins.batch.messages import Done, Output, Ready, Refused, Task, found_in
from adt_plugins.errors import AdtError

if TYPE_CHECKING:
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.cli.batch import BatchOptions
    from adt_plugins.transcription import Transcription


def main() -> None:
    """Serve until the input ends."""
    # Only answers may go to the parent: everything else that is printed goes to stderr.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gone = threading.Event()
    messages: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_listen, args=(messages, gone), daemon=True).start()
    greeting = messages.get()
    if greeting is None:
        return
    try:
        options = _options(greeting["arguments"])
        written.begin_run(options.folder, greeting["begun"])
        work = _Work(options, gone)
    except AdtError as error:
        _answer(answers, Refused(refused=str(error)))
        messages.get()
        return
    _answer(answers, Ready(ready=True))
    while (task := messages.get()) is not None:
        _answer(answers, work(task))
    gc.freeze()  # as in `adt_plugins.__main__`


def _options(argv: list[str]) -> BatchOptions:
    from adt_plugins.cli import build_parser
    from adt_plugins.cli._command import parse
    from adt_plugins.cli.batch import BatchOptions

    options = parse(build_parser(("batch",)), argv).options
    if not isinstance(options, BatchOptions):
        raise AdtError("a process of adt batch was asked for something else")
    return options


def _listen(messages: queue.Queue[Any], gone: threading.Event) -> None:
    # Not `sys.stdin`: Python aborts if it ends while a thread waits for that.
    waiting = b""
    while block := os.read(0, 65536):
        *lines, waiting = (waiting + block).split(b"\n")
        for line in lines:
            messages.put(json.loads(line))
    gone.set()
    messages.put(None)


def _answer(answers: BinaryIO, reply: Mapping[str, object]) -> None:
    try:
        answers.write(json.dumps(reply).encode("ascii") + b"\n")
        answers.flush()
    except OSError:  # the parent has gone
        pass


class _Work:
    """Transcribes and writes one recording after the other."""

    def __init__(self, options: BatchOptions, gone: threading.Event) -> None:
        from adt_plugins.cli.transcribe import Transcriber

        self._options = options
        self._writing = options.work.writers.writing(options.work.outputs.formats)
        self._transcriber = Transcriber(
            options.work, quiet=options.report.quiet, cancel=gone, threads=1
        )

    def __call__(self, task: Task) -> Done:
        written.trust({Path(path): sha for path, sha in task["ours"].items()})
        result, digest = self._attempt(task)
        for item in task["kept"]:
            path = self._options.folder / item["path"]
            result.warnings.append(
                f"{path}: has been changed since it was written, and is kept"
                " (--overwrite replaces it)"
            )
        return {
            "status": result.status,
            "error": result.error,
            "warnings": result.warnings,
            "outputs": [
                _hashed(item["format"], item["path"]) for item in result.outputs
            ],
            **found_in(vars(result)),
            "sha256": digest,
            "seconds": result.seconds,
        }

    def _attempt(self, task: Task) -> tuple[Result, str | None]:
        """Return the result of a task, and the SHA-256 of its recording."""
        from adt_plugins.cli._job_loop import Result, Settings, attempt
        from adt_plugins.cli._job_plan import Job
        from adt_plugins.cli._options import NPZ

        source = task["input"]
        if not task["formats"]:
            return Result(source), None
        digest: list[str | None] = []

        def work(job: Job, result: Result) -> Transcription:
            transcription = self._transcriber(job, result)
            digest.append(transcription.source.sha256)
            return transcription

        outputs = replace(
            self._options.work.outputs,
            formats=tuple(name for name in task["formats"] if name != NPZ),
            save_activations=NPZ in task["formats"],
        )
        settings = Settings(outputs, self._writing, self._options.report)
        job = Job(source, Path(task["folder"]), task["stem"], audio=source)
        result = attempt(settings, job, work)
        return result, digest[0] if digest else None


def _hashed(format_id: str, path: str) -> Output:
    return {"format": format_id, "path": path, "sha256": written.digest_of(Path(path))}
