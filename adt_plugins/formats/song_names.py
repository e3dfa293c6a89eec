"""Finds title and artist of a song, in its recording's tags or its file name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adt_plugins.audio.tags import read_tags
from adt_plugins.transcription import Transcription


class SongNames(NamedTuple):
    """Title and artist; an unknown artist is empty."""

    title: str
    artist: str = ""


def song_names(transcription: Transcription, path: Path) -> SongNames:
    """Return title and artist of a song; `path` is the file to write."""
    source = transcription.source.path
    tags = {} if source is None else read_tags(source)
    title = _printable(tags.get("title", ""))
    return SongNames(
        title or title_of(transcription, path), _printable(tags.get("artist", ""))
    )


def title_of(transcription: Transcription, path: Path) -> str:
    """Return the name of the song's recording, or else that of the file to write."""
    source = transcription.source.path
    if source:
        name = Path(source).stem
    else:
        name = path.stem.removesuffix(".tab").removesuffix(".drums")
    return _printable(name)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
