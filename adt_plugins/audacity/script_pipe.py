"""Sends commands to a running Audacity through its module mod-script-pipe.

The module is off by default and has pitfalls, each of which is handled here:

- any open dialog blocks all answers, so every wait has a time limit, and a message
  explains it;
- commands that arrive before the window is open are lost, and an answer may belong to
  an earlier client that did not wait for it, so a message with a random number is sent
  until that number comes back;
- the pipes are replaced after every client, and during Audacity's first start, when it
  scans for plug-ins;
- pipes are left behind when Audacity crashes;
- a command has at most 1022 bytes.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from itertools import chain, repeat
from types import TracebackType
from typing import Any

from adt_plugins.audacity.answers import parse_answer
from adt_plugins.audacity.script_pipe_channel import Channel, NoAudacityError, PipeError
from adt_plugins.errors import reason_of

MAX_COMMAND_BYTES = 1022
CONNECT_S = 5.0
COMMAND_S = 15.0
FILE_COMMAND_S = 600.0
"""Time limit of a command that reads or writes a file, which may be long."""

_OPEN_S = 1.0
# The first question is lost if Audacity is just closing the pipes of an earlier client.
# A busy Audacity need not be asked ten times a second.
_PINGS_S = (0.1, 0.2, 0.4, 1.0)
_PAUSE_S = 0.02
_ANSWER_END = re.compile(rb"BatchCommand finished: (OK|Failed!)\r?\n\r?\n")
_MAX_ANSWER_BYTES = 256 << 20


def open_channel() -> Channel:
    """Open the pipes of this user's Audacity.

    Raises
    ------
    NoAudacityError
        If there are none, or Audacity does not read them.
    PipeError
        If they belong to another user.
    """
    if sys.platform == "win32":
        from adt_plugins.audacity.script_pipe_windows import WindowsChannel

        return WindowsChannel()
    from adt_plugins.audacity.script_pipe_posix import PosixChannel

    return PosixChannel()


def _open_soon() -> Channel:
    """Open the pipes, even if Audacity is just creating them.

    Between two clients it replaces them with new ones.
    """
    deadline = time.monotonic() + _OPEN_S
    while True:
        try:
            return open_channel()
        except NoAudacityError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_S)


class Pipe:
    """A conversation with a running Audacity.

    Parameters
    ----------
    timeout
        Time to wait for the first answer, in seconds.

    Raises
    ------
    PipeError
        If no Audacity with the module is running, or it does not answer.
    """

    def __init__(self, timeout: float = CONNECT_S) -> None:
        self._received = b""
        self._in_step = False
        self._channel = _open_soon()
        try:
            self._get_in_step(timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Pipe:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation; Audacity keeps running."""
        self._channel.close()

    def command(self, text: str, timeout: float = COMMAND_S) -> str:
        """Run a command and return Audacity's answer.

        Parameters
        ----------
        text
            One line, e.g. ``"SelectAll:"``.
        timeout
            Time to wait for its end, in seconds.

        Raises
        ------
        PipeError
            If it fails, is too long, or does not end in time. In the last case
            Audacity may still run it later.
        """
        name = text.partition(":")[0]
        data = text.encode()
        if len(data) > MAX_COMMAND_BYTES or "\n" in text or "\r" in text:
            raise PipeError(f"{name}: the command is too long for Audacity's pipe")
        if not self._in_step:
            self._get_in_step(CONNECT_S)
        self._send(data)
        answer, done = self._answer(time.monotonic() + timeout)
        if not done:
            raise PipeError(f"Audacity refused {name}: {_one_line(answer)}")
        return answer

    def info(self, kind: str) -> Any:
        """Return the answer to ``GetInfo``, e.g. about ``"Tracks"`` or ``"Labels"``.

        Raises
        ------
        PipeError
            If the command fails, or its answer is not understood.
        """
        answer = self.command(f"GetInfo: Type={kind} Format=JSON", FILE_COMMAND_S)
        try:
            return parse_answer(answer)
        except ValueError as error:
            raise PipeError(f"Audacity's answer is not understood: {error}") from error

    def _get_in_step(self, timeout: float) -> None:
        """Ask until an answer belongs to this question, and not to an earlier one."""
        deadline = time.monotonic() + timeout
        for patience in chain(_PINGS_S, repeat(_PINGS_S[-1])):
            nonce = secrets.token_hex(8)
            try:
                if self._channel.is_replaced():
                    self._channel.close()
                    self._channel = _open_soon()
                    self._received = b""
                self._send(f"Message: Text={nonce}".encode())
                until = min(deadline, time.monotonic() + patience)
                while nonce not in self._answer(until)[0]:
                    pass
                self._in_step = True
                return
            except _TooLateError:
                if time.monotonic() >= deadline:
                    raise _silence(timeout) from None
            except _GoneError:
                # Audacity quits, or is replacing its pipes.
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE_S)

    def _send(self, data: bytes) -> None:
        try:
            self._channel.send(data + self._channel.line_end)
        except BlockingIOError:
            # Audacity has left 64 KiB of commands unread.
            raise _silence(0) from None
        except OSError as error:
            raise _GoneError(error) from error

    def _answer(self, deadline: float) -> tuple[str, bool]:
        """Return the next answer, and whether the command succeeded."""
        self._in_step = False
        start = time.monotonic()
        searched = 0
        while (match := _ANSWER_END.search(self._received, searched)) is None:
            searched = max(0, len(self._received) - 40)
            left = deadline - time.monotonic()
            if left <= 0:
                raise _silence(time.monotonic() - start)
            if len(self._received) > _MAX_ANSWER_BYTES:
                raise PipeError("Audacity's answer has no end")
            try:
                self._received += self._channel.receive(left)
            except OSError as error:
                raise _GoneError(error) from error
        answer = self._received[: match.start()]
        self._received = self._received[match.end() :]
        self._in_step = True
        return answer.decode(errors="replace"), match[1] == b"OK"


class _TooLateError(PipeError):
    """No answer in time."""


class _GoneError(PipeError):
    """Audacity has closed its end of the pipe."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Audacity has gone: {reason_of(error)}")


def _silence(seconds: float) -> _TooLateError:
    waited = f" for {seconds:.0f} s" if seconds >= 1 else ""
    return _TooLateError(
        f"Audacity has not answered{waited}: it is busy, or a dialog is open in its"
        " window; close that, and try again"
    )


def _one_line(answer: str) -> str:
    return " ".join(answer.split())[:200] or "it does not say why"
