"""What a Nyquist plug-in does with files, for tests of the watcher without Audacity."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.audacity.stop import Stop
from adt_plugins.audacity.watcher import Watcher
from tests.support.patience import PATIENCE_S
from tests.support.recordings import HITS, TOLERANCE_S
from tests.support.tiny_model import RATE

NAMES = {"KD": "Kick", "SD": "Snare", "HH": "Hi-hat"}
POSIX = pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")

_numbers = itertools.count(1)


class FakePlugin:
    """One request.

    Parameters
    ----------
    folder
        The exchange folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = f"{int(time.time())}.{os.getpid() % 10000:04}{next(_numbers):05}"

    def path(self, ending: str) -> Path:
        return self.folder / f"{self.id}.{ending}"

    def write(self, ending: str, text: str = "") -> None:
        self.path(ending).write_text(text, encoding="ascii")

    def write_audio(self, samples: NDArray[Any], rate: int = RATE) -> None:
        from tests.support.recordings import write_wave

        write_wave(self.path("wav"), np.asarray(samples), rate)

    def request(self, kind: str = "labels", **changes: Any) -> None:
        wanted = {
            "kind": kind,
            "drums": "",
            "sensitivity": 50,
            "text": "name",
            "start": "0.000000000",
            "lead": "0.000000000",
            **changes,
        }
        lines = [f"{key} {value}" for key, value in wanted.items()]
        self.write("request", "\n".join(["adt-plugins 1", *lines, "end", ""]))

    def wait(self, ending: str, timeout: float = PATIENCE_S) -> str:
        end = time.monotonic() + timeout
        while not self.path(ending).exists():
            assert time.monotonic() < end, f"no {ending}"
            time.sleep(0.002)
        return self.path(ending).read_text(encoding="utf-8")

    def ask(self, samples: NDArray[Any], kind: str = "labels", **changes: Any) -> Any:
        """Do everything that the plug-in does; returns the answer as Python."""
        self.write("ping")
        self.wait("pong")
        self.write_audio(samples)
        self.request(kind, **changes)
        return read_lisp(self.wait("answer"))


def read_lisp(text: str) -> Any:
    """Parse text to str, a list of labels to a list of tuples, a symbol to bytes."""
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text.strip()[1:-1])
    if not text.startswith("("):
        return text.strip().encode()
    rows = re.findall(r'\(([0-9.]+) ([0-9.]+) "((?:[^"\\]|\\.)*)"\)', text)
    assert text.count("(") == len(rows) + 1, text
    return [(float(start), float(end), name) for start, end, name in rows]


@contextlib.contextmanager
def running(watcher: Watcher) -> Iterator[None]:
    stop = Stop()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        watcher.exchange.close()
        assert not thread.is_alive()


def assert_labels(labels: Any, start: float = 0.0) -> None:
    """Compare with `HITS`; hits of one moment may come in any order."""
    assert isinstance(labels, list), labels
    for code, name in NAMES.items():
        times = [t for t, _, text in labels if text == name]
        wanted = [t + start for t, drum in HITS if drum == code]
        np.testing.assert_allclose(times, wanted, atol=TOLERANCE_S)
    assert len(labels) == len(HITS)
    assert all(start == end for start, end, _ in labels)


def wait_until(condition: Any, timeout: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)
