"""A real Jupyter server with a notebook that shows the widget."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from tests.support.browser import until, watched
from tests.support.paths import ROOT


@contextmanager
def server(program: str, folder: Path) -> Iterator[str]:
    """Start ``"lab"`` or ``"notebook"`` in a folder; yield its address."""
    module = {"lab": "jupyterlab", "notebook": "notebook"}[program]
    pytest.importorskip(module)
    port = free_port()
    app = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}[program]
    homes = {
        name: str(folder / ".jupyter" / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR",
                     "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR")
    }  # fmt: skip
    command = [
        sys.executable, "-m", module, "--allow-root", "--no-browser", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--{app}.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    with serving(command, folder, f"http://127.0.0.1:{port}", "/api", homes) as address:
        yield address


@contextmanager
def serving(
    command: Sequence[str],
    folder: Path,
    address: str,
    health: str,
    variables: Mapping[str, str],
) -> Iterator[str]:
    """Start a server in a folder, and yield its address once `health` answers."""
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT)}
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(address + health, started)
            yield address
        finally:
            started.terminate()
            started.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server that was started answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.URLError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the server does not answer")


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    content = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"c{number}",
                "metadata": {},
                "outputs": [],
                "source": cell,
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "p", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), encoding="utf-8")


class Notebook:
    """A notebook that is open in a browser."""

    def __init__(self, context: Any, program: str, address: str, name: str) -> None:
        self.program = program
        self.page, self.events = watched(context)
        way = {"lab": "lab/tree", "notebook": "notebooks"}[program]
        self.page.goto(f"{address}/{way}/{name}")
        self.page.locator(".jp-CodeCell").first.wait_for()
        until(
            self.page, "!!window.jupyterapp?.commands.hasCommand('notebook:run-cell')"
        )
        kernel = "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel"
        until(self.page, f"{kernel}?.connectionStatus === 'connected'")

    def command(self, name: str) -> None:
        self.page.evaluate(f"window.jupyterapp.commands.execute('notebook:{name}')")

    def run_all(self) -> None:
        """Run all cells and wait for the last."""
        self.command("run-all-cells")
        self.page.locator(".jp-CodeCell").last.locator(
            ".jp-InputPrompt", has_text="]:"
        ).wait_for()
        until(
            self.page,
            "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
            ".every(prompt => /\\[\\d+\\]/.test(prompt.textContent))",
            60,
        )

    def python(self, code: str) -> Any:
        """Run code in the kernel and return what it assigns to `answer`."""
        result = self.page.evaluate(
            """async code => {
              const shown = window.jupyterapp.shell.currentWidget;
              const { kernel } = shown.sessionContext.session;
              let text = '';
              const future = kernel.requestExecute({ code });
              future.onIOPub = ({ header, content }) => {
                if (header.msg_type === 'stream') text += content.text;
                if (header.msg_type === 'error') text += content.traceback.join('\\n');
              };
              await future.done;
              return text;
            }""",
            f"import json\nanswer = None\n{code}\nprint('@@' + json.dumps(answer))",
        )
        printed, mark, answer = result.rpartition("@@")
        assert mark, printed
        return json.loads(answer)
