"""A virtual screen that can be looked at and typed on."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S


def open_screen(folder: Path, missing: Sequence[str]) -> Iterator[Screen]:
    """Yield a screen for the fixtures of a session; skip where there can be none.

    Parameters
    ----------
    folder
        See `Screen`.
    missing
        Programs that the tests need and that are not installed.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("not on this system: the tests drive programs for Linux")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    screen = Screen(folder)
    try:
        yield screen
    finally:
        screen.close()


class Screen:
    """A virtual screen with a window manager.

    Parameters
    ----------
    folder
        Where its memory is kept, for `screenshot`.
    size
        Width and height in pixels.
    """

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 900)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._memory = folder / "Xvfb_screen0"
        read, write = os.pipe()
        width, height = size
        command = ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-fbdir"]
        self._server = subprocess.Popen(
            [*command, folder, "-screen", "0", f"{width}x{height}x24"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as answer:
            self.display = f":{answer.readline().strip()}"
        self.env = {**os.environ, "DISPLAY": self.display}
        self._manager = subprocess.Popen(
            ["openbox"],
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End both programs."""
        for process in (self._manager, self._server):
            process.terminate()
            process.wait(10)

    def do(self, *command: str | int) -> str:
        """Run xdotool; returns what it prints."""
        result = subprocess.run(
            ["xdotool", *map(str, command)],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return result.stdout.strip()

    def keys(self, *names: str, pause: float = 0.15) -> None:
        """Press keys, each after a pause, e.g. ``"alt+a"``, ``"Return"``."""
        for name in names:
            time.sleep(pause)
            self.do("key", "--clearmodifiers", name)

    def windows(self) -> list[str]:
        """Titles of the visible windows."""
        ids = self.do("search", "--onlyvisible", "--name", ".").split()
        return [name for name in (self.do("getwindowname", i) for i in ids) if name]

    def wait_window(self, title: str, timeout: float = PATIENCE_S) -> str:
        """Id of the first visible window whose title matches."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            windows = self.do("search", "--onlyvisible", "--name", title).split()
            if windows:
                return windows[0]
            time.sleep(0.1)
        raise AssertionError(f"no window {title!r}; there are {self.windows()}")

    def place(self, window: str) -> tuple[int, int, int, int]:
        """Left, top, width and height of a window's inside."""
        # What getwindowgeometry says of the place counts the frame twice.
        self.do("mousemove", "--window", window, 0, 0)
        at = _numbers(self.do("getmouselocation", "--shell"))
        size = _numbers(self.do("getwindowgeometry", "--shell", window))
        return at["X"], at["Y"], size["WIDTH"], size["HEIGHT"]

    def click(self, window: str, x: int, y: int) -> None:
        """Click into a window, at a place counted from its right if negative."""
        width = self.place(window)[2]
        self.do("mousemove", "--window", window, x % width, y)
        self.do("click", 1)

    def screenshot(self, path: Path, window: str | None = None) -> None:
        """Write what is on the screen, or in one window's area, as a PNG."""
        data = self._memory.read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, width, height, stride = header[0], header[4], header[5], header[12]
        start = size + 12 * header[19]
        left, top = 0, 0
        if window is not None:
            left, top, wide, high = self.place(window)
            width, height = min(width - left, wide), min(height - top, high)
        rows = []
        for y in range(top, top + height):
            row = data[start + y * stride + 4 * left :][: 4 * width]
            rgb = bytearray(3 * width)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows.append(b"\0" + rgb)
        _write_png(path, width, height, b"".join(rows))


def _numbers(text: str) -> dict[str, int]:
    return {k: int(v) for k, v in (line.split("=") for line in text.splitlines())}


def _write_png(path: Path, width: int, height: int, rows: bytes) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
