"""The engine of the page, alone in a page of its own, driven from here."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.web_page import page
from tests.support.front_end import run

HARNESS = Path(__file__).with_name("harness.ts")
POLICY = (
    "default-src 'none'; worker-src blob:;"
    " script-src 'unsafe-inline' 'wasm-unsafe-eval'"
)
"""What the engine needs: less than the page allows."""

Floats = NDArray[np.float32]


class Song(NamedTuple):
    """A recording: its channels at 44.1 kHz, each of shape (n,)."""

    name: str
    channels: Sequence[Floats]


class Heard(NamedTuple):
    """What the engine says of a recording; see `web/engine/engine-types.ts`."""

    header: dict[str, Any]
    thresholds: dict[str, float]
    activations: Floats
    levels: Floats
    known: NDArray[np.float64]
    data: bytes
    velocities: NDArray[np.uint8]
    progress: list[float]


def write_engine_page(path: Path, front_end: Path) -> None:
    """Write the page, with the parts that `adt web` puts into its own."""
    script = path.with_suffix(".js")
    build = ["npx", "--no-install", "esbuild", str(HARNESS), "--bundle"]
    run(
        [*build, "--format=iife", f"--outfile={script}", "--log-level=error"], front_end
    )
    parts = re.findall(r'<script type="text/plain".*?</script>\n', page().decode())
    path.write_text(
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<input type="file" multiple>{"".join(parts)}'
        f"<script>{script.read_text(encoding='utf-8')}</script>",
        encoding="utf-8",
    )


def choose(page: Any, song: Song) -> None:
    """Give the page a recording, a file of samples for each channel."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, channel in enumerate(song.channels):
            path = Path(folder, f"{number}.f32")
            path.write_bytes(np.asarray(channel, "<f4").tobytes())
            paths.append(path)
        page.set_input_files("input", paths)
        page.evaluate("adt.choose()")


def hear(
    page: Any, song: Song, about: dict[str, Any] | None = None, *, fine: bool = False
) -> Heard:
    """Let the engine listen; `fine`: for finer drums, too."""
    choose(page, song)
    frames = -(-len(song.channels[0]) // 441)
    answer = page.evaluate(
        "([about, fine]) => adt.hear(about, fine)", [about or about_of(song), fine]
    )
    lanes = len(answer["thresholds"])
    return Heard(
        answer["header"],
        answer["thresholds"],
        _floats(answer["activations"]).reshape(9, frames).T,
        _floats(answer["levels"]).reshape(lanes, frames).T,
        np.frombuffer(base64.b64decode(answer["known"]), "<f8").reshape(-1, 5),
        base64.b64decode(answer["data"]),
        np.frombuffer(base64.b64decode(answer["velocities"]), np.uint8).reshape(
            lanes, -1
        ),
        answer["progress"],
    )


def about_of(song: Song) -> dict[str, Any]:
    """What a page would say of it."""
    return {
        "title": song.name,
        "names": [song.name, ""],
        "stem": song.name,
        "fingerprint": "f",
        "duration": len(song.channels[0]) / 44100,
        "path": None,
        "sha256": None,
        "sampleRate": 44100,
        "channels": len(song.channels),
        "audio": None,
    }


def features(page: Any, song: Song, *, compiled: bool) -> Floats:
    """Frames as the network gets them, shape (frames, bands)."""
    choose(page, song)
    return _floats(page.evaluate("c => adt.features(c)", compiled)).reshape(-1, 84)


def _floats(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text), "<f4")
