"""Runs tasks on a Dask cluster; needs the extra `cluster`.

The workers must see the recordings and the output folder under the same paths, and have
this package. Each of their threads runs tasks in a process of ours (`workers.Worker`),
so that a broken file can end that process but not the cluster.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from adt_plugins.batch.messages import Crashed, Done, Lost, Refused, Reply, Task
from adt_plugins.batch.workers import Worker
from adt_plugins.errors import AdtError, MissingDependencyError

# Tasks queued for each thread of the cluster: enough to keep it busy, and so few that a
# library of any size never fills the scheduler's memory.
_AHEAD = 3

_CONNECT_S = "10s"
_ANSWER_S = 60  # for the result of a finished task

_own = threading.local()
_all: list[Worker[Task, Done]] = []


def run_on_cluster(
    address: str, module: str, greeting: Mapping[str, object], tasks: Iterator[Task]
) -> Generator[tuple[Task, Reply], None, None]:
    """Run tasks on a cluster; like `workers.run_tasks`.

    The unfinished tasks of a machine that is lost are started again on another.

    Parameters
    ----------
    address
        Address of the scheduler, ``tcp://host:port``.
    module, greeting, tasks
        See `workers`.

    Raises
    ------
    AdtError
        If there is no scheduler, if it is lost, or if a process refuses to work. Tasks
        without an answer stay open; that is not the fault of their recordings.
    MissingDependencyError
        If Dask is not installed.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingDependencyError.of("--dask", "distributed", "cluster") from error
    # Its long log messages are replaced by one line of ours.
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise AdtError(f"{address}: no Dask scheduler: {error}") from error
    # To the scheduler, every restart of this command is a new set of tasks.
    setting = (module, dict(greeting), os.getcwd())  # noqa: PTH109 - a string
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise AdtError(f"{address}: the cluster has no workers")
        begun: dict[str, tuple[Any, Task]] = {}

        def submit(task: Task) -> Any:
            future = client.submit(_do, setting, task, pure=False, retries=2)
            begun[future.key] = future, task
            return future

        first = [submit(task) for task in islice(tasks, _AHEAD * threads)]
        finished = as_completed(first, loop=client.loop)
        try:
            for future in finished:
                _, task = begun.pop(future.key)
                reply = _result(future)
                # Otherwise it would be repeated if the machine that did it is lost.
                future.release()
                if (following := next(tasks, None)) is not None:
                    finished.add(submit(following))
                yield task, reply
        except AdtError:
            raise
        except Exception as error:  # Dask has many kinds
            raise _lost(address, error) from error
        finally:
            with suppress(Exception):  # the cluster may be lost
                client.cancel([future for future, _ in begun.values()])
                client.run(_close)


def _lost(address: str, error: BaseException) -> AdtError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return AdtError(f"{address}: the cluster is lost; run this again later ({reason})")


def _result(future: Any) -> Reply:
    from distributed import KilledWorker

    try:
        reply: Done | Crashed | Refused = future.result(timeout=_ANSWER_S)
    except KilledWorker:  # not by a recording: each has a process of its own
        return Lost(open="machines of the cluster were lost while they had it")
    if "refused" in reply:
        raise AdtError(reply["refused"])
    return reply


def _do(
    setting: tuple[str, dict[str, object], str], task: Task
) -> Done | Crashed | Refused:
    """Run a task, in a thread of a cluster's worker."""
    if getattr(_own, "setting", None) != setting:
        if hasattr(_own, "worker"):
            _own.worker.close()
        _own.setting, _own.worker = setting, Worker(*setting)
        _all.append(_own.worker)
    try:
        reply: Done | Crashed = _own.worker.do(task)
    except AdtError as error:
        return Refused(refused=str(error))
    return reply


def _close() -> None:
    """End the processes of a cluster's worker; the next task starts new ones."""
    while _all:
        _all.pop().stop()
