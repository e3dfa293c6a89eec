"""Reads what a recording says of itself: title, artist, album, genre and year."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_LONGEST = 200  # letters of a name on paper
_NAMES = ("title", "artist", "album", "genre", "date")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the tags of a recording, as far as it has them.

    They are ``title``, ``artist``, ``album``, ``genre``, and a ``year`` of four digits.

    A file that is missing or cannot be read has none: that is no reason to fail.
    """
    if not Path(path).is_file():
        return {}
    return _of_libsndfile(path) or _of_pyav(path)


def _of_libsndfile(path: str | os.PathLike[str]) -> dict[str, str]:
    import soundfile

    with suppress(Exception), soundfile.SoundFile(path) as file:
        return _kept({name: getattr(file, name, "") for name in _NAMES})
    return {}


def _of_pyav(path: str | os.PathLike[str]) -> dict[str, str]:
    with suppress(Exception):
        import av

        with av.open(os.fspath(path)) as container:
            return _kept({k.lower(): v for k, v in container.metadata.items()})
    return {}


def _kept(tags: dict[str, str]) -> dict[str, str]:
    kept = {
        name: tags[name].strip()[:_LONGEST]
        for name in _NAMES
        if tags.get(name, "").strip()
    }
    year = _YEAR.search(kept.pop("date", ""))
    return kept if year is None else {**kept, "year": year[0]}
