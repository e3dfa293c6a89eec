"""A tab with the page of `adt web`, and what a user does in it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from adt_plugins import Transcription
from tests.support.browser import until, watched

ADT = "document.querySelector('.song > div').adt"
_IDLE = "document.querySelector('.work').hidden"
# A browser that is given no graphics card says so, and goes on without.
_HARMLESS = re.compile(r"request blob:|INFO|WARNING|.*WebGPU", re.DOTALL)


def drop(page: Any, name: str, data: bytes) -> None:
    """Drop a file of this name on a page."""
    page.evaluate(
        "([name, text]) => {"
        " const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));"
        " const dataTransfer = new DataTransfer();"
        " dataTransfer.items.add(new File([bytes], name));"
        " for (const kind of ['dragover', 'drop']) document.body.dispatchEvent("
        "new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true})); }",
        [name, base64.b64encode(data).decode()],
    )


class Tab:
    """The page in a tab of a context."""

    def __init__(self, context: Any, url: str) -> None:
        self.context = context
        self.page, self.events = watched(context)
        self.url = url
        self.page.goto(url)
        until(self.page, "document.querySelector('.drop') !== null")

    def choose(self, *paths: Path) -> None:
        """Choose files, and wait until the page has done with them."""
        self.begin(*paths)
        self.wait()

    def begin(self, *paths: Path) -> None:
        """Choose files."""
        self.page.set_input_files("input[type=file]", [str(path) for path in paths])

    def drop(self, name: str, data: bytes) -> None:
        """Drop a file of this name, and wait until the page has done with it."""
        drop(self.page, name, data)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is being worked on."""
        until(self.page, _IDLE, seconds=120)

    @property
    def notice(self) -> str:
        """Return the notice that is shown."""
        return str(self.page.evaluate("document.querySelector('.notice').textContent"))

    @property
    def warnings(self) -> str:
        """Return the warnings of the song's view."""
        return str(self.page.locator(".warnings").inner_text())

    @property
    def kept(self) -> list[str]:
        """Names in the list of kept songs."""
        names = self.page.locator(".kept li button:first-child").all_inner_texts()
        return [str(name) for name in names]

    def song(self) -> Transcription:
        """The song that is shown, by way of its JSON."""
        text = self.page.evaluate(f"{ADT}.files('json')[0][1]")
        return Transcription.from_json(text)

    def save(self, kind: str) -> tuple[str, bytes]:
        """Press a button of the bar; return name and content of the file."""
        # Chromium drops what a page saves more than ten times a second.
        self.page.wait_for_timeout(150)
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=f"Save {kind}", exact=True).click()
        done = waiting.value
        return done.suggested_filename, Path(done.path()).read_bytes()

    def close(self) -> None:
        """Close it; nothing may have failed, and nothing been requested."""
        unexpected = [text for text in self.events if not _HARMLESS.match(text)]
        assert set(unexpected) <= {f"request {self.url}"}, unexpected
        self.context.close()


def opened(browser: Any, url: str, **options: Any) -> Tab:
    """Open the page in a context of its own."""
    options = {"viewport": {"width": 1280, "height": 1000}, **options}
    return Tab(browser.new_context(accept_downloads=True, **options), url)
