"""``adt audacity watch`` between a plug-in that asks on and on and what ends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from adt_plugins.audacity.lisp import lisp_string
from adt_plugins.audacity.watcher import RESTARTED
from tests.support.audacity.fake_plugin import FakePlugin

COMMAND = [sys.executable, "-m", "adt_plugins", "audacity", "watch"]
OWN = frozenset({"ping", "wav", "request", "done"})
"""What the plug-in writes, and may have written after the watcher's end."""
PATIENCE_S = 60.0
GIVES_UP_S = 2.0
"""After so long a plug-in says that nobody is there; a watcher that starts later does
not answer it."""
_RESTARTED = {"answer": f"{lisp_string(RESTARTED)}\n".encode()}


class _TurnedOffError(Exception):
    """The watcher has gone."""


class Watched:
    """The watcher, asked by turns for labels and for a project.

    Parameters
    ----------
    recordings
        What it is asked about.
    folder
        For homes, one an attempt; each holds an exchange folder.
    """

    def __init__(self, recordings: Sequence[Path], folder: Path) -> None:
        self._recordings, self._folder = recordings, folder
        self._expected: list[dict[str, bytes]] = []
        begin = time.monotonic()
        home = self._home("whole")
        process = self._start(home)
        for number in range(len(recordings)):
            self._expected.append(self._ask(home, number, threading.Event()))
        self.seconds = time.monotonic() - begin
        self.writes_after = 0.0
        process.terminate()
        process.wait()

    def attempt(self, name: str, sent: signal.Signals, after: float) -> list[str]:
        """See `kills.Subject`."""
        home = self._home(name)
        process = self._start(home)
        ending, end = threading.Event(), threading.Event()
        wrong: list[str] = []
        plugin = threading.Thread(target=self._ask_on, args=(home, ending, end, wrong))
        plugin.start()
        time.sleep(after)
        ending.set()
        process.send_signal(sent)
        process.wait()
        end.set()
        plugin.join()
        wrong += self._not_whole(home)
        if sent is not signal.SIGKILL:
            wrong += [f"{answers} is left" for answers in _foreign(home)]
        wrong += self._next_run(home)
        return [f"{name}: {text}" for text in wrong]

    def _home(self, name: str) -> Path:
        """Make a home with the model, and return its exchange folder."""
        models = Path(os.environ["ADT_PLUGINS_HOME"], "models")
        shutil.copytree(models, self._folder / name / "models")
        return self._folder / name / "audacity"

    def _start(self, home: Path) -> subprocess.Popen[bytes]:
        words = [*COMMAND, "--quiet", "--model", "tiny"]
        return started(words, ADT_PLUGINS_HOME=str(home.parent))

    def _ask(self, home: Path, number: int, end: threading.Event) -> dict[str, bytes]:
        """Act as a plug-in with one request, and return the answer."""
        plugin = self._plugin(home, end)
        shutil.copy(self._recordings[number], plugin.path("wav"))
        plugin.request("tracks" if number % 2 else "labels")
        _wait(plugin.path("answer"), end)
        answer = _answers(home).pop(plugin.id, {})
        plugin.write("done")
        return answer

    def _plugin(self, home: Path, end: threading.Event) -> FakePlugin:
        """Return a plug-in that has been greeted; a user tries again, too."""
        _wait(home, end)
        until = time.monotonic() + PATIENCE_S
        while True:
            plugin = FakePlugin(home)
            plugin.write("ping")
            try:
                _wait(plugin.path("pong"), end, GIVES_UP_S)
            except _TurnedOffError:
                if end.is_set() or time.monotonic() > until:
                    raise
            else:
                return plugin

    def _ask_on(
        self,
        home: Path,
        ending: threading.Event,
        end: threading.Event,
        wrong: list[str],
    ) -> None:
        """Ask until the watcher has gone; once `ending`, it may withdraw answers."""
        try:
            while True:
                for number, expected in enumerate(self._expected):
                    answer = self._ask(home, number, end)
                    taken_back = (
                        answer == _RESTARTED or answer.items() <= expected.items()
                    )
                    if answer != expected and not (ending.is_set() and taken_back):
                        wrong.append(f"another answer about recording {number}")
        except (_TurnedOffError, OSError):
            if not ending.is_set() and home.exists():  # afterwards there may be none
                wrong.append("no answer")

    def _not_whole(self, home: Path) -> list[str]:
        """Return answers other than those that may be there."""
        right = [*self._expected, _RESTARTED]
        # A project is moved into place before the answer that tells of it.
        right += [{"aup": whole["aup"]} for whole in right if "aup" in whole]
        return [
            f"the answer to {request_id} is not whole"
            for request_id, answers in _answers(home).items()
            if answers not in right
        ]

    def _next_run(self, home: Path) -> list[str]:
        """Let another watcher finish the work, and return what is wrong."""
        process = self._start(home)
        end = threading.Event()
        wrong = []
        for number, expected in enumerate(self._expected[:2]):
            try:
                if self._ask(home, number, end) != expected:
                    wrong.append("the next run: another answer")
            except _TurnedOffError:
                wrong.append("the next run: no answer")
        process.terminate()
        if code := process.wait():
            wrong.append(f"the next run: {code}")
        left = [path.name for path in home.iterdir() if path.name != "watch.lock"]
        return wrong + [f"the next run: {name} is left" for name in left]


def started(
    words: Sequence[str], errors: IO[bytes] | None = None, **environment: str
) -> subprocess.Popen[bytes]:
    """Start a process that Ctrl-C would interrupt; its errors go into a file."""
    return subprocess.Popen(
        words,
        stderr=subprocess.DEVNULL if errors is None else errors,
        env={**os.environ, **environment},
        # A script in the background passes on that it ignores the signal.
        preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - no memory is needed
            signal.SIGINT, signal.SIG_DFL
        ),
    )


def _wait(path: Path, end: threading.Event, seconds: float = PATIENCE_S) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        if end.is_set() or time.monotonic() > until:
            raise _TurnedOffError
        time.sleep(0.002)


def _answers(home: Path) -> dict[str, dict[str, bytes]]:
    """Return the content of answers and projects by request, without its name."""
    answers: dict[str, dict[str, bytes]] = {}
    for ending in ("answer", "aup"):
        for path in home.glob(f"*.{ending}"):
            content = path.read_bytes().replace(path.stem.encode(), b"ID")
            answers.setdefault(path.stem, {})[ending] = content
    return answers


def _foreign(home: Path) -> list[str]:
    """Return the files that are neither the plug-in's nor the lock."""
    if not home.exists():
        return []
    names = [path.name for path in home.iterdir() if path.name != "watch.lock"]
    return [name for name in names if name.rpartition(".")[2] not in OWN]
