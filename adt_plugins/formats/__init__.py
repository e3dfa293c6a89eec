"""Finds formats, reads and writes files in them, and names files.

`FORMATS` is the table in `registry`, which is imported when it is first used.
"""

from __future__ import annotations

import os
import reprlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.base import files
from adt_plugins.base.files import OutputExistsError
from adt_plugins.base.pipes import is_named_pipe
from adt_plugins.base.protected import protecting
from adt_plugins.base.reporting import Warn, default_warn, did_you_mean
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.format import Format
from adt_plugins.transcription import Transcription, check_transcription

if TYPE_CHECKING:
    from adt_plugins.formats.registry import FORMATS

__all__ = [
    "FORMATS",
    "Format",
    "OutputExistsError",
    "check_outputs",
    "convert",
    "find_format",
    "format_of_file",
    "format_of_name",
    "output_path",
    "possible_outputs",
    "read",
    "song_stem",
    "write",
    "write_all",
]

_HEAD_BYTES = 1 << 14


def __getattr__(name: str) -> Any:
    if name != "FORMATS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _formats()


def _formats() -> dict[str, Format]:
    """Return the registry: to import one format is not to import them all."""
    from adt_plugins.formats.registry import FORMATS

    return FORMATS


def find_format(format_id: str) -> Format:
    """Return a format by its id; raises `FormatError` if there is none."""
    known = _formats()
    try:
        return known[format_id]
    except KeyError:
        hint = did_you_mean(format_id, known) or f"; there are {', '.join(known)}"
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
    if named is not None and (_formats()[named].looks_like is None or is_folder):
        return named
    head = files.decode(files.read_bytes(path, _HEAD_BYTES), "replace")
    candidates = [
        f.id for f in _formats().values() if f.looks_like and f.looks_like(head)
    ]
    return named if named in candidates or not candidates else candidates[0]


def read(
    path: str | os.PathLike[str],
    format_id: str | None = None,
    *,
    warn: Warn = default_warn,
    **options: Any,
) -> Transcription:
    """Read a transcription from a file.

    Parameters
    ----------
    path
        The file, which may be a named pipe; of a set (``labels-split``) any one of its
        files.
    format_id
        Its format; None: recognised by name and content.
    warn
        Called with a line for each problem that does not prevent reading, such as
        labels that do not name a drum. By default an `AdtWarning`.
    **options
        Options of the format's reader.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If it does not follow its format, or the format is unknown.
    """
    path = Path(path)
    if is_named_pipe(path):
        return _read_pipe(path, format_id, warn, options)
    name = format_id or format_of_file(path)
    if name is None:
        raise FormatError(f"{path}: {_unknown(path)}")
    form = find_format(name)
    if form.read is None:
        raise FormatError(f"{path}: {form.id} files can only be written")
    try:
        return form.read(path, warn=warn, **options)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def _read_pipe(
    path: Path, format_id: str | None, warn: Warn, options: Mapping[str, Any]
) -> Transcription:
    """Read a named pipe, which can be read only once, by way of a file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(files.read_bytes(path))

        def renamed(text: str) -> str:
            return type(text)(text.replace(str(copy), str(path)))

        try:
            return read(copy, format_id, warn=lambda x: warn(renamed(x)), **options)
        except AdtError as error:
            raise type(error)(renamed(str(error))) from error


def write(
    transcription: Transcription,
    path: str | os.PathLike[str],
    format_id: str | None = None,
    *,
    overwrite: bool = False,
    audio: Any = None,
    warn: Warn = default_warn,
    **options: Any,
) -> list[Path]:
    """Write a transcription to a file completely, or not at all.

    Parameters
    ----------
    transcription
        What to write.
    path
        The file; ``labels-split`` puts each drum's code before its suffix.
    format_id
        The format; None: by the name's ending.
    overwrite
        Replace existing files even if they have been changed since an earlier run wrote
        them, or if others wrote them. The recording is never replaced.
    audio
        The recording, for formats that need it; None: from the
        transcription's source.
    warn
        Called with a line for each thing that the format cannot hold. By default an
        `AdtWarning`.
    **options
        Options of the format's writer.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    OutputExistsError
        If a file that is not ours exists and `overwrite` is false.
    AdtError
        If a file cannot be written.
    FormatError
        If the format is unknown, or cannot hold this transcription.
    TypeError
        If `transcription` is not a `Transcription`.
    """
    check_transcription(transcription)
    path = Path(path)
    name = format_id or format_of_name(path)
    if name is None:
        raise FormatError(f"{path}: the name does not indicate a format; give one")
    form = find_format(name)
    if form.write is None:
        raise FormatError(f"{path}: {form.id} files can only be read")
    if "beats" in form.needs and not transcription.beats:
        raise FormatError(f"{path}: {form.id} needs beats, and there are none")
    if "activations" in form.needs and transcription.activations is None:
        raise FormatError(f"{path}: {form.id} needs activations, and there are none")
    if "audio" in form.needs:
        options["audio"] = audio
    try:
        with protecting(transcription.source.path, audio):
            return form.write(
                transcription, path, overwrite=overwrite, warn=warn, **options
            )
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    except UnicodeEncodeError as error:  # a label that only JSON can hold
        text = ascii(error.object[error.start : error.end])
        raise FormatError(f"{path}: {text} cannot be written") from error


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


def output_path(stem: str, folder: str | os.PathLike[str], format_id: str) -> Path:
    """Return the path to give to `write` for a song, e.g. ``song.drums.mid``."""
    return Path(folder) / f"{stem}{find_format(format_id).suffix}"


def possible_outputs(path: str | os.PathLike[str], format_id: str) -> list[Path]:
    """Return all files that `write` may write for a path."""
    path, form = Path(path), find_format(format_id)
    return [path] if form.outputs is None else list(form.outputs(path))


def check_outputs(
    path: str | os.PathLike[str], format_id: str, *, overwrite: bool
) -> None:
    """Raise `AdtError` if `write` would refuse to write here.

    Raises
    ------
    OutputExistsError
        If a file that is not ours exists and `overwrite` is false.
    AdtError
        If a file is in the way that is never replaced.
    """
    files.check_free(possible_outputs(path, format_id), overwrite=overwrite)
    check = find_format(format_id).check
    if check is not None:
        check(Path(path), overwrite=overwrite)


def write_all(
    transcription: Transcription,
    stem: str,
    folder: str | os.PathLike[str],
    format_ids: Iterable[str],
    *,
    overwrite: bool = False,
    audio: Any = None,
    warn: Warn = default_warn,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Path]:
    """Write a song in several formats, under their default names.

    Nothing is written if an existing file is in the way.

    Parameters
    ----------
    transcription, overwrite, audio, warn
        See `write`.
    stem, folder, format_ids
        See `output_path`.
    options
        Options of the writers, by format.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AdtError
        See `write`.
    """
    paths = {name: output_path(stem, folder, name) for name in format_ids}
    for name, path in paths.items():
        check_outputs(path, name, overwrite=overwrite)
    written = []
    for name, path in paths.items():
        written += write(
            transcription,
            path,
            name,
            overwrite=overwrite,
            audio=audio,
            warn=warn,
            **(options or {}).get(name, {}),
        )
    return written


def convert(
    path: str | os.PathLike[str],
    format_ids: Iterable[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    read_as: str | None = None,
    change: Callable[[Transcription], Transcription] | None = None,
    overwrite: bool = False,
    warn: Warn = default_warn,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Path]:
    """Read a file and write it in other formats.

    Parameters
    ----------
    path
        A file of any readable format.
    format_ids
        Formats to write, named by `output_path` after the `song_stem`.
    folder
        Folder to write to; None: that of the file.
    read_as
        Format of the file; None: see `format_of_file`.
    change
        Function to apply between reading and writing.
    overwrite, warn, options
        See `write_all`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AdtError
        If the file cannot be read or one cannot be written, or if the file
        itself would be overwritten.
    """
    path = Path(path)
    target = path.parent if folder is None else Path(folder)
    stem, names = song_stem(path), list(dict.fromkeys(format_ids))
    transcription = read(path, read_as, warn=warn)
    if change is not None:
        transcription = change(transcription)
    with protecting(path):
        return write_all(
            transcription,
            stem,
            target,
            names,
            overwrite=overwrite,
            warn=warn,
            options=options,
        )


def _unknown(path: Path) -> str:
    """Return a message about a file of an unknown format, with the known ones."""
    # A pipe has been read already.
    head = files.read_bytes(path, _HEAD_BYTES) if path.is_file() else b" "
    if not head:
        return "is empty"
    readable = ", ".join(f.id for f in _formats().values() if f.read)
    formats = f"unknown format; these can be read: {readable}"
    try:
        _, first = next(files.lines(files.decode(head)))
    except (FormatError, StopIteration):
        return formats
    return f"{formats}; its first line is {reprlib.repr(first)}"


def _ending(name: str) -> tuple[str | None, str]:
    """Return the id of a name's format, and its ending; of several, the first."""
    endings = [
        (form.id, ending)
        for form in _formats().values()
        for ending in (form.suffix.lower(), *form.endings)
        if name.lower().endswith(ending)
    ]
    return max(endings, key=lambda item: len(item[1]), default=(None, ""))
