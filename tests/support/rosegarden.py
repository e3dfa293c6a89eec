"""The real Rosegarden for tests, driven over its windows.

Nothing here uses the package: what it is tested with must not share its faults.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tests.support.patience import PATIENCE_S
from tests.support.screen import Screen

PROGRAMS = ("rosegarden", "Xvfb", "openbox", "xdotool")
_START_S = 60.0


class SavedNote(NamedTuple):
    """A note of a saved composition."""

    tick: int
    pitch: int
    velocity: int


def missing() -> list[str]:
    """Programs that the tests need and this system does not have."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Rosegarden:
    """A running Rosegarden with an empty composition."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def import_midi(self, path: Path) -> None:
        """Import a file by the menu: File > Import > Import MIDI File."""
        self._focus("Untitled")
        self.screen.keys("alt+f", "i", "m", pause=0.5)
        self._answer("Open MIDI File", path)
        self.screen.wait_window(path.name)

    def save_as(self, path: Path) -> None:
        """Save the composition under a new name."""
        self._focus("Rosegarden$")
        self.screen.keys("ctrl+shift+s")
        self._answer("Save as", path)
        end = time.monotonic() + PATIENCE_S
        while not path.exists() or not path.stat().st_size:
            assert time.monotonic() < end, self.screen.windows()
            time.sleep(0.1)
        self.screen.wait_window(path.name)

    def show_notes(self, name: str, size: tuple[int, int]) -> str:
        """Open the percussion matrix, at its lowest notes; returns its window."""
        self._focus(f"{name} - Rosegarden")
        self.screen.keys("ctrl+a", "d", pause=0.5)
        window = self.screen.wait_window("Matrix")
        time.sleep(0.5)
        self.screen.do("windowmove", window, 0, 0)
        self.screen.do("windowsize", "--sync", window, *size)
        time.sleep(0.5)
        self.screen.do("mousemove", size[0] // 2, size[1] // 2)
        for wheel in [5] * 8 + [4]:  # down to the end, and up a little
            self.screen.do("click", wheel)
        time.sleep(1.0)
        return window

    def _focus(self, title: str) -> None:
        window = self.screen.wait_window(title)
        self.screen.do("windowactivate", "--sync", window)
        time.sleep(0.3)

    def _answer(self, title: str, path: Path) -> None:
        """Type a path into a file dialog."""
        window = self.screen.wait_window(title)
        self.screen.do("windowactivate", "--sync", window)
        time.sleep(0.5)
        self.screen.do("type", str(path))
        self.screen.keys("Return")


@contextmanager
def rosegarden(home: Path, screen: Screen) -> Iterator[Rosegarden]:
    """Start it with a profile of its own, and end it."""
    home.mkdir()
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_RUNTIME_DIR": home,
    }
    env = {**os.environ, **screen.env, **{k: str(v) for k, v in folders.items()}}
    process = subprocess.Popen(
        ["rosegarden", "--nosplash", "--nosound"],
        env={**env, "LANG": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        welcome = screen.wait_window("Welcome", _START_S)
        screen.do("windowactivate", "--sync", welcome)
        screen.keys("Return", pause=0.5)
        time.sleep(0.5)
        yield Rosegarden(screen)
    finally:
        process.kill()
        process.wait(10)


def saved(path: Path) -> ET.Element:
    """Root of a saved composition."""
    return ET.fromstring(gzip.decompress(path.read_bytes()))


def saved_notes(root: ET.Element) -> list[SavedNote]:
    """Notes of all segments, in the order of time.

    Each event begins where the one before ended, plus its offset; those of a chord
    begin together.
    """
    notes = []
    for segment in root.iter("segment"):
        tick = int(segment.get("start", "0"))
        for item in segment:
            lengths = [0]
            for event in item.iter("event"):
                tick += int(event.get("timeOffset", "0"))
                if event.get("type") == "note":
                    notes.append(SavedNote(tick, *_pitch_and_velocity(event)))
                lengths.append(int(event.get("duration", "0")))
            tick += max(lengths)
    return sorted(notes)


def _pitch_and_velocity(event: ET.Element) -> tuple[int, int]:
    values = {p.get("name"): int(p.get("int", "0")) for p in event.iter("property")}
    return values["pitch"], values["velocity"]
