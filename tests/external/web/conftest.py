"""The page that transcribes, from disk and from a plain server, in Chromium."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.cli import main
from tests.support.browser import chromium
from tests.support.paths import GROOVE
from tests.support.web.tab import Tab, opened


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web") / "drums.html"
    assert main(["web", "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def urls(page_file: Path) -> Iterator[dict[str, str]]:
    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = functools.partial(Silent, directory=str(page_file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{page_file.name}"
        yield {"file": page_file.as_uri(), "http": address}
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def tab(browser: Any, urls: dict[str, str]) -> Iterator[Tab]:
    tab = opened(browser, urls["file"])
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def by_python() -> Transcription:
    return transcribe(GROOVE)
