"""Reads files, and writes them so that they are whole or absent."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, dropwhile
from pathlib import Path

from adt_plugins.base import written
from adt_plugins.base.drafts import create_private, draft_of, remove_drafts
from adt_plugins.base.protected import check_unprotected
from adt_plugins.errors import AdtError, FormatError, reason_of

# An hour of 20 hits a second is 6 MB of JSON; a larger file is something else.
MAX_BYTES = 64 << 20


class OutputExistsError(AdtError, FileExistsError):
    """A file that is not ours exists, and `overwrite` was not given."""


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the content of a file, or its first `most` bytes.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If it is too large to be a transcription.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1 if most is None else most)
    except FileNotFoundError:
        raise AdtError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        is_folder = os.path.isdir(path)  # noqa: PTH112 - see check_free
        reason = "is a folder" if is_folder else _reason(error)
        raise AdtError(f"{path}: {reason}") from error
    if most is None and len(data) > MAX_BYTES:
        raise FormatError("too large for a transcription")
    return data


def decode(data: bytes, errors: str = "strict") -> str:
    """Decode UTF-8 with or without a byte order mark, or UTF-16 with one."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if is_utf16 else "utf-8-sig", errors)
    except UnicodeDecodeError as error:
        reason = f"not a text file: byte {error.start} is not UTF-8"
        raise FormatError(reason) from error


def read_text(path: Path) -> str:
    """Return the text of a file; raises what `read_bytes` and `decode` raise."""
    return decode(read_bytes(path))


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Iterate over the numbers and texts of the lines that are not blank.

    Lines end with LF, CRLF or CR; `str.splitlines` would also split at characters
    that may occur in a label.
    """
    ends = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return ((n, line) for n, line in enumerate(ends, 1) if line.strip())


def below_header(text: str, header: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Iterate like `lines`, from the first line on that `header` does not match.

    A file with nothing else has no header.
    """
    below = dropwhile(lambda line: header.fullmatch(line[1]) is not None, lines(text))
    first = next(below, None)
    return lines(text) if first is None else chain([first], below)


def check_free(paths: Sequence[Path], *, overwrite: bool) -> None:
    """Raise `AdtError` for the first path that must not be written.

    Files that an earlier run wrote and nobody has changed since may be replaced.

    Parameters
    ----------
    paths
        Files to be written.
    overwrite
        Whether other files may be replaced too, unless they are protected.

    Raises
    ------
    OutputExistsError
        If a file that is not ours exists, and `overwrite` is false.
    AdtError
        If a path is a folder or a protected file.
    """
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - pathlib's raises for odd names
            raise AdtError(f"{path}: is a folder")
        if os.path.lexists(path):
            check_unprotected(path)
            if not overwrite and not written.is_ours(path):
                raise in_the_way(path)


def in_the_way(path: Path) -> OutputExistsError:
    """Return the error about a file that is not replaced unasked."""
    if written.was_ours(path):
        return OutputExistsError(
            f"{path}: has been changed since it was written; --overwrite discards the"
            " changes"
        )
    return OutputExistsError(f"{path}: exists; use --overwrite")


def left_alone(path: Path) -> AdtError:
    """Return the error about a file or folder of others, which is never replaced."""
    return AdtError(f"{path}: was not made by adt-plugins, so it is left alone")


def check_folder(folder: Path) -> None:
    """Raise `AdtError` if this or a folder above it is something else than a folder."""
    there = next((f for f in (folder, *folder.parents) if os.path.lexists(f)), None)
    if there is not None and not os.path.isdir(there):  # noqa: PTH112
        raise AdtError(f"{there}: is not a folder")


def make_folder(folder: Path) -> None:
    """Create a folder and its parents; raises `AdtError` if that is not possible."""
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdtError(f"{folder}: {reason_of(error)}") from error


@contextmanager
def leaving_no_empty_folder(*folders: Path) -> Iterator[None]:
    """Remove, at the end, those folders and parents that are new and still empty."""
    wanted = {path for folder in folders for path in (folder, *folder.parents)}
    new = [path for path in wanted if not os.path.lexists(path)]
    try:
        yield
    finally:
        for path in sorted(new, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError, ValueError):
                path.rmdir()


@contextmanager
def replacing(*paths: Path, overwrite: bool = False) -> Iterator[list[Path]]:
    """Write files beside their targets and move them into place at the end.

    Parameters
    ----------
    *paths
        Files to write.
    overwrite
        Whether to replace files that are not ours, see `check_free`.

    Yields
    ------
    list of Path
        A draft for each, in the same folder, to write to; it may exist already,
        unreadable for other users. After an exception or Ctrl-C the drafts are removed
        and the targets unchanged.

    Raises
    ------
    OutputExistsError
        If a file that is not ours exists and `overwrite` is false.
    AdtError
        If a file cannot be written.
    """
    try:
        check_free(paths, overwrite=overwrite)
        # Replace the target of a symbolic link, not the link.
        targets = [Path(os.path.realpath(path)) for path in paths]
        drafts = [draft_of(target) for target in targets]
    except (OSError, ValueError) as error:
        if isinstance(error, AdtError):
            raise
        raise AdtError(f"{paths[0]}: {_reason(error)}") from error
    done: list[Path] = []
    try:
        for draft, target in zip(drafts, targets, strict=True):
            if target.exists():  # the draft of a private file must be private, too
                create_private(draft)
        yield drafts
        with written.alone():
            check_free(paths, overwrite=overwrite)
            for draft, target in zip(drafts, targets, strict=True):
                check_unprotected(target, draft)
            with written.noting(drafts, targets):
                for draft, target in zip(drafts, targets, strict=True):
                    if target.exists():
                        shutil.copymode(target, draft)
                    draft.replace(target)
                    done.append(target)
    except OSError as error:
        if isinstance(error, AdtError):
            raise
        path = paths[min(len(done), len(paths) - 1)]
        raise AdtError(f"{path}: {_reason(error)}") from error
    finally:
        remove_drafts(*drafts)


def write_files(contents: Mapping[Path, bytes], *, overwrite: bool) -> list[Path]:
    """Write all of these files, or none if one of them cannot be written.

    Raises
    ------
    OutputExistsError
        If one exists and `overwrite` is false.
    AdtError
        If one cannot be written.
    """
    with replacing(*contents, overwrite=overwrite) as drafts:
        for draft, data in zip(drafts, contents.values(), strict=True):
            draft.write_bytes(data)
    return list(contents)


def _reason(error: Exception) -> str:
    """Return the reason of an error, without the draft's name."""
    if isinstance(error, FileNotFoundError):
        return "no such folder"
    return reason_of(error)
