"""What a song is called on paper: by its recording's tags, or else by its file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adt_plugins.audio.tags import read_tags
from adt_plugins.transcription import Transcription


class SongNames(NamedTuple):
    """Title and artist; the latter is empty if it is not known."""

    title: str
    artist: str = ""


def song_names(transcription: Transcription, path: Path) -> SongNames:
    """Title and artist of a song; `path` is what is written."""
    source = transcription.source.path
    tags = {} if source is None else read_tags(source)
    title = _printable(tags.get("title", ""))
    return SongNames(
        title or title_of(transcription, path), _printable(tags.get("artist", ""))
    )


def title_of(transcription: Transcription, path: Path) -> str:
    """Name of the song, by its recording or else by the file to write."""
    source = transcription.source.path
    if source:
        name = Path(source).stem
    else:
        name = path.stem.removesuffix(".tab").removesuffix(".drums")
    return _printable(name)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
