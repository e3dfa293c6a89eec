"""``adt batch --dask`` on a real scheduler with two workers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from adt_plugins.cli import main
from tests.support.batch import COMMAND, batch, files
from tests.support.paths import ROOT
from tests.support.recordings import write_wave
from tests.support.tiny_model import play

pytestmark = [
    pytest.mark.usefixtures("user_home"),
    pytest.mark.skipif(os.name == "nt", reason="not on this system: signals of POSIX"),
]

FILES = 16


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "false",
        }
        self._folder = folder
        found = self._start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            until=r"Scheduler at: *(\S+)",
        )
        self.address = found[1][1]
        self.workers = [
            self._start(
                "dask_worker",
                self.address,
                *("--nthreads", "1", "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(folder / str(number))),
                until=r"Registered to",
            )[0]
            for number in range(2)
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
            found = re.search(until, path.read_text())
            if found:
                return process, found
            time.sleep(0.1)
        raise AssertionError(path.read_text())


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory, user_home: Path
) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="Dask (extra `cluster`) is missing")
    with ExitStack() as stack:
        yield Cluster(stack, tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(FILES):
        hits = [(0.5 + number / 100, "KD"), (25.0, "SD")]
        write_wave(library / f"{number:02}.wav", play(hits, 30.0))
    (library / "broken.mp3").write_bytes(b"rubbish")
    return library


def test_a_worker_that_is_killed_loses_nothing(
    cluster: Cluster, library: Path, tmp_path: Path
) -> None:
    here, out = tmp_path / "here", tmp_path / "out"
    assert batch(library, "-o", here, "-q") == 1
    with subprocess.Popen(
        [*COMMAND, str(library), "-o", str(out), "--dask", cluster.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(4)]
        done = {path: path.stat().st_mtime_ns for path in _noted(out)}
        lost = cluster.workers[0]
        orphans = psutil.Process(lost.pid).children(recursive=True)
        assert orphans
        lost.send_signal(signal.SIGKILL)
        rest, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"{FILES} done, 1 failed" in rest, errors
    reason = f"adt: {library / 'broken.mp3'}: not an audio file\n"
    assert errors.endswith(reason)
    assert files(out) == files(here)
    # Each is told once, and what was done when the worker was lost was not redone.
    told = [line for line in (*said, *rest.splitlines()) if " left" in line]
    assert len(told) == len({line.split()[1] for line in told}) == FILES + 1
    assert len(done) >= 6
    assert done == {path: path.stat().st_mtime_ns for path in done}
    _, alive = psutil.wait_procs(orphans, timeout=20)
    assert alive == []


def _noted(out: Path) -> list[Path]:
    lines = (out / "manifest.jsonl").read_text().splitlines()
    return [
        out / item["path"]
        for line in map(json.loads, lines)
        if line["status"] == "done"
        for item in line["outputs"]
    ]


def test_without_a_cluster(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed", reason="Dask (extra `cluster`) is missing")
    arguments = ["batch", str(library), "-o", str(tmp_path / "out"), "-q"]
    assert main([*arguments, "--dask", "nonsense://1"]) == 2
    assert "nonsense://1: no Dask scheduler: " in capsys.readouterr().err


def test_without_dask(
    library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    arguments = ["batch", str(library), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--dask", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.endswith(
        'distributed: pip install "adt-plugins[cluster]"\n'
    )
