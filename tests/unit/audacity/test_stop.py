"""A watcher ends wherever in its loop a signal finds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.audacity.fake_plugin import POSIX

# Signals at any place of a loop that does not sleep: an event deadlocks within a few
# hundred of them.
ROUNDS = """
import random, signal, sys
from pathlib import Path
from adt_plugins.audacity import watcher
from adt_plugins.audacity.request_folder import RequestFolder
from adt_plugins.audacity.stop import Stop
watcher.IDLE_S = 0
served = watcher.Watcher(RequestFolder(Path(sys.argv[1])), None)
signal.signal(signal.SIGALRM, lambda *_: stop.set())
for _ in range(400):
    stop = Stop()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-4, 4e-4))
    served.run(stop)
"""


@POSIX
@pytest.mark.slow
def test_a_signal_ends_the_watcher_wherever_it_comes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ROUNDS, str(tmp_path / "exchange")]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
