"""Make the pictures of the documentation, from the package as it is.

Usage: ``python -m tests.support.make_pictures [NAME …]``; without a name, all of them.
Needs Audacity, Chromium, MuseScore and Rosegarden, like the tests with these programs.
What each was made from is noted beside them, and a test tells when that has changed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageChops

from adt_plugins import Transcription, formats, separate, transcribe
from adt_plugins.base.folders import asset
from adt_plugins.base.hashing import sha256
from adt_plugins.cli import main
from tests.support.audacity.program import (
    Audacity,
    copy_profile,
    make_profile,
    only_one,
)
from tests.support.audacity.studio import Studio, wait_labels
from tests.support.browser import chromium
from tests.support.notebook.jupyter import Notebook, server, write_notebook
from tests.support.notebook.pages import settled
from tests.support.paths import GROOVE, ROOT
from tests.support.rosegarden import rosegarden
from tests.support.screen import Screen
from tests.support.web.tab import Tab

PICTURES = ROOT / "docs" / "images"
SIZE = (1280, 960)
COLOURS = 256
"""Colours of the palette: a third of the bytes, without a visible difference."""


MADE_FROM = PICTURES / "made-from.json"


def made_from() -> dict[str, str]:
    """Return what a picture was made from: hashes of the model and of the example."""
    shown = {"model": asset("models", "drums.tflite"), "example": GROOVE}
    return {what: sha256(path) for what, path in shown.items()}


def _note(name: str) -> None:
    notes = json.loads(MADE_FROM.read_text()) if MADE_FROM.exists() else {}
    notes[f"{name}.png"] = made_from()
    text = json.dumps(dict(sorted(notes.items())), indent=1)
    MADE_FROM.write_text(f"{text}\n", encoding="utf-8")


def save(name: str, source: Path, *, crop: bool = False) -> None:
    """Keep a screenshot as a small PNG, without its margins if `crop`."""
    with Image.open(source) as image:
        white = Image.new("RGBA", image.size, "white")
        picture = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if crop:
        blank = Image.new("RGB", picture.size, "white")
        left, top, right, bottom = ImageChops.difference(picture, blank).getbbox() or (
            0,
            0,
            *picture.size,
        )
        picture = picture.crop((left - 10, top - 10, right + 10, bottom + 10))
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(PICTURES / f"{name}.png", optimize=True)
    _note(name)


def song(*, fine: bool = False) -> Transcription:
    """The example with beats and bars."""
    return transcribe(GROOVE, fine=fine)


def widget(folder: Path) -> None:
    """Draw the editor of a page in the dark theme."""
    page_file = formats.write(song(), folder / "groove.drums.html", audio=GROOVE)[0]
    with chromium() as browser:
        context = browser.new_context(
            color_scheme="dark",
            device_scale_factor=1.5,
            viewport={"width": 1080, "height": 900},
        )
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.locator(".stage").wait_for()
        settled(page)
        stage = page.locator(".stage").bounding_box()
        for share, press in ((0.21, page.mouse.down), (0.38, page.mouse.up)):
            page.mouse.move(stage["x"] + share * stage["width"], stage["y"] + 12)
            press()
        settled(page)
        page.locator(".adt").screenshot(path=folder / "widget.png")
    save("widget", folder / "widget.png")


def notation(folder: Path) -> None:
    """The notation of a page, with the playhead in it."""
    whole = song(fine=True)
    [page_file] = formats.write(whole, folder / "groove.drums.html", audio=GROOVE)
    with chromium() as browser:
        context = browser.new_context(
            device_scale_factor=1.5, viewport={"width": 1080, "height": 900}
        )
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.get_by_role("button", name="Notation (V)").click()
        page.locator(".score-bar").first.wait_for()
        place = whole.beats[9].time
        page.evaluate(f"document.getElementById('adt-plugins').adt.seek({place})")
        settled(page)
        editor = page.locator(".adt").bounding_box()
        spectrogram = page.locator(".head", has_text="Spectrogram").bounding_box()
        height = spectrogram["y"] - editor["y"]
        page.screenshot(path=folder / "notation.png", clip={**editor, "height": height})
    save("notation", folder / "notation.png")


def jupyter(folder: Path) -> None:
    """The widget in JupyterLab."""
    code = (
        "from adt_plugins import transcribe\n\n"
        f"song = transcribe({GROOVE.name!r})\n"
        "song.widget()"
    )
    write_notebook(folder / "groove.ipynb", [code])
    (folder / GROOVE.name).write_bytes(GROOVE.read_bytes())
    with server("lab", folder) as address, chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 940})
        notebook = Notebook(context, "lab", address, "groove.ipynb")
        page = notebook.page
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        notebook.run_all()
        page.locator(".stage").wait_for()
        settled(page)
        page.get_by_role("button", name="No", exact=True).click()  # news of Jupyter
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "jupyter.png")
    save("jupyter", folder / "jupyter.png")


def web(folder: Path) -> None:
    """The page that transcribes, with the example in it."""
    assert main(["web", "-o", str(folder / "drums.html")]) == 0
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1180, "height": 1035})
        tab = Tab(context, (folder / "drums.html").as_uri())
        tab.choose(GROOVE)
        settled(tab.page)
        tab.page.screenshot(path=folder / "web.png")
    save("web", folder / "web.png")


def score(folder: Path) -> None:
    """The score of the example, as MuseScore draws it."""
    path = formats.write(song(fine=True), folder / "groove.drums.musicxml")[0]
    command = ["mscore3", "-r", "100", "-o", str(folder / "page.png"), str(path)]
    screen = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "PATH": "/usr/bin"}
    subprocess.run(command, env=screen, check=True, capture_output=True)
    save("groove-score", folder / "page-1.png", crop=True)


def part(folder: Path) -> None:
    """The upper part of the page that we engrave of the example."""
    import pypdfium2

    path = formats.write(song(fine=True), folder / "groove.drums.pdf")[0]
    image = pypdfium2.PdfDocument(path)[0].render(scale=1.6).to_pil()
    image.crop((0, 0, image.width, image.height * 2 // 5)).save(folder / "part.png")
    save("groove-part", folder / "part.png", crop=True)


def separation(folder: Path) -> None:
    """Spectrograms of the example with chords under it, and of its two stems."""
    import matplotlib.pyplot as plt
    import numpy as np
    import soundfile

    drums, rate = soundfile.read(GROOVE)
    times = np.arange(8 * rate) / rate
    roots = np.array([110.0, 146.8, 98.0, 130.8])[(times // 2).astype(int)]
    partials = [
        np.sin(2 * np.pi * roots * ratio * number * (times % 2)) / number
        for ratio in (1, 1.26, 1.5, 2)
        for number in range(1, 6)
    ]
    fading = np.exp(-(times % 2) / 1.5)
    mono = drums if drums.ndim == 1 else drums.mean(axis=1)
    mix = mono[: len(times)] + 0.08 * fading * np.sum(partials, axis=0)
    stems = separate(song(), (mix.astype(np.float32), rate))
    sounds = {"song": mix, "drums": stems.drums[:, 0], "rest": stems.drumless[:, 0]}
    figure, axes = plt.subplots(3, 1, figsize=(9, 8), sharex=True, layout="tight")
    for axis, (name, sound) in zip(axes, sounds.items(), strict=True):
        axis.specgram(sound, NFFT=2048, noverlap=1536, Fs=rate, vmin=-130, vmax=-40)
        axis.set(title=name, ylabel="Hz", yscale="symlog", ylim=(40, 16000))
    axes[-1].set_xlabel("seconds")
    figure.savefig(folder / "separation.png", dpi=90)
    save("separation", folder / "separation.png")


def daw(folder: Path) -> None:
    """The drum track of the example in Rosegarden."""
    path = formats.write(song(), folder / "groove.drums.mid")[0]
    screen = Screen(folder / "screen", (1280, 768))
    try:
        with rosegarden(folder / "home", screen) as program:
            program.import_midi(path)
            program.save_as(folder / "groove.rg")
            program.show_notes("groove.rg", (1270, 760))
            for _ in range(2):  # up to the cymbals
                screen.do("click", 4)
            time.sleep(1.0)
            screen.screenshot(folder / "daw.png")
    finally:
        screen.close()
    save("daw", folder / "daw.png")


@contextmanager
def studio(folder: Path) -> Iterator[Studio]:
    """An Audacity with our commands in its menus."""
    screen = Screen(folder / "screen", SIZE)
    try:
        with only_one():
            make_profile(folder / "profile", screen)
            audacity = copy_profile(folder / "profile", folder / "home", screen)
            try:
                yield Studio(audacity, screen, folder / "home")
            finally:
                audacity.stop()
    finally:
        screen.close()


def fill(screen: Screen, title: str) -> None:
    """Let a window fill the screen."""
    window = screen.wait_window(title)
    screen.do("windowmove", window, 0, 0)
    screen.do("windowsize", "--sync", window, *SIZE)
    screen.do("mousemove", SIZE[0] - 1, SIZE[1] - 1)
    time.sleep(1.0)


def fit(audacity: Audacity) -> None:
    """Show the first ten seconds, and all tracks."""
    audacity.command("SelectTime: Start=0 End=9.4 RelativeTo=ProjectStart")
    for command in ("ZoomSel", "FitV", "SelectNone", "CursProjectStart"):
        audacity.command(f"{command}:")
    time.sleep(1.0)


def audacity_open(folder: Path) -> None:
    """What `adt audacity open` opens."""
    assert main(["transcribe", "--format", "aup", "-o", str(folder), str(GROOVE)]) == 0
    project = folder / "groove.drums.aup"
    with studio(folder) as place:
        place.audacity.start(project)
        place.audacity.tracks(8)
        fill(place.screen, "groove.drums")
        fit(place.audacity)
        place.screen.screenshot(folder / "open.png")
    save("audacity-open", folder / "open.png")


def audacity_menus(folder: Path) -> None:
    """Draw the dialog of our command, and the labels that it makes."""
    with studio(folder) as place:
        done = place.adt("audacity", "install")
        subprocess.run(done, env=place.env, check=True, capture_output=True)
        place.audacity.start()
        place.begin(GROOVE)
        with place.watching():
            fill(place.screen, "groove")
            place.select(2.0, 8.0)
            place.audacity.command("ZoomSel:")
            place.audacity.command("ZoomOut:")
            place.screen.keys("alt+o", "Up", "Return")
            dialog = place.screen.wait_window("^Drum Labels on Separate Tracks$")
            time.sleep(1.0)
            place.screen.screenshot(folder / "dialog.png")
            place.screen.click(dialog, -50, 22)  # Apply
            wait_labels(place, 2)
            time.sleep(2.0)
            place.audacity.command("FitV:")
            time.sleep(1.0)
            place.screen.screenshot(folder / "tracks.png")
    save("audacity-dialog", folder / "dialog.png")
    save("audacity-tracks", folder / "tracks.png")


MAKERS: dict[str, Callable[[Path], None]] = {
    "widget": widget,
    "notation": notation,
    "jupyter": jupyter,
    "web": web,
    "score": score,
    "part": part,
    "separation": separation,
    "daw": daw,
    "audacity-open": audacity_open,
    "audacity-menus": audacity_menus,
}


if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        with tempfile.TemporaryDirectory() as work:
            MAKERS[name](Path(work))
        print(name)
