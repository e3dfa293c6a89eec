"""Explains which command takes an input that this one does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from adt_plugins.base.reporting import did_you_mean
from adt_plugins.cli._options import DEFAULT_FORMATS
from adt_plugins.errors import AdtError

_MOST_SIBLINGS = 2000


@contextmanager
def instead_of_a_recording(
    source: str, formats: Sequence[str] | None = None, *, use: str = ""
) -> Iterator[None]:
    """Let an error about a recording name the command that takes this input.

    Parameters
    ----------
    source
        The input.
    formats
        Formats of the outputs, for a command that ``adt batch`` can do for
        many recordings; None for other commands.
    use
        What that command does with a transcription: the end of a message, which a
        quoted name follows.
    """
    with _explained(source, partial(_hint_for_recording, formats, use)):
        yield


@contextmanager
def instead_of_a_transcription(source: str) -> Iterator[None]:
    """Let an error about a transcription name the command that takes this input."""
    with _explained(source, _hint_for_transcription):
        yield


@contextmanager
def _explained(source: str, hint: Callable[[str, Path], str | None]) -> Iterator[None]:
    try:
        yield
    except AdtError as error:
        try:
            explanation = hint(source, Path(source))
        except (OSError, ValueError):
            explanation = None
        if explanation is None:
            raise
        raise type(error)(f"{source}: {explanation}") from error


def check_no_recording(source: Path) -> None:
    """Raise `AdtError` for a recording, which is not a transcription.

    For commands whose readers do not say which command takes it.
    """
    from adt_plugins.formats import format_of_name

    if source.is_file() and format_of_name(source) is None:
        hint = _hint_for_transcription(str(source), source)
        if hint is not None:
            raise AdtError(f"{source}: {hint}")


def check_list(source: str) -> None:
    """Raise `AdtError` for a transcription where a list of recordings may stand."""
    from adt_plugins import formats
    from adt_plugins.batch.recordings import LISTS

    path = Path(source)
    if path.suffix.lower() in LISTS and path.is_file():
        name = formats.format_of_file(path)
        if name is not None:
            raise AdtError(f"{source}: {_is_transcription(source, name)}")


def _hint_for_recording(
    written: Sequence[str] | None, use: str, source: str, path: Path
) -> str | None:
    from adt_plugins import formats
    from adt_plugins.base.protected import RECORDINGS
    from adt_plugins.batch.recordings import LISTS

    def or_batch(wrong: str, why: str, instead: str) -> str:
        command = None if written is None else f"{why}: {_batch(source, written)}"
        return f"{wrong}; {command or instead}"

    if path.is_dir():
        why = "to transcribe all recordings in it"
        return or_batch("is a folder", why, "name the recordings in it")
    if not path.exists():
        if _is_pattern(source):
            why = "to transcribe all that match"
            return or_batch("no such file", why, "nothing matches")
        return _missing(source, path, lambda p: p.suffix.lower() in RECORDINGS)
    name = formats.format_of_file(path)
    if name is not None and formats.FORMATS[name].read is not None:
        other = _is_transcription(source, name, converts=written is not None)
        return f"{other}; {use} {_quoted(source)}" if use else other
    if path.suffix.lower() in LISTS:
        return or_batch("is not a recording", "if it lists some", "name what it lists")
    return None


def _is_transcription(source: str, name: str, *, converts: bool = True) -> str:
    to = "labels" if name == "midi" else "midi"
    convert = f"; to convert it: adt convert {_quoted(source)} --format {to}"
    is_other = f"is a transcription ({name}), not a recording"
    return is_other + convert if converts else is_other


def _hint_for_transcription(source: str, path: Path) -> str | None:
    from adt_plugins.audio.sniff import UNKNOWN, sniff
    from adt_plugins.batch.recordings import LISTS
    from adt_plugins.formats import format_of_name

    if path.is_dir():
        return "is a folder; name the files in it"
    if not path.exists():
        if _is_pattern(source):
            return "no such file, and none that matches"
        return _missing(source, path, lambda p: bool(format_of_name(p)))
    with path.open("rb") as file:
        kind = sniff(file)[0]
    if kind is UNKNOWN:
        is_list = path.suffix.lower() in LISTS - {".txt"}
        return "is a list, not a transcription; name what it lists" if is_list else None
    return (
        f"is a recording ({kind.name}), not a transcription; to transcribe it:"
        f" adt transcribe {_quoted(source)}"
    )


def _missing(source: str, path: Path, is_alike: Callable[[Path], bool]) -> str | None:
    if "://" in source:
        return "is an internet address; only files on this computer can be read"
    if not path.parent.is_dir():
        return None
    beside = islice(path.parent.iterdir(), _MOST_SIBLINGS)
    hint = did_you_mean(path.name, sorted(p.name for p in beside if is_alike(p)))
    return f"no such file{hint}" if hint else None


def _batch(source: str, formats: Sequence[str]) -> str:
    command = f"adt batch {_quoted(source)} -o DIR"
    names = ",".join(formats)
    return command if names == DEFAULT_FORMATS else f"{command} --format {names}"


def _is_pattern(source: str) -> bool:
    return any(sign in source for sign in "*?[")


def _quoted(text: str) -> str:
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline([text])
    from shlex import quote

    return quote(text)
