#!/usr/bin/env bash
# jupyter_server 2.21.1 (tornado 6.6.1), ipykernel 7.4.0, 2026-11-30, Python 3.11
#
# Guess:   what a widget sends from the browser to Python arrives, or fails with an error;
#          a limit would be told somewhere.
# Instead: at a message of more than 10 MiB the server closes the connection, and the log
#          says nothing. JupyterLab connects anew, the widget goes on, and the message is
#          gone. (tornado's default since 4.5; notebook#3468, of 2018.) From Python to the
#          browser there is no such limit.
# Seen:    a request of 10.3 million bytes: ok; of 10.6 million: the connection is closed;
#          of 10.3 million, on a new connection: ok; errors and warnings in the log
#          about it: 0
# Matters: a minute of a recording in floats has 10.6 million bytes: what was dropped onto a
#          widget, or played into the microphone, never reaches the model. Send pieces, and
#          have each confirmed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work"
python3 -m venv env
env/bin/python -m pip install -q jupyter_server==2.21.1 tornado==6.6.1 ipykernel==7.4.0 \
    websocket-client==1.9.2
env/bin/python - <<'PY'
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

import websocket

TOKEN = {"Authorization": "token abc"}


def start_kernel(base):
    """Wait for the server, and start a kernel."""
    for _ in range(300):
        try:
            request = urllib.request.Request(
                f"http://{base}/api/kernels", data=b"{}", headers=TOKEN, method="POST"
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["id"]
        except OSError:
            time.sleep(0.2)
    sys.exit("the server does not start")


def ask(url, size):
    """Send a request of so many bytes; returns what comes back."""
    header = {"msg_id": uuid.uuid4().hex, "session": uuid.uuid4().hex, "username": ""}
    header |= {"msg_type": "execute_request", "version": "5.3", "date": ""}
    message = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell"}
    message |= {"content": {"code": "#" + "x" * size, "silent": False}, "buffers": []}
    connection = websocket.create_connection(url, header=TOKEN, timeout=60)
    try:
        connection.send(json.dumps(message))
        while True:
            answer = json.loads(connection.recv())
            if answer["msg_type"] == "execute_reply":
                return answer["content"]["status"]
    except (OSError, websocket.WebSocketConnectionClosedException, ValueError):
        return "the connection is closed"
    finally:
        connection.close()


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = [sys.executable, "-m", "jupyter_server", "--ip=127.0.0.1", f"--port={port}"]
command += ["--no-browser", "--allow-root", "--IdentityProvider.token=abc"]
with open("log", "w") as log, subprocess.Popen(command, stderr=log) as server:
    try:
        base = f"127.0.0.1:{port}"
        url = f"ws://{base}/api/kernels/{start_kernel(base)}/channels"
        sizes = 10_300_000, 10_600_000, 10_300_000
        results = [ask(url, size) for size in sizes]
    finally:
        server.terminate()
for size, result in zip(sizes, results):
    print(f"a request of {size / 1e6} million bytes: {result}")
about = re.findall(r"(?i)^.*(?:too big|too large|max_message|1009|\[E ).*$",
                   open("log").read(), re.MULTILINE)
print(f"errors and warnings in the log about it: {len(about)}")
is_same = results == ["ok", "the connection is closed", "ok"] and not about
sys.exit(0 if is_same else "CHANGED")
PY
