"""The real Audacity for tests: its own profile, driven over its pipe.

Nothing here uses the package: what it is tested with must not share its faults.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.patience import PATIENCE_S
from tests.support.screen import Screen

LOCK = Path(tempfile.gettempdir()) / "adt-plugins-audacity-tests.lock"
"""Held while an Audacity runs: its pipes are named after the user alone."""

PROGRAMS = ("audacity", "Xvfb", "openbox", "xdotool")
_PIPES = {
    way: Path(f"/tmp/audacity_script_pipe.{way}.{os.getuid()}")
    for way in ("to", "from")
}
_MODULE = "audacity/modules/mod-script-pipe.so"
_ACTIVE_PROJECTS = re.compile(r"^\[ActiveProjects\]\n([^\[].*\n)*", re.MULTILINE)
_CRASH_REPORT = "Debug report"
_ANSWER_END = re.compile(rb"BatchCommand finished: (OK|Failed!)\n\n")


class AudacityError(Exception):
    """The program did not do what it was told."""


class AudacityCrashError(AudacityError):
    """The program itself has crashed, as it now and then does when it closes."""


def missing() -> list[str]:
    """Programs that the tests need and this system does not have."""
    names = [name for name in PROGRAMS if shutil.which(name) is None]
    return names if _pipe_module() else [*names, "mod-script-pipe.so"]


def _pipe_module() -> Path | None:
    folders = [Path("/usr/lib"), *Path("/usr/lib").glob("*-linux-gnu")]
    return next((f / _MODULE for f in folders if (f / _MODULE).exists()), None)


@contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other test run has an Audacity."""
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Audacity:
    """One Audacity, or none at the moment; hold `only_one` while using it.

    Parameters
    ----------
    home
        Its HOME; profile, plug-ins and temporary files lie in it.
    screen
        Where it shows its window.
    """

    def __init__(self, home: Path, screen: Screen) -> None:
        self.home = home
        self.screen = screen
        self.temp = home / "audacity-temp"
        self.config = home / ".config" / "audacity" / "audacity.cfg"
        self.plugin_folder = home / ".local" / "share" / "audacity" / "Plug-Ins"
        self.process: subprocess.Popen[bytes] | None = None
        self.extra: dict[str, str] = {}
        self._to = self._from = -1
        self._buffer = b""

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the program, and for what shall find its profile."""
        kept = {
            name: value
            for name, value in self.screen.env.items()
            if not name.startswith(("XDG_", "ADT_"))
            and name not in ("WAYLAND_DISPLAY", "SESSION_MANAGER")
        }
        return {**kept, "HOME": str(self.home), **self.extra}

    def start(self, *arguments: str | Path, timeout: float = PATIENCE_S) -> None:
        """Start it, with files to open, and wait until it answers."""
        self.launch(*arguments)
        self.connect(timeout)

    def launch(self, *arguments: str | Path) -> None:
        """Start it and do not wait."""
        self.clear()
        self.process = subprocess.Popen(
            ["nice", "-n", "5", "audacity", *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def connect(self, timeout: float = PATIENCE_S) -> None:
        """Wait until a started program has its window and answers."""
        deadline = time.monotonic() + timeout
        self._connect(deadline)
        # What comes before the window exists, or while it takes leave of another
        # client, is swallowed: ask again.
        patience = 0.1
        while not self._ping(min(deadline, time.monotonic() + patience)):
            patience = min(1.0, 2 * patience)
            if time.monotonic() > deadline:
                raise AudacityError(f"no answer; windows: {self.screen.windows()}")
            # After a client it makes new pipes, perhaps just after we opened these.
            if self._is_replaced():
                self.disconnect()
                self._connect(deadline)

    def _is_replaced(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self._to), _PIPES["to"].stat())
        except FileNotFoundError:
            return True

    def disconnect(self) -> None:
        """Leave the pipes to others until `connect`."""
        for end in (self._to, self._from):
            if end >= 0:
                os.close(end)
        self._to = self._from = -1
        self._buffer = b""

    def stop(self) -> None:
        """End it without asking, and remove what it would want to recover."""
        self.disconnect()
        if self.process is not None:
            _end(self.process)
            self.process = None
        self.clear()

    def clear(self) -> None:
        """Remove pipes, and what an ended program would want to recover."""
        for path in _PIPES.values():
            path.unlink(missing_ok=True)
        shutil.rmtree(self.temp, ignore_errors=True)
        self.temp.mkdir(parents=True)
        self._buffer = b""
        if self.config.exists():
            text = self.config.read_text()
            self.config.write_text(_ACTIVE_PROJECTS.sub("", text))

    def command(self, text: str, timeout: float = PATIENCE_S) -> str:
        """Run a command of mod-script-pipe and return its answer."""
        os.write(self._to, text.encode() + b"\n")
        answer, status = self._read_answer(time.monotonic() + timeout)
        if status != b"OK":
            raise AudacityError(f"{text}: {answer}; windows: {self.screen.windows()}")
        return answer

    def info(self, kind: str) -> Any:
        """Answer of ``GetInfo``, e.g. of ``Tracks`` or ``Labels``."""
        answer = self.command(f"GetInfo: Type={kind} Format=JSON")
        return json.loads(answer, strict=False)  # it leaves tabs as they are

    def tracks(self, count: int, timeout: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Wait until there are this many tracks, and return their descriptions.

        A file of the command line is opened some time after the first answers.
        """
        deadline = time.monotonic() + timeout
        while len(tracks := self.info("Tracks")) < count:
            if time.monotonic() > deadline:
                raise AudacityError(f"{tracks}; windows: {self.screen.windows()}")
            time.sleep(0.05)
        return list(tracks)

    def save(self, path: Path) -> None:
        """Save the project as an ``.aup3``."""
        self.command(f'SaveProject2: Filename="{path}" AddToHistory=0', timeout=120)
        if not path.exists():
            raise AudacityError(f"no {path}; windows: {self.screen.windows()}")

    def _connect(self, deadline: float) -> None:
        # The program opens the end that it reads first, and blocks in between.
        while self._to < 0 or self._from < 0:
            try:
                if self._to < 0:
                    self._to = os.open(_PIPES["to"], os.O_WRONLY | os.O_NONBLOCK)
                self._from = os.open(_PIPES["from"], os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                code = None if self.process is None else self.process.poll()
                windows = self.screen.windows
                if code is not None:
                    raise AudacityCrashError(f"ended with code {code}") from None
                if time.monotonic() > deadline:
                    raise AudacityError(f"no pipe; windows: {windows()}") from None
                time.sleep(0.02)

    def _ping(self, deadline: float) -> bool:
        nonce = secrets.token_hex(8)
        try:
            os.write(self._to, f"Message: Text={nonce}\n".encode())
            while nonce not in self._read_answer(deadline)[0]:
                pass
        except (AudacityError, BrokenPipeError):
            return False
        return True

    def _read_answer(self, deadline: float) -> tuple[str, bytes]:
        while (match := _ANSWER_END.search(self._buffer)) is None:
            self._wait_to_read(deadline)
            block = os.read(self._from, 1 << 16)
            if not block:
                if self.process is not None and self.process.poll() is not None:
                    raise AudacityCrashError(
                        f"ended with code {self.process.returncode}"
                    )
                time.sleep(0.02)
            self._buffer += block
        answer = self._buffer[: match.start()]
        self._buffer = self._buffer[match.end() :]
        return answer.decode(), match[1]

    def _wait_to_read(self, deadline: float) -> None:
        while True:
            left = deadline - time.monotonic()
            if left > 0 and select.select([self._from], [], [], min(left, 5.0))[0]:
                return
            windows = self.screen.windows()
            if any(title.startswith(_CRASH_REPORT) for title in windows):
                raise AudacityCrashError(f"windows: {windows}")
            if left <= 0:
                raise AudacityError(f"no answer in time; windows: {windows}")


def make_profile(home: Path, screen: Screen) -> None:
    """Make a profile with the pipe on, plug-ins registered and no dialogs.

    Needs `only_one`. The first start of a profile looks at all plug-ins, replaces
    its pipes while doing so, and forgets that it shall show no welcome.
    """
    audacity = Audacity(home, screen)
    module = _pipe_module()
    if module is None:
        raise AudacityError("no mod-script-pipe.so")
    # A module of another date is taken for a new one, and new ones are off.
    date = datetime.fromtimestamp(int(module.stat().st_mtime)).isoformat()
    audacity.config.parent.mkdir(parents=True)
    audacity.config.write_text(
        f"[Directories]\nTempDir={audacity.temp}\n"
        "[Update]\nDefaultUpdatesChecking=0\nUpdateNoticeShown=1\n"
        "[Module]\nmod-script-pipe=1\n"
        f"[ModulePath]\nmod-script-pipe={module}\n"
        f"[ModuleDateTime]\nmod-script-pipe={date}\n"
    )
    try:
        audacity.start()
    finally:
        audacity.stop()
    text = audacity.config.read_text()
    if text.count("\n[GUI]\n") != 1:
        raise AudacityError(f"an unexpected configuration: {text[:500]}")
    text = text.replace("\n[GUI]\n", "\n[GUI]\nShowSplashScreen=0\n")
    audacity.config.write_text(text)


def copy_profile(source: Path, home: Path, screen: Screen) -> Audacity:
    """An Audacity with a copy of the profile that `make_profile` made."""
    shutil.copytree(source, home, dirs_exist_ok=True)
    audacity = Audacity(home, screen)
    text = audacity.config.read_text().replace(str(source), str(home))
    audacity.config.write_text(text)
    return audacity


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
