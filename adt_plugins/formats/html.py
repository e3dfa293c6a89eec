"""Writes an HTML file that plays, shows and edits a transcription, offline.

It is self-contained, with the sound, the activations and the widget. Its content
security policy allows its own script, by hash, and nothing else, not even requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.base.files import replacing
from adt_plugins.base.reporting import Warn
from adt_plugins.editor.html_page import (
    base64_text,
    block,
    embedded_json,
    font_licence,
    frame,
)
from adt_plugins.formats.song_names import song_names
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

if TYPE_CHECKING:
    from adt_plugins.editor.sound import Sound

BUNDLE = "page.js"

_STYLE = (
    "html{color-scheme:light dark}"
    "body{margin:0;padding:clamp(4px,2vw,24px);background:#fff}"
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
    drumless: bool = False,
) -> list[Path]:
    """Write a file for any browser.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`. Without activations the thresholds cannot
        be moved.
    audio
        The recording: a path, a binary file object, or samples and their rate;
        None: that of the transcription's source, if it has not changed.
    quality
        Quality of the sound, ``"small"`` (Vorbis, about 1.3 MB a minute of stereo) or
        ``"lossless"`` (FLAC, about 8 MB).
    drumless
        Whether the song without its drums is in the page too, to turn them down:
        as much sound again, and about a quarter of the song's length of work.
    """
    from adt_plugins.editor.drumless import DrumlessSound
    from adt_plugins.editor.payload import payload
    from adt_plugins.editor.picks import PickedSong, velocity_table
    from adt_plugins.editor.sound import Sound, duration_of

    source = source_audio(transcription) if audio is None else audio
    score = PickedSong(transcription)
    stem = path.stem.removesuffix(".drums")
    sounds = {"chunk": Sound(source, quality, duration_of(transcription))}
    try:
        if drumless:
            sounds["drumless"] = DrumlessSound(transcription, source, quality)
        names = song_names(transcription, path)
        content = payload(
            score, sounds["chunk"], stem, stem, (names.title, names.artist)
        )
        parts = {
            "adt-header": embedded_json(content.header),
            "adt-data": base64_text(content.data),
            "adt-font-licence": font_licence(),
        }
        if drumless:
            parts["adt-drumless"] = embedded_json(sounds["drumless"].describe())
        levels = velocity_table(score, source)
        if levels is not None:
            parts["adt-velocities"] = base64_text(levels.tobytes())
        with replacing(path, overwrite=overwrite) as [draft]:
            _write_page(draft, stem, parts, sounds)
    finally:
        for sound in sounds.values():
            sound.close()
    return [path]


def _write_page(
    path: Path, title: str, parts: Mapping[str, str], sounds: Mapping[str, Sound]
) -> None:
    """Write the page, without ever holding all of its sound in memory."""
    head, foot = frame(title, BUNDLE, _STYLE, "adt-plugins")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(head)
        for name, text in parts.items():
            file.write(block(name, text))
        for name, sound in sounds.items():
            for number in range(len(sound)):
                data = base64_text(sound.chunk(number))
                file.write(block(f"adt-{name}-{number}", data))
        file.write(foot)
