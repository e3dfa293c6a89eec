"""The peer of our client of the pipe, as the test wants it to be."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

OK = "\nBatchCommand finished: OK\n\n"
FAILED = "\nBatchCommand finished: Failed!\n\n"
Answer = Callable[[str], str | None]


def echo(command: str) -> str | None:
    """Answer as Audacity does."""
    name, _, rest = command.partition(":")
    return rest.partition("Text=")[2] + OK if name == "Message" else f"{name} done{OK}"


class FakeAudacity:
    """Both pipes, and a thread that serves one client after the other.

    It takes the steps of Audacity's module in their order: when a client has
    gone it closes and removes the pipes, and makes new ones for the next.

    Parameters
    ----------
    folder
        Where the pipes are.
    answer
        Gives the answer to a command; None: swallow it.
    pause
        Seconds between any two of these steps.
    """

    def __init__(self, folder: Path, answer: Answer = echo, pause: float = 0) -> None:
        self.folder, self.answer, self.pause = folder, answer, pause
        self.commands: list[str] = []
        self._stop = False
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._made.wait(5)

    def close(self) -> None:
        self._stop = True
        while self._thread.is_alive():
            # It may be waiting for somebody to open the one or the other.
            for way, mode in (("to", os.O_WRONLY), ("from", os.O_RDONLY)):
                with contextlib.suppress(OSError):
                    os.close(os.open(self.folder / way, mode | os.O_NONBLOCK))
            self._thread.join(0.02)

    def _run(self) -> None:
        while not self._stop:
            self._remove()
            for way in ("from", "to"):
                os.mkfifo(self.folder / way)
                time.sleep(self.pause)
            self._made.set()
            to = (self.folder / "to").open()
            time.sleep(self.pause)
            back = (self.folder / "from").open("w")
            for line in to:
                self._serve(line.rstrip("\n"), back)
            for end in (to, back):
                time.sleep(self.pause)
                with contextlib.suppress(BrokenPipeError):
                    end.close()
            self._remove()

    def _serve(self, command: str, back: TextIO) -> None:
        self.commands.append(command)
        text = self.answer(command)
        if text is not None:
            with contextlib.suppress(BrokenPipeError):
                back.write(text)
                back.flush()

    def _remove(self) -> None:
        for way in ("to", "from"):
            time.sleep(self.pause)
            (self.folder / way).unlink(missing_ok=True)


@contextlib.contextmanager
def fake(
    folder: Path, answer: Answer = echo, pause: float = 0
) -> Iterator[FakeAudacity]:
    """A peer that ends with the block."""
    audacity = FakeAudacity(folder, answer, pause)
    try:
        yield audacity
    finally:
        audacity.close()
