"""The process that transcribes for Audacity's plug-ins."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from adt_plugins.audacity.lisp import lisp_string
from adt_plugins.audacity.request_folder import (
    FORGOTTEN_S,
    UNFINISHED_S,
    ExchangeError,
    Request,
    RequestFolder,
)
from adt_plugins.audacity.stop import Stop
from adt_plugins.errors import AdtError, CancelledError

# An idle turn takes 25 µs, so 20 a second cost nothing, and a plug-in waits 25 ms on
# average for a reply. From then on Audacity's window is frozen until it has read the
# answer, so every millisecond counts.
IDLE_S = 0.05
ALERT_S = 0.004
ALERT_LASTS_S = 5.0
BEAT_S = 0.2
SWEEP_S = 30.0

RESTARTED = "The drum transcriber was restarted. Choose the command again."

Answer = Callable[[Request, Stop], str]
"""Does the work and returns the answer in Lisp; raises `AdtError`."""


@dataclass
class Watcher:
    """Serves the requests in an exchange folder, one after the other.

    This thread only moves files, so that a plug-in gets a reply at once; a second one
    does the work.

    Parameters
    ----------
    exchange
        The folder.
    answer
        Function that does the work.
    say
        Called with a line about each request.
    """

    exchange: RequestFolder
    answer: Answer
    say: Callable[[str], None] = lambda _: None
    _work: queue.SimpleQueue[Request | None] = field(
        default_factory=queue.SimpleQueue, init=False
    )
    _finished: queue.SimpleQueue[tuple[Request, str, str]] = field(
        default_factory=queue.SimpleQueue, init=False
    )
    _taken: set[str] = field(default_factory=set, init=False)
    _refused: set[str] = field(default_factory=set, init=False)
    _alert_until: float = field(default=0.0, init=False)
    _next_beat: float = field(default=0.0, init=False)
    _next_sweep: float = field(default=0.0, init=False)

    def run(self, stop: Stop) -> None:
        """Serve until `stop` is set."""
        self.recover()
        worker = threading.Thread(target=self._serve, args=(stop,), daemon=True)
        worker.start()
        try:
            while not stop.is_set():
                self.turn()
                alert = self._taken or time.monotonic() < self._alert_until
                time.sleep(ALERT_S if alert else IDLE_S)
        finally:
            stop.set()  # stops the worker too, if this ends with an exception
            self._work.put(None)
            worker.join(10)
            while not self._finished.empty():
                self._finish(*self._finished.get())

    def recover(self) -> None:
        """Clean up after an earlier watcher.

        Plug-ins that still wait get an answer; all other files are removed. A request
        in progress is not tried again, as it may have crashed the earlier watcher.
        """
        self.exchange.remove_drafts()
        files: dict[str, set[str]] = {}
        for request_id, ending in self.exchange.files():
            files.setdefault(request_id, set()).add(ending)
        for request_id, endings in files.items():
            if self.exchange.age(request_id) > UNFINISHED_S:
                self.exchange.forget(request_id)
            elif "busy" in endings and "answer" not in endings:
                self._reply(request_id, _text(RESTARTED))

    def turn(self) -> None:
        """Look at the folder once, and handle its files."""
        now = time.monotonic()
        while not self._finished.empty():
            self._finish(*self._finished.get())
        for request_id, ending in self.exchange.files():
            if ending == "ping":
                self.exchange.remove(request_id, "ping")
                self._write(request_id, "pong", "")
                self._alert_until = now + ALERT_LASTS_S
            elif ending == "request" and request_id not in self._taken:
                self._alert_until = now + ALERT_LASTS_S
                self._take(request_id)
            elif ending == "done" and request_id not in self._taken:
                self.exchange.forget(request_id)
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            for request_id in tuple(self._taken):
                self.exchange.beat(request_id)
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_S
            self._sweep()

    def _take(self, request_id: str) -> None:
        if request_id in self._refused:
            return
        try:
            request = self.exchange.read_request(request_id)
        except ExchangeError as error:
            self._refused.add(request_id)
            self._reply(request_id, _text(str(error)))
            self.say(str(error))
            return
        if request is not None:
            self._taken.add(request_id)
            self.exchange.beat(request_id)
            self._work.put(request)

    def _sweep(self) -> None:
        """Remove the files of plug-ins that crashed."""
        requests = {request_id for request_id, _ in self.exchange.files()}
        self._refused &= requests
        for request_id in requests - self._taken:
            if self.exchange.age(request_id) > FORGOTTEN_S:
                self.exchange.forget(request_id)

    def _serve(self, stop: Stop) -> None:
        """Do the work, in the second thread; the first one handles the files."""
        while (request := self._work.get()) is not None:
            begin = time.monotonic()
            try:
                answer = self.answer(request, stop)
                line = f"{request.kind}: {time.monotonic() - begin:.2f} s"
            except CancelledError:
                answer = _text(RESTARTED)
                line = f"{request.kind}: stopped"
            except AdtError as error:
                answer = _text(str(error))
                line = str(error)
            except Exception as error:  # the next request must be served anyway
                traceback.print_exc()
                answer = _text(f"The drum transcriber failed: {error!r}")
                line = f"{request.kind}: {error!r}"
            self._finished.put((request, answer, line))

    def _finish(self, request: Request, answer: str, line: str) -> None:
        self._reply(request.id, answer)
        self.exchange.remove(request.id, "wav")
        self._taken.discard(request.id)
        self.say(line)

    def _reply(self, request_id: str, answer: str) -> None:
        self._write(request_id, "answer", answer)
        self.exchange.remove(request_id, "request")

    def _write(self, request_id: str, ending: str, text: str) -> None:
        try:
            self.exchange.write(request_id, ending, text)
        except ExchangeError as error:  # such as a full disk, which may have room later
            self.say(str(error))


def _text(message: str) -> str:
    """Return an answer that the plug-in shows to the user."""
    return lisp_string(message) + "\n"
