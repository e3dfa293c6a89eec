"""A running Audacity with our plug-ins, for the tests of what they do there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity
    from tests.support.screen import Screen

OWN_TRACK = "Labels 1"
"""What Audacity calls the first label track that it makes itself."""


@dataclass
class Studio:
    """A running Audacity with our plug-ins, and a watcher when one is asked for."""

    audacity: Audacity
    screen: Screen
    home: Path

    def adt(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "adt_plugins", *map(str, arguments)]

    @property
    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ADT_")}
        return {**kept, "HOME": str(self.home)}

    @property
    def exchange(self) -> Path:
        return self.home / ".local" / "state" / "adt-plugins" / "audacity"

    @contextlib.contextmanager
    def watching(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            self.adt("audacity", "watch", *arguments),
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
        ) as watcher:
            assert watcher.stdout is not None
            assert "waiting for Audacity" in watcher.stdout.readline()
            try:
                yield watcher
            finally:
                watcher.terminate()
                try:
                    watcher.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    watcher.kill()
                    raise

    def do(self, *commands: str) -> None:
        for command in commands:
            try:
                self.audacity.command(command, timeout=60)
            except Exception:
                self.screen.screenshot(self.home.parent / "failed.png")
                raise

    def begin(self, *recordings: Path) -> None:
        """Empty the project and import recordings, one below the other."""
        try:
            self.audacity.connect(timeout=5)
        except Exception:  # an earlier test has left a dialog
            self.audacity.stop()
            self.audacity.start()
        # Not SelectAll: while a label is being edited, that selects its text.
        self.do("SelectTracks: Track=0 TrackCount=100 Mode=Set")
        if self.audacity.info("Tracks"):
            self.do("RemoveTracks:")
        assert self.audacity.info("Tracks") == []
        for path in recordings:
            self.do(f'Import2: Filename="{path}"')

    def select(self, start: float, end: float, track: int = 0, count: int = 1) -> None:
        self.do(
            f"SelectTime: Start={start} End={end} RelativeTo=ProjectStart",
            f"SelectTracks: Track={track} TrackCount={count} Mode=Set",
        )

    def labels(self) -> dict[str, list[tuple[float, str]]]:
        """Start and text of the labels of each drum's track, by its name."""
        names = [track["name"] for track in self.audacity.info("Tracks")]
        tracks: dict[str, list[tuple[float, str]]] = {}
        for index, labels in self.audacity.info("Labels"):
            if names[index] in ("Beats", "Bars"):
                continue
            assert names[index] not in tracks, "two tracks of one name"
            tracks[names[index]] = [(start, text) for start, end, text in labels]
            if names[index] != OWN_TRACK:
                assert all(start == end for start, end, _ in labels)
        return tracks

    def messages(self, title: str) -> int:
        """Number of windows with this title: the progress bar's, and a message's."""
        return self.screen.windows().count(title)


def wait_labels(studio: Studio, count: int = 1, timeout: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout
    while len(studio.audacity.info("Labels")) < count:
        assert time.monotonic() < end, f"no labels; {studio.screen.windows()}"
        time.sleep(0.1)


def wait_message(studio: Studio, name: str, timeout: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout
    while studio.messages(name) < 2:
        assert time.monotonic() < end, studio.screen.windows()
        time.sleep(0.02)


def wait_busy(studio: Studio, timeout: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout
    while not list(studio.exchange.glob("*.busy")):
        assert time.monotonic() < end, studio.screen.windows()
        time.sleep(0.001)


def time_to_message(studio: Studio, name: str, timeout: float = PATIENCE_S) -> float:
    """Run a command; seconds from its window to its message."""
    with pytest.raises(Exception, match="no answer"):
        studio.audacity.command(name.replace(" ", "") + ":", timeout=0.01)
    begin = time.monotonic()
    while studio.messages(name) < 1:
        assert time.monotonic() < begin + timeout, studio.screen.windows()
        time.sleep(0.01)
    begin = time.monotonic()
    wait_message(studio, name)
    return time.monotonic() - begin
