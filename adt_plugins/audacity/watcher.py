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
from adt_plugins.errors import AdtError, CancelledError

# Idle, a turn takes 25 µs: 20 turns a second are nothing, and a plug-in waits
# 25 ms for the first sign of life. Once it is there, Audacity's window stands
# still until the answer is read, so every millisecond counts.
IDLE_S = 0.05
ALERT_S = 0.004
ALERT_LASTS_S = 5.0
BEAT_S = 0.2
SWEEP_S = 30.0

RESTARTED = "The drum transcriber was restarted. Choose the command again."

Answer = Callable[[Request, threading.Event], str]
"""Does the work and returns the answer in Lisp; raises `AdtError`."""


@dataclass
class Watcher:
    """Serves the requests in an exchange folder, one after the other.

    This thread only moves files, so that a plug-in hears at once that somebody
    is there; the work is done in a second one.

    Parameters
    ----------
    exchange
        The folder.
    answer
        Does the work.
    say
        Gets one line about each request.
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

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        self.recover()
        worker = threading.Thread(target=self._serve, args=(stop,), daemon=True)
        worker.start()
        try:
            while not stop.is_set():
                self.turn()
                alert = self._taken or time.monotonic() < self._alert_until
                stop.wait(ALERT_S if alert else IDLE_S)
        finally:
            stop.set()  # of the worker too, if this ends by an exception
            self._work.put(None)
            worker.join(10)
            while not self._finished.empty():
                self._finish(*self._finished.get())

    def recover(self) -> None:
        """Put in order what an earlier watcher left.

        A plug-in that still waits is told; what nobody waits for is removed. A
        request that was being worked on is not tried again: it may have been
        what ended the earlier one.
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
        """Look once at the folder and do what is to be done."""
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
        """Remove what plug-ins have left that ended badly."""
        requests = {request_id for request_id, _ in self.exchange.files()}
        self._refused &= requests
        for request_id in requests - self._taken:
            if self.exchange.age(request_id) > FORGOTTEN_S:
                self.exchange.forget(request_id)

    def _serve(self, stop: threading.Event) -> None:
        """Do the work, in the second thread; files are the first one's."""
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
            except Exception as error:  # the next request must be served all the same
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
        except ExchangeError as error:  # a full disk may have room later
            self.say(str(error))


def _text(message: str) -> str:
    """Return an answer that the plug-in shows to the user."""
    return lisp_string(message) + "\n"
