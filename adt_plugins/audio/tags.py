"""Reads title and artist of a recording."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_LONGEST = 200  # letters of a name on paper
_NAMES = ("title", "artist")


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return ``title`` and ``artist`` of a recording, as far as it has them.

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
    return {
        name: tags[name].strip()[:_LONGEST]
        for name in _NAMES
        if tags.get(name, "").strip()
    }
