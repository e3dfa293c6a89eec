"""``adt batch --dask`` on a real scheduler with two workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from adt_plugins.cli import main
from adt_plugins.errors import install_command
from tests.support.batch import COMMAND, batch, files
from tests.support.dask_cluster import Cluster
from tests.support.dask_cluster import cluster as cluster_in
from tests.support.patience import PATIENCE_S
from tests.support.recordings import write_wave
from tests.support.tiny_model import play

pytestmark = [
    pytest.mark.usefixtures("user_home"),
    pytest.mark.skipif(os.name == "nt", reason="not on this system: signals of POSIX"),
]

FILES = 16


@pytest.fixture
def cluster(
    tmp_path_factory: pytest.TempPathFactory, user_home: Path
) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="Dask (extra `cluster`) is missing")
    with cluster_in(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(FILES):
        hits = [(0.5 + number / 100, "KD"), (25.0, "SD")]
        write_wave(library / f"{number:02}.wav", play(hits, 30.0))
    (library / "broken.mp3").write_bytes(b"rubbish")
    return library


@contextmanager
def running(
    cluster: Cluster, library: Path, out: Path
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start a batch on a cluster, and yield it with its first four lines."""
    with subprocess.Popen(
        [*COMMAND, str(library), "-o", str(out), "--dask", cluster.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, [process.stdout.readline() for _ in range(4)]


def test_a_worker_that_is_killed_loses_nothing(
    cluster: Cluster, library: Path, tmp_path: Path
) -> None:
    here, out = tmp_path / "here", tmp_path / "out"
    assert batch(library, "-o", here, "-q") == 1
    with running(cluster, library, out) as (process, printed):
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
    # Each is reported once, and what was done before the loss was not done again.
    reports = [line for line in (*printed, *rest.splitlines()) if " left" in line]
    assert len(reports) == len({line.split()[1] for line in reports}) == FILES + 1
    assert len(done) >= 6
    assert done == {path: path.stat().st_mtime_ns for path in done}
    _, alive = psutil.wait_procs(orphans, timeout=PATIENCE_S)
    assert alive == []


def test_a_scheduler_that_dies_is_no_fault_of_recordings(
    cluster: Cluster, library: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with running(cluster, library, out) as (process, _):
        cluster.scheduler.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=200)
    messages = [line for line in errors.splitlines() if "broken.mp3" not in line]
    assert len(messages) == 1, errors
    assert messages[0].startswith(
        f"adt: {cluster.address}: the cluster is lost; run this"
    )
    assert process.returncode == 2
    noted = map(json.loads, (out / "manifest.jsonl").read_text().splitlines())
    failed = [line["input"] for line in noted if line["status"] == "failed"]
    assert all(name.endswith("broken.mp3") for name in failed)
    assert batch(library, "-o", out, "-q") == 1  # of broken.mp3 alone
    done = map(json.loads, (out / "manifest.jsonl").read_text().splitlines())
    assert [line["status"] for line in done] == ["done"] * FILES + ["failed"]


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
        f"distributed: {install_command('distributed', 'cluster')}\n"
    )
