"""One HTML file that plays, shows and edits a transcription, offline.

Everything is in it: the sound, the activations, the widget. Its content security
policy allows its own script, by hash, and nothing else: no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any

from adt_plugins.assets import asset
from adt_plugins.formats._files import replacing
from adt_plugins.formats._format import Format, Warn
from adt_plugins.formats._source import source_audio
from adt_plugins.transcription import Transcription

BUNDLE = "widget.js"

_STYLE = (
    "html{color-scheme:light dark}body{margin:0;padding:24px;background:#fff}"
    "@media(prefers-color-scheme:dark){body{background:#0d1014}}"
    "noscript{font:16px sans-serif}"
)


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    audio: Any = None,
    quality: str = "small",
) -> list[Path]:
    """Write one file for any browser.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`. Without activations the thresholds cannot
        be moved.
    audio
        The recording: a path, a binary file object, or samples and their rate;
        None: that of the transcription's source, if it has not changed.
    quality
        Of the sound, ``"small"`` (Vorbis, about 1.3 MB a minute of stereo) or
        ``"lossless"`` (FLAC, about 8 MB).
    """
    from adt_plugins.notebook.payload import payload
    from adt_plugins.notebook.score import Score, velocity_table
    from adt_plugins.notebook.sound import Sound, duration_of

    source = source_audio(transcription) if audio is None else audio
    score = Score(transcription)
    stem = path.name.removesuffix(HTML.suffix).removesuffix(path.suffix)
    sound = Sound(source, quality, duration_of(transcription))
    try:
        content = payload(score, sound, stem, stem)
        parts = {
            "adt-header": json.dumps(content.header).replace("<", "\\u003c"),
            "adt-data": _base64(content.data),
        }
        levels = velocity_table(score, source)
        if levels is not None:
            parts["adt-velocities"] = _base64(levels.tobytes())
        with (
            replacing(path, overwrite=overwrite) as [draft],
            draft.open("w", encoding="utf-8", newline="\n") as file,
        ):
            head, foot = _page(stem)
            file.write(head)
            for name, text in parts.items():
                file.write(_block(name, text))
            for number in range(len(sound)):
                file.write(_block(f"adt-chunk-{number}", _base64(sound.chunk(number))))
            file.write(foot)
    finally:
        sound.close()
    return [path]


def _page(title: str) -> tuple[str, str]:
    """What stands before and behind the data."""
    script = asset("notebook_ext", BUNDLE).read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(_STYLE)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        '<body>\n<div id="adt-plugins"></div>\n'
        "<noscript>This page needs JavaScript, its own and no other.</noscript>\n"
    )
    return head, f'<script type="module">{script}</script>\n</body>\n</html>\n'


def _block(name: str, text: str) -> str:
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


HTML = Format(
    id="html",
    description="a page to hear, see and correct the hits in a browser",
    suffix=".drums.html",
    write=write,
    needs=("audio",),
    wants=("activations",),
    endings=(".html",),
)
