"""Compares the page of `adt web` with Python: hits, time, size and responsiveness.

``python benchmarks/web.py [speed|parity …] [--minutes 5]`` prints tables and fails if
the page is more than 2 MB, takes more than twice as long as Python in the same run, or
stops answering for more than 50 ms. The first file is chosen a second after the page
was opened, which is quick for a person: its workers start meanwhile. Needs
the extras `test` and `test-browser`, Chromium, and for the parity npm.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from adt_plugins import Transcription, transcribe  # noqa: E402
from adt_plugins.editor.picks import PickedSong  # noqa: E402
from adt_plugins.features.spectrogram import spectrogram  # noqa: E402
from adt_plugins.network.catalogue import find_model  # noqa: E402
from adt_plugins.web_page import write_page  # noqa: E402
from tests.support.audio import RATE  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.front_end import copy_front_end  # noqa: E402
from tests.support.web import engine  # noqa: E402
from tests.support.web.songs import groove, songs  # noqa: E402
from tests.support.web.tab import Tab  # noqa: E402

MOST_BYTES = 2_000_000
MOST_TIMES = 2.0
MOST_MS = 50.0
REPEATS = 3
CHOOSING_MS = 1000
"""Between opening the page and choosing the first file."""


def write_mp3(path: Path, minutes: float) -> Path:
    """Write the example, again and again, in stereo."""
    samples = np.resize(np.stack(groove(), axis=1), (round(minutes * 60 * RATE), 2))
    soundfile.write(path, samples, RATE, format="MP3")
    return path


class Clock:
    """Seconds on the clock, and of the processor, since it was started."""

    def __init__(self, processes: Callable[[], Sequence[psutil.Process]]) -> None:
        self._processes = processes
        self._before = self._used()
        self._began = time.perf_counter()

    def read(self) -> tuple[float, float]:
        """Return the seconds on the clock and of the processor."""
        seconds = time.perf_counter() - self._began
        used = self._used()
        before = self._before
        return seconds, sum(used[pid] - before.get(pid, 0.0) for pid in used)

    def _used(self) -> dict[int, float]:
        times = {process.pid: process.cpu_times() for process in self._processes()}
        return {pid: own.user + own.system for pid, own in times.items()}


def settle(page: Any) -> None:
    """Wait until the picture of a song is drawn, which goes on after it is shown."""
    for _ in range(60):
        clock = Clock(of_browser)
        page.wait_for_timeout(500)
        if clock.read()[1] < 0.05:
            return


def of_browser() -> list[psutil.Process]:
    """Return the processes of the browser that this one has started."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "chrom" in child.name()]


def of_python() -> list[psutil.Process]:
    """Return this process."""
    return [psutil.Process()]


def speed(browser: Any, folder: Path, minutes: float) -> list[str]:
    """Time an MP3 in the page and in Python by turns; return what exceeds its bound."""
    file = write_page(folder / "drums.html")
    song = write_mp3(folder / "song.mp3", minutes)
    # The page knows a file again by its bytes: the same sound, and an empty ID3v1 tag.
    second = folder / "second.mp3"
    second.write_bytes(song.read_bytes() + b"TAG".ljust(128, b"\0"))
    times: dict[str, list[tuple[float, float]]] = {
        "page, first file": [],
        "page, second file": [],
        "transcribe()": [],
    }
    for _ in range(REPEATS):
        tab = Tab(browser.new_context(), file.as_uri())
        tab.page.wait_for_timeout(CHOOSING_MS)
        for name, path in (("first", song), ("second", second)):
            clock = Clock(of_browser)
            tab.choose(path)
            times[f"page, {name} file"].append(clock.read())
            settle(tab.page)
        in_page = tab.song()
        tab.close()
        clock = Clock(of_python)
        expected = transcribe(song)
        times["transcribe()"].append(clock.read())
    longest = longest_of(browser, file, song)
    same, count = compared(in_page, expected)
    size = file.stat().st_size
    print(f"size {size:,} bytes; load {os.getloadavg()[0]:.1f}")
    print(f"{minutes:g}-minute MP3, least of {REPEATS}, in turns; seconds, and ratio:")
    print(f"{'':20}{'on the clock':>20}{'of the processor':>20}")
    least = {name: np.min(values, axis=0) for name, values in times.items()}
    ratios = {name: own / least["transcribe()"] for name, own in least.items()}
    for name, (clock_s, used_s) in least.items():
        of_clock, of_processor = ratios[name]
        print(
            f"{name:20}{clock_s:14.2f}{of_clock:6.2f}{used_s:14.2f}{of_processor:6.2f}"
        )
    print(f"longest task of the page's thread: {longest:.0f} ms of its own time")
    print(f"same onsets {same} of {count}, each by its own MP3 decoder")
    return [
        what
        for what, bad in (
            ("size", size > MOST_BYTES),
            ("time", ratios["page, first file"][0] > MOST_TIMES),
            ("longest task", longest > MOST_MS),
        )
        if bad
    ]


def longest_of(browser: Any, file: Path, song: Path) -> float:
    """Return the longest task of the page's main thread, in a run that is not timed."""
    tab = Tab(browser.new_context(), file.as_uri())
    browser.start_tracing(page=tab.page, categories=["toplevel"])
    tab.choose(song)
    longest = longest_task(json.loads(browser.stop_tracing()))
    tab.close()
    return longest


def longest_task(trace: dict[str, Any]) -> float:
    """Return the longest task of the main thread, in ms of its own running time."""
    events = trace["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks: list[float] = [
        event.get("tdur", event.get("dur", 0)) / 1000
        for event in events
        if event["name"].endswith("::RunTask")
        and (event["pid"], event["tid"]) in threads
    ]
    assert len(tasks) > 100
    return max(tasks)


def compared(heard: Transcription, expected: Transcription) -> tuple[int, int]:
    """Count the onsets that are within 2 ms in both, and all of them."""
    waiting = list(expected.onsets)
    for onset in heard.onsets:
        for other in waiting:
            if onset.drum is other.drum and abs(onset.time - other.time) <= 0.002:
                waiting.remove(other)
                break
    same = len(expected.onsets) - len(waiting)
    return same, max(len(heard.onsets), len(expected.onsets))


def parity(browser: Any, folder: Path) -> list[str]:
    """Compare the songs of the tests, from the same samples."""
    path = folder / "engine.html"
    engine.write_engine_page(path, copy_front_end(folder))
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(path.as_uri())
    page.evaluate("adt.start()")
    card = find_model()
    print(
        "song                      s  onsets in both  time, ms: median  worst", end=""
    )
    print("  velocity  features  script  activations")
    total = np.zeros(2, int)
    for song in songs():
        in_page = engine.hear(page, song)
        expected = transcribe((np.stack(song.channels, axis=1), RATE))
        pairs = list(matched(in_page, expected))
        total += len(pairs), max(len(in_page.known), len(expected))
        mixed = np.stack(song.channels).mean(axis=0, dtype=np.float32)
        frames = spectrogram(mixed, card.front_end, card.level)
        alone = engine.Song("", [mixed])
        compiled = engine.features(page, alone, compiled=True)
        script = engine.features(page, alone, compiled=False)
        assert expected.activations is not None
        apart = in_page.activations - expected.activations.values
        # Where nothing is heard, as it should be without drums, nothing differs.
        times = [1000 * abs(row[2] - onset.time) for row, onset in pairs] or [0.0]
        loud = [abs(row[3] - onset.velocity) for row, onset in pairs] or [0]
        print(
            f"{song.name:23}{len(mixed) / RATE:4.0f}{len(pairs):8} of"
            f"{max(len(in_page.known), len(expected)):4}{np.median(times):18.4f}"
            f"{max(times):7.3f}{max(loud):10.0f}{np.abs(compiled - frames).max():10.0e}"
            f"{np.abs(script - compiled).max():8.0e}{np.abs(apart).max():13.4f}"
        )
    page.close()
    print(f"all: {total[0]} of {total[1]}, {100 * total[0] / total[1]:.2f} %")
    return [] if total[0] >= 0.995 * total[1] else ["parity"]


def matched(heard: engine.Heard, expected: Transcription) -> Any:
    """Yield rows of the browser and onsets of Python that are the same."""
    lanes = [lane["drum"] for lane in heard.header["lanes"]]
    waiting = list(PickedSong(expected).known.values())
    for row in heard.known:
        for onset in waiting:
            if onset.drum == lanes[int(row[0])] and abs(onset.time - row[2]) <= 0.002:
                waiting.remove(onset)
                yield row, onset
                break


def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["speed", "parity"])
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args()
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        if "speed" in options.what:
            failed += speed(browser, Path(name), options.minutes)
        if "parity" in options.what:
            failed += parity(browser, Path(name))
    if failed:
        print(f"over their bounds: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
