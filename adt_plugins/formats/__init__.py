"""Reads and writes files in all formats, which `lookup` finds.

`FORMATS` is the table in `registry`, which is imported when it is first used.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.base import files
from adt_plugins.base.files import OutputExistsError
from adt_plugins.base.pipes import is_named_pipe
from adt_plugins.base.protected import protecting
from adt_plugins.base.reporting import Warn, default_warn
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats.format import Format
from adt_plugins.formats.lookup import (
    about_unknown,
    find_format,
    format_of_file,
    format_of_name,
    name_of_set,
    output_path,
    possible_outputs,
    registered,
    song_stem,
)

if TYPE_CHECKING:
    from adt_plugins.formats.registry import FORMATS
    from adt_plugins.transcription import Transcription

__all__ = [
    "FORMATS",
    "Format",
    "OutputExistsError",
    "check_outputs",
    "convert",
    "find_format",
    "format_of_file",
    "format_of_name",
    "name_of_set",
    "output_path",
    "possible_outputs",
    "read",
    "song_stem",
    "write",
    "write_all",
]


def __getattr__(name: str) -> Any:
    if name != "FORMATS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return registered()


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
        raise FormatError(f"{path}: {about_unknown(path)}")
    form = find_format(name)
    if form.read is None:
        raise FormatError(f"{path}: {form.id} files can only be written")
    try:
        return form.read(path, warn=warn, **options)
    except FormatError as error:
        is_empty = path.is_file() and not path.stat().st_size
        raise FormatError(f"{path}: {'is empty' if is_empty else error}") from error


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
        transcription's source. Such formats have the recording's own times, see
        `adt_plugins.annotations.Source.moved`.
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
    from adt_plugins.transcription import check_transcription

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
        from adt_plugins.recording import as_recorded

        options["audio"] = audio
        transcription = as_recorded(transcription)
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
