"""Finds formats by id, by file names and by content, and names files in them.

The table of formats is imported when it is first used.
"""

from __future__ import annotations

import os
import reprlib
from pathlib import Path

from adt_plugins.base import files
from adt_plugins.base.reporting import did_you_mean
from adt_plugins.errors import FormatError
from adt_plugins.formats.format import Format

_HEAD_BYTES = 1 << 14


def registered() -> dict[str, Format]:
    """Return the registry: to import one format is not to import them all."""
    from adt_plugins.formats.registry import FORMATS

    return FORMATS


def find_format(format_id: str) -> Format:
    """Return a format by its id; raises `FormatError` if there is none."""
    forms = registered()
    try:
        return forms[format_id]
    except KeyError:
        hint = did_you_mean(format_id, forms) or f"; there are {', '.join(forms)}"
        raise FormatError(f"unknown format {format_id!r}{hint}") from None


def format_of_name(path: str | os.PathLike[str]) -> str | None:
    """Return the id of the format that a file name's ending indicates, or None.

    The longest ending wins; case does not matter.
    """
    return _ending(Path(path).name)[0]


def format_of_file(path: str | os.PathLike[str]) -> str | None:
    """Return the id of a file's format, by its name or else by its content.

    If content and name disagree, as for a Reaper table called ``song.csv``, the content
    wins.

    Raises
    ------
    AdtError
        If the file cannot be read.
    """
    path = Path(path)
    named = format_of_name(path)
    # Unlike `Path.is_dir`, this says no to names that no file can have.
    is_folder = os.path.isdir(path)  # noqa: PTH112
    if named is not None and (registered()[named].looks_like is None or is_folder):
        return named
    head = files.decode(files.read_bytes(path, _HEAD_BYTES), "replace")
    candidates = [
        f.id for f in registered().values() if f.looks_like and f.looks_like(head)
    ]
    return named if named in candidates or not candidates else candidates[0]


def about_unknown(path: Path) -> str:
    """Return a message about a file of an unknown format, with the known ones."""
    # A pipe has been read already.
    head = files.read_bytes(path, _HEAD_BYTES) if path.is_file() else b" "
    if not head:
        return "is empty"
    readable = ", ".join(f.id for f in registered().values() if f.read)
    formats = f"unknown format; these can be read: {readable}"
    try:
        _, first = next(files.lines(files.decode(head)))
    except (FormatError, StopIteration):
        return formats
    return f"{formats}; its first line is {reprlib.repr(first)}"


def song_stem(path: str | os.PathLike[str]) -> str:
    """Return the name of the song that a file belongs to.

    >>> song_stem("a/song.labels.KD.txt"), song_stem("song.drums.mid")
    ('song', 'song')
    >>> song_stem("take.2.flac")
    'take.2'
    """
    name = Path(path).name
    length = len(_ending(name)[1])
    return name[:-length] if 0 < length < len(name) else Path(name).stem


def name_of_set(path: str) -> str:
    """Return one name for all files of a set, such as ``song.labels.KD.txt``."""
    if format_of_name(path) != "labels-split":
        return path
    return str(Path(path).with_name(f"{song_stem(path)}.labels.*.txt"))


def output_path(stem: str, folder: str | os.PathLike[str], format_id: str) -> Path:
    """Return the path to give to `write` for a song, e.g. ``song.drums.mid``."""
    return Path(folder) / f"{stem}{find_format(format_id).suffix}"


def possible_outputs(path: str | os.PathLike[str], format_id: str) -> list[Path]:
    """Return all files that `write` may write for a path."""
    path, form = Path(path), find_format(format_id)
    return [path] if form.outputs is None else list(form.outputs(path))


def _ending(name: str) -> tuple[str | None, str]:
    """Return the id of a name's format, and its ending; of several, the first."""
    endings = [
        (form.id, ending)
        for form in registered().values()
        for ending in (form.suffix.lower(), *form.endings)
        if name.lower().endswith(ending)
    ]
    return max(endings, key=lambda item: len(item[1]), default=(None, ""))
