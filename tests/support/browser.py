"""Debian's Chromium, as the tests and the benchmark of the widget start it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def find_program() -> str:
    """Where the browser is; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    return program


@contextmanager
def chromium(unlike_playwright: Sequence[str] = ()) -> Iterator[Any]:
    """Start a browser, without some flags of Playwright; skips where there is none."""
    program = find_program()
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=FLAGS,
            ignore_default_args=list(unlike_playwright),
        )
        yield browser
        browser.close()


def watched(context: Any) -> tuple[Any, list[str]]:
    """Open a page; what goes wrong in it, and what it asks for, is in the list."""
    page = context.new_page()
    page.set_default_timeout(20_000)
    events: list[str] = []
    page.on("pageerror", lambda error: events.append(f"{error}\n{error.stack}"))
    page.on("console", lambda message: events.extend(_errors(message)))
    page.on("request", lambda request: events.append(f"request {request.url}"))
    return page, events


def _errors(message: Any) -> list[str]:
    return [message.text] if message.type == "error" else []


def pixels(shot: bytes) -> NDArray[np.uint8]:
    """A screenshot as an array of shape (height, width, 3)."""
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(shot))
    return np.asarray(image.convert("RGB"))


def runs(row: NDArray[np.bool_]) -> list[float]:
    """Return the middles of the stretches that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
    return [(a + b - 1) / 2 for a, b in zip(edges[::2], edges[1::2], strict=True)]


def until(page: Any, expression: str, seconds: float = 20.0) -> None:
    """Wait until an expression is true; a strict policy forbids Playwright's way."""
    for _ in range(round(seconds * 20)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")
