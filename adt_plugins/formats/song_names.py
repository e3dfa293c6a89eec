"""Finds what a song is called, in its recording's tags or its file name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adt_plugins.audio.tags import read_tags
from adt_plugins.transcription import Transcription


class SongNames(NamedTuple):
    """Title, artist, album, genre and year; empty if unknown, but for the title."""

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    year: str = ""


def song_names(transcription: Transcription, path: Path) -> SongNames:
    """Return the names of a song; `path` is the file to write."""
    source = transcription.source.path
    tags = {} if source is None else read_tags(source)
    printable = {name: _printable(text) for name, text in tags.items()}
    title = printable.pop("title", "") or title_of(transcription, path)
    return SongNames(title, **printable)


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
