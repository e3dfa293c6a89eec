"""The watcher as a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from adt_plugins.audacity.watcher import RESTARTED
from adt_plugins.base.folders import HOME_VARIABLE
from tests.support.audacity.fake_plugin import (
    POSIX,
    FakePlugin,
    assert_labels,
    read_lisp,
)
from tests.support.patience import PATIENCE_S
from tests.support.recordings import HITS, SECONDS
from tests.support.tiny_model import play


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def process(
    home: Path, *arguments: str | Path, variable: str = HOME_VARIABLE
) -> Iterator[subprocess.Popen[str]]:
    """``adt audacity watch``; entered when it serves."""
    kept = {name: value for name, value in os.environ.items() if name != HOME_VARIABLE}
    command = [sys.executable, "-m", "adt_plugins", "audacity", "watch"]
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        env={**kept, variable: str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A script in the background passes on that it ignores the signal.
        preexec_fn=_heed_interrupts if os.name != "nt" else None,  # noqa: PLW1509
    ) as started:
        try:
            assert started.stdout is not None
            assert "waiting for Audacity" in started.stdout.readline()
            yield started
        finally:
            started.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="Snaps are of Linux")
def test_an_audacity_from_a_snap_is_served_too(
    tmp_path: Path, tiny_model: Path
) -> None:
    """It has another HOME, where its plug-ins look for the watcher."""
    own, current = tmp_path / "snap" / "audacity" / "7", tmp_path / "snap/audacity"
    own.mkdir(parents=True)
    (current / "current").symlink_to("7")
    image = tmp_path / "Applications" / "audacity-3.7.1.AppImage.home"
    image.mkdir(parents=True)
    state = Path(".local", "state", "adt-plugins", "audacity")
    with process(tmp_path, "--model", tiny_model, variable="HOME") as started:
        for home in (own, image, tmp_path):
            plugin = FakePlugin(home / state)
            assert_labels(plugin.ask(play(HITS, SECONDS)))
        started.send_signal(signal.SIGTERM)
        assert started.wait(20) == 0
    for home in (own, image, tmp_path):
        assert [path.name for path in (home / state).iterdir()] == ["watch.lock"]


def test_process_serves_and_ends(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "audacity"
    with process(tmp_path, "--model", tiny_model) as started:
        plugin = FakePlugin(folder)
        assert_labels(plugin.ask(play(HITS, SECONDS)))
        second = subprocess.run(
            [sys.executable, "-m", "adt_plugins", "audacity", "watch"],
            env={**os.environ, HOME_VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert f"another process (number {started.pid}) has it" in second.stderr
        assert second.stderr.count("\n") == 1
        started.terminate()
        if os.name != "nt":  # nor does another one, while it ends, end it by the signal
            end = time.monotonic() + PATIENCE_S
            while started.poll() is None and time.monotonic() < end:
                started.terminate()
                time.sleep(0.002)
        assert started.wait(PATIENCE_S) == (1 if os.name == "nt" else 0)
        assert started.stderr is not None
        assert started.stderr.read() == ""
    if os.name != "nt":
        assert [path.name for path in folder.iterdir()] == ["watch.lock"]


@POSIX
@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM"])
def test_process_ends_in_the_middle_of_work(
    tmp_path: Path, tiny_model: Path, sign: str
) -> None:
    with process(tmp_path, "--model", tiny_model) as started:
        plugin = FakePlugin(tmp_path / "audacity")
        plugin.write_audio(np.tile(play(HITS, SECONDS), 400))
        plugin.request()
        plugin.wait("busy")
        started.send_signal(getattr(signal, sign))
        assert started.wait(PATIENCE_S) == 0
    assert [p.name for p in (tmp_path / "audacity").iterdir()] == ["watch.lock"]


@POSIX
def test_killed_in_the_middle_of_a_request(tmp_path: Path, tiny_model: Path) -> None:
    plugin = FakePlugin(tmp_path / "audacity")
    with process(tmp_path, "--model", tiny_model) as started:
        plugin.write_audio(np.tile(play(HITS, SECONDS), 400))
        plugin.request()
        plugin.wait("busy")
        started.kill()
        started.wait()
    assert not plugin.path("answer").exists()
    with process(tmp_path, "--model", tiny_model):
        assert read_lisp(plugin.wait("answer")) == RESTARTED
        assert_labels(FakePlugin(plugin.folder).ask(play(HITS, SECONDS)))


def test_idle_costs_next_to_nothing(tmp_path: Path, tiny_model: Path) -> None:
    with process(tmp_path, "--model", tiny_model) as started:
        about = psutil.Process(started.pid)
        before = about.num_ctx_switches().voluntary
        time.sleep(2.0)
        woken = about.num_ctx_switches().voluntary - before
        assert woken < 200
        plugin = FakePlugin(tmp_path / "audacity")
        plugin.write("ping")
        plugin.wait("pong")
