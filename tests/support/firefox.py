"""Debian's Firefox, driven by WebDriver BiDi, which it speaks by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_PREFERENCES = {
    "media.autoplay.default": 0,  # whoever drives it never clicks
    "media.autoplay.blocking_policy": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
_START_S, _ANSWER_S = 60.0, 120.0


class Firefox:
    """One tab."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self.errors: list[str] = []
        """What went wrong in the page."""
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        tree = self.ask("browsingContext.getTree")
        self._tab = tree["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> Any:
        """Send a command and return its result."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(command))
        while True:
            answer = json.loads(self._socket.recv())
            entry = answer.get("params", {})
            if answer.get("method") == "log.entryAdded" and entry["level"] == "error":
                self.errors.append(str(entry["text"]))
            if answer.get("id") != self._number:
                continue
            assert answer["type"] == "success", f"{method}: {answer}"
            return answer["result"]

    def open(self, address: str) -> None:
        """Go to a page."""
        self.ask(
            "browsingContext.navigate", context=self._tab, url=address, wait="complete"
        )

    def evaluate(self, expression: str) -> Any:
        """Value of an expression as JSON has it; of a promise, what it comes to."""
        result = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._tab},
            awaitPromise=True,
            userActivation=True,
        )
        assert result["type"] == "success", result["exceptionDetails"]["text"]
        value = result["result"].get("value")
        return None if value is None else json.loads(value)

    def until(self, expression: str, seconds: float = 60.0) -> None:
        """Wait for an expression to be true."""
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.1)

    def press(self, *keys: str) -> None:
        """Press keys together."""
        actions = [{"type": "keyDown", "value": key} for key in keys]
        actions += [{"type": "keyUp", "value": key} for key in reversed(keys)]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self._tab, actions=[source])

    def choose_file(self, element: str, path: Path) -> None:
        """Give a file to an input, told by an expression."""
        found = self.ask(
            "script.evaluate",
            expression=element,
            target={"context": self._tab},
            awaitPromise=False,
        )
        self.ask(
            "input.setFiles",
            context=self._tab,
            element={"sharedId": found["result"]["sharedId"]},
            files=[str(path)],
        )

    def screenshot(self) -> str:
        """Picture of the page, as base64."""
        picture: str = self.ask("browsingContext.captureScreenshot", context=self._tab)[
            "data"
        ]
        return picture


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Start it; skips where there is none."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("Firefox is not installed")
    websocket = pytest.importorskip("websocket")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        preferences = Path(folder, "user.js")
        preferences.write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in _PREFERENCES.items()
            ),
            encoding="utf-8",
        )
        log = Path(folder, "log")
        command = [
            program, "--headless", "--no-remote", "--remote-debugging-port=0",
            "--profile", folder, "about:blank",
        ]  # fmt: skip
        with log.open("wb") as output:
            started = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                env={**os.environ, "HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"},
            )
        try:
            address = _address(log, started)
            socket = websocket.create_connection(
                f"{address}/session", timeout=_ANSWER_S, suppress_origin=True
            )
            yield Firefox(socket)
            socket.close()
        finally:
            started.terminate()
            started.wait()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _START_S
    while True:
        said = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"BiDi listening on (ws://\S+)", said):
            return found[1]
        assert process.poll() is None, said
        assert time.monotonic() < end, f"Firefox does not answer: {said}"
        time.sleep(0.1)
