"""Debian's Firefox, driven by its own protocol (Marionette): no driver is needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket
from typing import Any

import pytest

PATIENCE_S = 120.0
# Sound without a click, nothing asked of anybody, and no first-run pages.
_SETTINGS = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "services.settings.server": "data:,",
}
_SHIFT = "\ue008"
KEYS = {"Control": "\ue009", "Shift": _SHIFT, "Delete": "\ue017", "ArrowDown": "\ue015"}


class Firefox:
    """A window; commands are those of WebDriver."""

    def __init__(self, port: int) -> None:
        self._socket = create_connection(("127.0.0.1", port), PATIENCE_S)
        self._file = self._socket.makefile("rb")
        self._count = 0
        self._message()  # it says what it is
        self.version = str(
            self._ask("WebDriver:NewSession")["capabilities"]["browserVersion"]
        )
        self._ask("WebDriver:SetTimeouts", script=1000 * PATIENCE_S)

    def _message(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            assert byte, "Firefox ended"
            length += byte
        return json.loads(self._file.read(int(length)))

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._count += 1
        text = json.dumps([0, self._count, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._message()
        assert error is None, f"{command}: {error}"
        return result

    def goto(self, url: str) -> None:
        """Open an address, and wait for the page."""
        self._ask("WebDriver:Navigate", url=url)

    def reload(self) -> None:
        """Load the page again."""
        self._ask("WebDriver:Refresh")

    def evaluate(self, expression: str, *arguments: Any) -> Any:
        """Value of an expression, awaited; `args` are the arguments."""
        script = (
            "const [...args] = arguments; const done = args.pop();"
            f"(async () => ({expression}))().then(value => done([value]),"
            " error => done([null, `${error}\n${error.stack}`]))"
        )
        answer = self._ask(
            "WebDriver:ExecuteAsyncScript", script=script, args=arguments
        )
        value, *error = answer["value"]
        assert not error, error
        return value

    def until(self, expression: str, seconds: float = 60.0) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Press keys together, as "Control", "z"."""
        codes = [KEYS.get(key, key) for key in keys]
        steps = [{"type": "keyDown", "value": code} for code in codes]
        steps += [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self._act({"type": "key", "id": "keys", "actions": steps})

    def _act(self, actions: dict[str, Any]) -> None:
        self._ask("WebDriver:PerformActions", actions=[actions])
        self._ask("WebDriver:ReleaseActions")

    def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._ask("WebDriver:TakeScreenshot")["value"])

    def close(self) -> None:
        """End the browser."""
        self._ask("Marionette:Quit", flags=["eForceQuit"])
        self._file.close()
        self._socket.close()


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Start a browser with a new profile in a folder; skips where there is none."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("Firefox is not installed")
    with (
        _sound_card(folder) as environment,
        _started(program, folder, environment) as window,
    ):
        yield window


@contextmanager
def _sound_card(folder: Path) -> Iterator[dict[str, str]]:
    """A sound card that nobody hears: Firefox plays nothing where there is none."""
    program = shutil.which("pulseaudio")
    if program is None:
        pytest.skip("PulseAudio is not installed")
    place = folder / "native"
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    server = f"module-native-protocol-unix auth-anonymous=1 socket={place}"
    command = [program, "-n", "--daemonize=no", "--exit-idle-time=-1"]
    command += ["--use-pid-file=no", "--disable-shm=yes", "--load=module-null-sink"]
    with (folder / "sound.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--load={server}"], env=environment, stdout=log, stderr=log
        )
        try:
            end = time.monotonic() + PATIENCE_S
            while not place.exists():
                assert process.poll() is None, "PulseAudio ended"
                assert time.monotonic() < end, "PulseAudio does not start"
                time.sleep(0.1)
            yield {**os.environ, "PULSE_SERVER": f"unix:{place}"}
        finally:
            process.kill()
            process.wait()


@contextmanager
def _started(
    program: str, folder: Path, environment: dict[str, str]
) -> Iterator[Firefox]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in {**_SETTINGS, "marionette.port": port}.items()
    ]
    profile = folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [program, "--headless", "--marionette", "--no-remote"]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--profile", str(profile)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            window = _connected(port, process)
            yield window
            window.close()
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def _connected(port: int, process: subprocess.Popen[bytes]) -> Firefox:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "Firefox ended"
        try:
            return Firefox(port)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "Firefox does not answer"
            time.sleep(0.2)
