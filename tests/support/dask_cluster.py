"""A Dask cluster of processes on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.paths import ROOT


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, stack: ExitStack, folder: Path, workers: int) -> None:
        self._stack = stack
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "false",
        }
        self._folder = folder
        match = self._start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            until=r"Scheduler at: *(\S+)",
        )
        self.scheduler, self.address = match[0], match[1][1]
        self.workers = [
            self._start(
                "dask_worker",
                self.address,
                *("--nthreads", "1", "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(folder / str(number))),
                until=r"Registered to",
            )[0]
            for number in range(workers)
        ]

    def _start(
        self, module: str, *arguments: str, until: str
    ) -> tuple[subprocess.Popen[bytes], re.Match[str]]:
        path = self._folder / f"{module}.{len(list(self._folder.iterdir()))}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        for _ in range(300):
            match = re.search(until, path.read_text())
            if match:
                return process, match
            time.sleep(0.1)
        raise AssertionError(path.read_text())


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Start a cluster whose files lie in this folder; skips where Dask is missing."""
    pytest.importorskip("distributed", reason="Dask (extra `cluster`) is missing")
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        yield Cluster(stack, folder, workers)
