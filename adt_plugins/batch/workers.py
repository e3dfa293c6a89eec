"""Processes that run one task after the other, and answer each with a line of JSON.

A process is started by its command line and addressed through pipes, not forked: so it
works alike on every system, in a notebook and in a Dask worker; and a decoder that
crashes on a broken file fails only one task. A process ends when its input ends, so
none is left when this one is killed.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from adt_plugins.batch.messages import Crashed
from adt_plugins.errors import AdtError

TaskT = TypeVar("TaskT", bound=Mapping[str, object])
DoneT_co = TypeVar("DoneT_co", bound=Mapping[str, object], covariant=True)

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# A process does the same again and again: with its usual limits glibc gives the memory
# of a recording back and asks for it anew, a tenth of the time of short recordings.
# Other systems ignore these names.
_KEEPING_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}

# Import this package as it was found here, but nothing from the working folder, which
# may contain anyone's files and which ``python -m`` would search.
_BOOT = """
import sys
sys.path[:] = filter(None, sys.path)
if sys.argv[2] not in sys.path:
    sys.path.insert(0, sys.argv[2])
from importlib import import_module
import_module(sys.argv[1]).main()
"""
_HOME = str(Path(__file__).resolve().parent.parent.parent)

# Time that a process may take to stop: it checks once for a few seconds of audio, and
# decoding beats takes seconds.
_PATIENCE_S = 15.0
_TICK_S = 0.5  # on Windows, Ctrl-C does not interrupt an unlimited wait


class Worker(Generic[TaskT, DoneT_co]):
    """A process, started for the first task and again after a crash.

    Parameters
    ----------
    module
        Module whose ``main()`` is run. It answers the greeting and every task with a
        line; after a line ``{"refused": reason}`` it ends.
    greeting
        First message to the process.
    folder
        Working folder of the process; None: that of this one.
    """

    def __init__(
        self, module: str, greeting: Mapping[str, object], folder: str | None = None
    ) -> None:
        self._command = [sys.executable, "-c", _BOOT, module, _HOME]
        self._greeting = greeting
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, task: TaskT) -> DoneT_co | Crashed:
        """Run a task.

        Returns
        -------
        dict
            The answer; ``{"crashed": reason}`` if the process ended instead.

        Raises
        ------
        AdtError
            If the process refuses to work.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        reply: DoneT_co | Crashed = self._ask(task)
        return reply

    def _start(self) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives on
        own_group: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":  # so that Ctrl-C reaches only us
            own_group = {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            cwd=self._folder,
            env={
                **_KEEPING_MEMORY,
                **os.environ,
                **dict.fromkeys(_ONE_THREAD, "1"),
            },
            **own_group,
        )
        reply = self._ask(self._greeting)
        if "ready" not in reply:
            self.close()
            raise AdtError(reply.get("refused") or reply["crashed"])

    def _ask(self, message: Mapping[str, object]) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        line = b""
        with suppress(OSError, ValueError):  # it has ended, or `close` was called
            process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        if line.endswith(b"\n"):
            return json.loads(line)
        return Crashed(crashed=self._autopsy(process))

    def _autopsy(self, process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        if code < 0:
            why = "; there may be too little memory" if code == -9 else ""
            return f"its process was ended by signal {-code}{why}"
        self._complaints.seek(max(0, self._complaints.seek(0, os.SEEK_END) - 4096))
        lines = self._complaints.read().decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f"its process ended with code {code}: {last.strip()}"

    def stop(self) -> None:
        """Ask the process to end and abandon its task."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):
                process.stdin.close()

    def close(self) -> None:
        """Ask the process to end, and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError, ValueError):
            assert process.stdin is not None
            process.stdin.close()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._complaints.close()


def run_tasks(
    workers: Sequence[Worker[TaskT, DoneT_co]], tasks: Iterator[TaskT]
) -> Generator[tuple[TaskT, DoneT_co | Crashed], None, None]:
    """Run tasks, as many at a time as there are workers.

    Parameters
    ----------
    workers
        Workers; stopped on an exception such as Ctrl-C, and closed at the end.
    tasks
        Iterator that is asked for a task whenever a worker is free.

    Yields
    ------
    task, answer
        In the order in which tasks are finished.

    Raises
    ------
    AdtError
        See `Worker.do`.
    """
    answers: queue.Queue[tuple[int, TaskT, DoneT_co | Crashed | BaseException]]
    answers = queue.Queue()
    inboxes: list[queue.Queue[TaskT | None]] = [queue.Queue() for _ in workers]

    def serve(number: int) -> None:
        while (task := inboxes[number].get()) is not None:
            try:
                answers.put((number, task, workers[number].do(task)))
            except BaseException as error:  # raised again by the caller
                answers.put((number, task, error))

    threads = [
        threading.Thread(target=serve, args=(number,), daemon=True)
        for number in range(len(workers))
    ]
    for thread in threads:
        thread.start()
    busy = 0
    try:
        for inbox in inboxes:
            if (task := next(tasks, None)) is not None:
                inbox.put(task)
                busy += 1
        while busy:
            try:
                number, task, reply = answers.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            busy -= 1
            if isinstance(reply, BaseException):
                raise reply
            if (following := next(tasks, None)) is not None:
                inboxes[number].put(following)
                busy += 1
            yield task, reply
    finally:
        for worker in workers:
            worker.stop()
        for inbox in inboxes:
            inbox.put(None)
        for thread in threads:
            thread.join(_PATIENCE_S)
        for worker in workers:
            worker.close()
