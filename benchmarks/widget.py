"""Measures the widget in Chromium: sync, scrolling, edits, opening, size.

``python benchmarks/widget.py [sync|scroll|edit|start|size …]`` prints figures, each
with its control in the same run. Needs the extra `test-browser` and Chromium.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from adt_plugins import Activations, Onset, Source, Transcription, transcribe  # noqa: E402
from adt_plugins.drums import Drum  # noqa: E402
from adt_plugins.formats import write  # noqa: E402
from adt_plugins.notebook.widget import DrumWidget  # noqa: E402
from tests.support.browser import chromium, until, watched  # noqa: E402
from tests.support.notebook.impulses import (  # noqa: E402
    ADT,
    measured,
    open_page,
    seeks_and_loop,
    straight_play,
    write_page,
)
from tests.support.notebook.jupyter import Notebook, server, write_notebook  # noqa: E402
from tests.support.notebook.pages import slide  # noqa: E402

RATE = 44100
GROOVE = ROOT / "examples" / "groove.flac"
DRUMS = ("KD", "SD", "HH", "TT", "CY")
FRAMES = 300
REPEATS = 3


def sync(browser: Any, folder: Path) -> None:
    """Measure clicks against the song, while the main thread is busy."""
    path = folder / "impulses.html"
    write_page(path)
    plays: dict[str, Callable[[Any], None]] = {
        "straight play": lambda page: straight_play(page, 12),
        "8 seeks and 2 loops": seeks_and_loop,
    }
    for what, play in plays.items():
        for half in (False, True):
            for busy, every in ((0, 0), (80, 200), (900, 2100)):
                context = browser.new_context()
                page = open_page(context, path)
                if half:
                    slide(page, "Speed, pitch kept", 50)
                page.evaluate(f"impulses.jank({busy}, {every})")
                play(page)
                error = measured(page)
                speed = "half speed" if half else "full speed"
                print(
                    f"sync, {what}, {speed}, {busy} ms of jank: {error.impulses}"
                    f" impulses, {error.missed} missed, worst {error.worst} samples"
                )
                context.close()


def many_onsets(seconds: float, count: int) -> Transcription:
    """Return a song of this many onsets, and activations with peaks at them."""
    chance = np.random.default_rng(1)
    frames = round(seconds * 100)
    values = chance.random((frames, len(DRUMS)), np.float32) ** 8
    at = np.sort(chance.uniform(0.1, seconds - 0.1, count))
    onsets = tuple(
        Onset(time, Drum(DRUMS[n % 5]), int(chance.integers(20, 127)))
        for n, time in enumerate(at.tolist())
    )
    return Transcription(
        onsets,
        source=Source(duration=seconds),
        activations=Activations(values, DRUMS, 100.0),
    )


FRAME_TIMES = """async ([frames, what]) => {
  const { shadowRoot, adt } = document.getElementById('adt-plugins');
  const stage = shadowRoot.querySelector('.stage');
  const loop = work => new Promise(resolve => {
    const times = [], costs = [];
    const step = now => {
      times.push(now);
      const before = performance.now();
      work(times.length);
      costs.push(performance.now() - before);
      if (times.length <= frames) requestAnimationFrame(step);
      else resolve([times.slice(1).map((t, i) => t - times[i]), costs]);
    };
    requestAnimationFrame(step);
  });
  const wheel = (deltaY, shiftKey) => stage.dispatchEvent(new WheelEvent('wheel', {
    deltaY, shiftKey, ctrlKey: !shiftKey,
    clientX: 600, clientY: 300, bubbles: true, cancelable: true,
  }));
  const work = {
    scrolling: () => wheel(24, true),
    zooming: n => wheel(n % 60 < 30 ? -12 : 12, false),
    editing: n => n % 2 ? adt.add('KD', 1 + n / 100) : adt.undo(),
  };
  return { empty: await loop(() => {}), busy: await loop(work[what]) };
}"""


def presses(page: Any, factor: float) -> int:
    """Count how often ``+`` zooms in by a factor, from the whole song in view."""
    width = "w => parseFloat(w.style.width)"
    before = page.locator(".window").evaluate(width)
    page.keyboard.press("+")
    once = before / page.locator(".window").evaluate(width)
    page.keyboard.press("0")
    return math.ceil(math.log(factor) / math.log(once))


def open_many(browser: Any, folder: Path, minutes: int, count: int) -> Any:
    """Open the page of a song of so many onsets."""
    # Silence between impulses: an hour of it is written and loaded quickly.
    song = np.zeros((minutes * 60 * RATE, 1), np.int16)
    song[:: RATE // 3] = 20000
    path = folder / f"{minutes}-{count}.html"
    transcription = many_onsets(minutes * 60, count)
    write(transcription, path, "html", audio=(song, RATE), quality="lossless")
    page, _ = watched(browser.new_context(viewport={"width": 1200, "height": 800}))
    page.goto(path.as_uri())
    until(page, f"{ADT}.hits.length === {count}", 60)
    page.wait_for_timeout(90_000 if minutes > 10 else 8000)  # everything has loaded
    page.locator(".stage").focus()
    return page


def print_frames(page: Any, what: str, where: str) -> None:
    """Print frame times during some work, and as ratios to an empty animation loop."""
    took = page.evaluate(FRAME_TIMES, [FRAMES, what])
    empty, busy = np.array(took["empty"][0]), np.array(took["busy"][0])
    print(
        f"{what} {where}: frames of"
        f" {np.median(busy):.1f} ms (95 %: {np.quantile(busy, 0.95):.1f}),"
        f" empty {np.median(empty):.1f} ({np.quantile(empty, 0.95):.1f}),"
        f" ratio {np.median(busy) / np.median(empty):.2f}"
        f" ({np.quantile(busy, 0.95) / np.quantile(empty, 0.95):.2f})"
    )


def scroll(browser: Any, folder: Path) -> None:
    """Count frames while scrolling 10,000 onsets, against an empty animation loop."""
    for minutes in (5, 60):
        page = open_many(browser, folder, minutes, 10_000)
        where = f"of {minutes} min with 10,000 onsets"
        print_frames(page, "zooming", f"the whole song {where}")
        page.keyboard.press("0")
        for _ in range(presses(page, minutes * 60 / 10)):
            page.keyboard.press("+")
        for what in ("scrolling", "zooming"):
            print_frames(page, what, f"10 s {where}")
        page.context.close()


def edit(browser: Any, folder: Path) -> None:
    """Count frames while a hit is added and undone in turn, one in each frame."""
    for count in (1000, 10_000):
        page = open_many(browser, folder, 5, count)
        print_frames(page, "editing", f"5 min with {count:,} onsets")
        page.context.close()


START = """async ([index, selector, ready, sound]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const cell = content.widgets[index];
  cell.model.sharedModel.setOutputs?.([]);
  await new Promise(done => setTimeout(done, 500));
  content.activeCellIndex = index;
  const begin = performance.now();
  window.jupyterapp.commands.execute('notebook:run-cell');
  const until = test => new Promise(resolve => {
    const look = () => {
      const found = test();
      if (found) resolve([found, performance.now() - begin]);
      else setTimeout(look, 2);
    };
    look();
  });
  const find = () => [...cell.node.querySelectorAll(selector)].at(-1);
  const seen = new Function('e', 'return ' + ready);
  const heard = new Function('e', 'return ' + sound);
  const [element, picture] = await until(() => {
    const e = find();
    return e && seen(e) && e;
  });
  (element.adt ?? element).play();
  const [, sounding] = await until(() => heard(element));
  if (element.adt) element.adt.player.pause(); else element.pause();
  return [picture, sounding];
}"""


def start(browser: Any, folder: Path) -> None:
    """Time picture and sound of a 5-minute song, against IPython's player."""
    song, rate = soundfile.read(GROOVE)
    repeated = np.tile(song, (15, 1))[: 300 * rate]
    soundfile.write(folder / "song.mp3", repeated, rate, format="MP3")
    cells = [
        "from adt_plugins import transcribe\n"
        "from adt_plugins.notebook import DrumWidget\n"
        "from IPython.display import Audio, display\n"
        "song = transcribe('song.mp3')",
        "Audio('song.mp3')",
        "DrumWidget(song)",
        "DrumWidget(song, quality='small')",
    ]
    write_notebook(folder / "nb.ipynb", cells)
    audio = ("audio", "e.readyState > 0", "e.currentTime > 0.005")
    widget = (
        "[data-lm-suppress-shortcuts]",
        "e.adt && e.shadowRoot.querySelector('.stage').dataset.drawn > 0",
        "e.adt.gain < 8 && e.adt.player.playing && e.adt.player.position > 0.005",
    )
    with server("lab", folder) as address:
        context = browser.new_context(viewport={"width": 1400, "height": 1600})
        notebook = Notebook(context, "lab", address, "nb.ipynb")
        notebook.run_all()
        ways = {"Audio": (1, *audio), "widget": (2, *widget), "small": (3, *widget)}
        times: dict[str, list[list[float]]] = {name: [] for name in ways}
        for _ in range(REPEATS):
            for name, way in ways.items():
                times[name].append(notebook.page.evaluate(START, list(way)))
                # What is still loading would slow down the next one.
                notebook.python("import ipywidgets; ipywidgets.Widget.close_all()")
                notebook.page.wait_for_timeout(1000)
        for number, what in enumerate(("picture", "sound")):
            usual = float(np.median([t[number] for t in times["Audio"]]))
            for name in ("widget", "small"):
                time = float(np.median([t[number] for t in times[name]]))
                print(
                    f"first {what}, 5 min, {name}: {time:.0f} ms, IPython's player"
                    f" {usual:.0f} ms, ratio {time / usual:.2f}"
                )
        context.close()


def size(_: Any, folder: Path) -> None:
    """Measure the bytes that a browser loads for a 5-minute stereo song."""
    song, rate = soundfile.read(GROOVE)
    path = folder / "long.flac"
    soundfile.write(path, np.tile(song, (15, 1))[: 300 * rate], rate)
    transcription = transcribe(path)
    for quality in ("lossless", "small"):
        made = DrumWidget(transcription, quality=quality)
        sound = made._sound
        assert sound is not None
        chunks = sum(len(sound.chunk(n)) for n in range(len(sound)))
        levels = made._score.levels
        assert levels is not None
        rest = len(made._data) + levels.nbytes + len(str(made._header))
        bundle = len(str(made._esm))
        total = chunks + rest + bundle
        print(
            f"sent of 5 min of stereo, {quality}: {total / 1e6:.2f} MB,"
            f" of which sound {chunks / 1e6:.2f}, the bundle {bundle / 1024:.1f} KB"
        )
        made.close()


def main() -> None:
    """Run the parts that are asked for."""
    parts = {"sync": sync, "scroll": scroll, "edit": edit, "start": start, "size": size}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    wanted = parser.parse_args().parts or list(parts)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name in wanted:
            parts[name](browser, Path(folder))


if __name__ == "__main__":
    main()
