"""Processes that do one task after the other and answer each in a line of JSON.

A process of ours is started by its command line and spoken to through pipes, not
forked: so it works alike on every system, in a notebook and in a Dask worker; and
when a decoder crashes on a broken file, one task has failed and no more. A process
ends when its input ends, so none is left when this one is killed.
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

# Finds this package as it was found here, but nothing in the working folder, in
# which there may be anybody's files: ``python -m`` would.
_BOOT = """
import sys
sys.path[:] = filter(None, sys.path)
if sys.argv[2] not in sys.path:
    sys.path.insert(0, sys.argv[2])
from importlib import import_module
import_module(sys.argv[1]).main()
"""
_HOME = str(Path(__file__).resolve().parent.parent.parent)

# What a process may take to stop: it asks once a second of audio, finding beats
# takes seconds.
_PATIENCE_S = 15.0
_TICK_S = 0.5  # on Windows, Ctrl-C does not interrupt a wait without end


class Worker(Generic[TaskT, DoneT_co]):
    """One process, started for the first task and again after a crash.

    Parameters
    ----------
    module
        Whose ``main()`` is run. It answers the greeting and every task with a
        line; a line ``{"refused": reason}`` is the end.
    greeting
        First message that it gets.
    folder
        Its working folder; None: this process's.
    """

    def __init__(
        self, module: str, greeting: Mapping[str, object], folder: str | None = None
    ) -> None:
        self._command = [sys.executable, "-c", _BOOT, module, _HOME]
        self._greeting = greeting
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, task: TaskT) -> DoneT_co | Crashed:
        """Have a task done.

        Returns
        -------
        dict
            The answer; ``{"crashed": reason}`` if the process ended instead.

        Raises
        ------
        AdtError
            If the process says that it can do nothing.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        reply: DoneT_co | Crashed = self._ask(task)
        return reply

    def _start(self) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives on
        own_group: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":  # so that Ctrl-C comes to us alone
            own_group = {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            cwd=self._folder,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
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
        answer = b""
        with suppress(OSError, ValueError):  # it has ended, or `close` was called
            process.stdin.write(json.dumps(message).encode("ascii") + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        if answer.endswith(b"\n"):
            return json.loads(answer)
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
        """Let the process end: it gives up what it does."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):
                process.stdin.close()

    def close(self) -> None:
        """Let the process end, and wait for it."""
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
    """Have tasks done, as many at a time as there are workers.

    Parameters
    ----------
    workers
        Closed at the end; on an exception, e.g. Ctrl-C, they are stopped.
    tasks
        Asked for the next task when a worker is free.

    Yields
    ------
    task, answer
        In the order in which they are finished.

    Raises
    ------
    AdtError
        See `Worker.do`.
    """
    answers: queue.Queue[tuple[int, TaskT, DoneT_co | Crashed | BaseException]]
    answers = queue.Queue()
    desks: list[queue.Queue[TaskT | None]] = [queue.Queue() for _ in workers]

    def serve(number: int) -> None:
        while (task := desks[number].get()) is not None:
            try:
                answers.put((number, task, workers[number].do(task)))
            except BaseException as error:  # raised again where it is seen
                answers.put((number, task, error))

    threads = [
        threading.Thread(target=serve, args=(number,), daemon=True)
        for number in range(len(workers))
    ]
    for thread in threads:
        thread.start()
    busy = 0
    try:
        for desk in desks:
            if (task := next(tasks, None)) is not None:
                desk.put(task)
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
                desks[number].put(following)
                busy += 1
            yield task, reply
    finally:
        for worker in workers:
            worker.stop()
        for desk in desks:
            desk.put(None)
        for thread in threads:
            thread.join(_PATIENCE_S)
        for worker in workers:
            worker.close()
