"""How far clicks lie from the song, by impulses of one sample in both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.annotations import Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.formats import write
from adt_plugins.transcription import Transcription
from tests.support.browser import until, watched

RATE = 44100
ADT = "document.getElementById('adt-plugins').adt"
_RECORDER = Path(__file__).with_name("impulses.js")
# Impulses are at least 100 ms apart, clicks ring for 30 ms.
_GAP = 2600
_QUIET = 200


class Error(NamedTuple):
    """Clicks against the song, in samples."""

    impulses: int
    missed: int
    worst: int


def write_page(
    path: Path, *, shift: int = 0, seconds: float = 24.0, **options: Any
) -> list[float]:
    """Write a page whose song is impulses, with a hit `shift` samples after each."""
    chance = np.random.default_rng(1)
    steps = chance.integers(4410, 13230, round(seconds * 4))
    at = np.cumsum(steps) + 2000
    # On both sides of the border of a piece too: nothing is lost or doubled there.
    at = np.concatenate(
        (at, 5 * RATE * np.arange(1, 4), 5 * RATE * np.arange(1, 3) - 1)
    )
    at = np.unique(at[at < seconds * RATE - 4410])
    at = at[np.concatenate(([True], np.diff(at) > 4000))]
    song = np.zeros((round(seconds * RATE), 2), np.int16)
    song[at] = 30000
    onsets = tuple(Onset((n + shift) / RATE, Drum.KD, 127) for n in at.tolist())
    transcription = Transcription(onsets, source=Source(duration=seconds))
    sound = (song, RATE)
    options = {"audio": sound, "quality": "lossless", "overwrite": True, **options}
    write(transcription, path, "html", **options)
    let_recorder_in(path)
    return [onset.time for onset in onsets]


def let_recorder_in(path: Path) -> None:
    """Take away a page's policy, which would stop the recorder: it is a script."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    path.write_text(text, encoding="utf-8")


def open_page(context: Any, path: Path) -> Any:
    page, _ = watched(context)
    # A worklet's module has to be of the page's own origin, which a file has not.
    page.route(
        "http://localhost/*",
        lambda route: route.fulfill(path=path, content_type="text/html"),
    )
    page.goto("http://localhost/page")
    until(page, f"{ADT}.hits.length > 0")
    page.evaluate(_RECORDER.read_text(encoding="utf-8"))
    page.get_by_label("Sound of hits").select_option("clicks")
    page.wait_for_timeout(1000)  # all pieces are decoded
    return page


def straight_play(page: Any, seconds: float) -> None:
    page.evaluate(f"impulses.start({ADT})")
    page.wait_for_timeout(1000 * seconds)


def seeks_and_loop(page: Any, seconds: float = 0.9) -> None:
    """Eight seeks, then a loop of 0.4 s and one of 30 ms."""
    page.evaluate(f"impulses.start({ADT})")
    for target in (3.0, 17.3, 9.999, 4.95, 12.0, 0.2, 14.98, 7.7):
        page.evaluate(f"{ADT}.seek({target})")
        page.wait_for_timeout(1000 * seconds)
    for start, end in ((6.0, 6.4), (8.0, 8.03)):
        page.evaluate(f"{ADT}.range = {{start: {start}, end: {end}}}")
        page.evaluate(f"{ADT}.setLooping(true)")
        page.evaluate(f"{ADT}.seek({start})")
        page.wait_for_timeout(1000 * seconds * 2)


def measured(page: Any) -> Error:
    """Stop, and compare what was recorded."""
    page.evaluate("impulses.jank(0)")
    page.evaluate(f"{ADT}.player.pause()")
    page.wait_for_timeout(200)
    # The song fades over its last 4 ms, and hits then planned are taken back.
    song = np.array(page.evaluate(f"impulses.attacks(0, {_QUIET})"))
    hits = np.array(page.evaluate(f"impulses.attacks(1, {_GAP})"))
    return compare(song, hits)


def compare(song: NDArray[np.int64], hits: NDArray[np.int64]) -> Error:
    if not len(song) or not len(hits):
        return Error(len(song), max(len(song), len(hits)), 0)
    near = np.abs(song[:, None] - hits[None, :])
    close = 2205  # 50 ms: the impulse that a click belongs to
    # A seek may bring two impulses so near that the second click cannot be told
    # from the ringing of the first.
    apart = np.concatenate(([True], np.diff(song) > _GAP))
    distances = near[apart].min(axis=1)
    missed = int((distances > close).sum() + (near.min(axis=0) > close).sum())
    worst = int(distances[distances <= close].max(initial=0))
    return Error(len(song), missed, worst)
