"""Writes projects that Audacity opens, with audio and label tracks.

A project is an XML file of Audacity 2 (``.aup``) and a folder beside it with the audio.
Audacity 3 and 4 import it, and save changes as projects of their own. Unlike other
files that open with a double-click, it combines audio and label tracks, and its times
are exact.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from adt_plugins.base import written
from adt_plugins.base.files import in_the_way, left_alone
from adt_plugins.base.protected import check_unprotected
from adt_plugins.errors import AdtError, FormatError, reason_of
from adt_plugins.formats.audacity_project.media import Media
from adt_plugins.labels.tracks import LabelTrack

SUFFIX = ".aup"
_FOLDER_END, _LIST = "_data", ".lof"

# Audacity recognises a project by "<project" in its first 255 bytes.
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<project xmlns="http://audacity.sourceforge.net/xml/" projname={name}'
    ' version="1.3.0" audacityversion="2.4.2" rate="{rate}">\n'
)
_MARK = "<!-- written by adt-plugins -->"
_MARK_WITHIN_BYTES = 4096
# If the folder in which Audacity was started has a file of this name, Audacity reads
# that one instead, so every project uses a different name.
_AUDIO_STEM = "audio-{}"
_OWN_AUDIO = re.compile(r"audio-[0-9a-f]{8}\.[a-z0-9]{1,4}")

ORIGINAL = "transcription.json"
"""File in a project's folder with the transcription that its labels were made from."""

_UNLISTED = frozenset('"\n\r')
# Length of the part that is visible at first.
_SEEN_SECONDS = 8

# Audacity's own limits: samples of a block, and characters of a text, above which it
# considers a file damaged.
_BLOCK_FRAMES = 262_144
_LONGEST_TEXT = 2000
# Sample formats by Audacity's numbers. Five minutes of stereo open in 2 s as 16 bits,
# and in 4 s as floats.
_INT16, _FLOAT = 131_073, 262_159

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)

PlaceAudio = Callable[[Path], Media]
"""Writes a recording to a path without suffix; returns what it has written."""


def write_project(
    path: Path,
    tracks: Iterable[LabelTrack],
    audio: PlaceAudio | None = None,
    *,
    title: str = "",
    rate: int = 44100,
    original: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a project completely, or not at all.

    Parameters
    ----------
    path
        The ``.aup`` file. Its audio goes into a folder beside it, for example
        ``song.drums_data`` for ``song.drums.aup``.
    tracks
        Label tracks, from top to bottom.
    audio
        Function that puts the recording into the folder, see
        `adt_plugins.formats.audacity_project.media`; None: label tracks only.
    title
        Name of the audio track.
    rate
        Rate of a project without audio, in Hz.
    original
        Transcription that the labels were made from, see
        `adt_plugins.labels.originals`; it is stored in the folder, for reading
        corrected labels later.
    overwrite
        Replace a project that this function wrote, even if it has been changed since.
        Projects that Audacity or others wrote are never replaced.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputExistsError
        If our project exists, has been changed, and `overwrite` is false.
    AdtError
        If a project exists that is not ours, or a file cannot be written.
    FormatError
        If the name is not valid for a project.
    """
    folder = data_folder(path)
    check_target(path, overwrite=overwrite)
    with _moving_into_place(path, folder, overwrite) as (draft, draft_folder):
        stem = _AUDIO_STEM.format(secrets.token_hex(4))
        media = None if audio is None else audio(draft_folder / stem)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_project(folder.name, tracks, media, title, rate))
        if original is not None:
            (draft_folder / ORIGINAL).write_text(original, encoding="utf-8")
    return path


def data_folder(path: Path) -> Path:
    """Return the folder of a project's audio.

    Raises
    ------
    FormatError
        If the file's name is not valid for a project.
    """
    if path.suffix.lower() != SUFFIX or not path.stem:
        raise FormatError(f"the name of a project ends in {SUFFIX}")
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise FormatError(
            "Audacity cannot open files whose names are not UTF-8"
        ) from None
    return path.with_name(f"{path.stem}{_FOLDER_END}")


def opening_list(path: Path) -> Path | None:
    """Write a list of files (``.lof``) for Audacity that says how to open a project.

    Parameters
    ----------
    path
        A project that `write_project` has written; the list goes into its folder.

    Returns
    -------
    Path or None
        The list. None if the name cannot be written in one, because it contains a
        quotation mark or a line break.
    """
    if not _UNLISTED.isdisjoint(path.name):
        return None
    target = data_folder(path) / f"{path.stem}{_LIST}"
    try:
        target.write_text(
            f'window offset 0 duration {_SEEN_SECONDS}\nfile "../{path.name}"\n',
            encoding="utf-8",
        )
    except OSError:
        return None
    return target


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise if a project must not be written here; see `write_project`."""
    folder = data_folder(path)
    for target in (path, folder):
        if os.path.lexists(target) and not (overwrite or written.is_ours(path)):
            raise in_the_way(target)
    if os.path.lexists(path):
        check_unprotected(path)
        if not _is_own_file(path):
            raise left_alone(path)
    if not os.path.lexists(folder):
        return
    if not _is_own_folder(folder):
        raise AdtError(f"{folder}: has other files in it, so it is left alone")
    for entry in [] if overwrite else folder.iterdir():
        # Another name of the recording itself: nothing is lost with it.
        is_link = entry.stat().st_nlink > 1
        if not (is_link or entry.suffix == _LIST or written.is_ours(entry)):
            raise in_the_way(entry)


def _is_own_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _MARK.encode() in file.read(_MARK_WITHIN_BYTES)
    except OSError:
        return False


def _is_own_folder(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    ours = (f"{folder.name.removesuffix(_FOLDER_END)}{_LIST}", ORIGINAL)
    return all(
        (_OWN_AUDIO.fullmatch(entry.name) or entry.name in ours) and entry.is_file()
        for entry in folder.iterdir()
    )


@contextmanager
def _moving_into_place(
    path: Path, folder: Path, overwrite: bool
) -> Iterator[tuple[Path, Path]]:
    """Provide a draft file and folder, and move them into place at the end.

    If something fails, the earlier file and folder are restored.
    """
    token = secrets.token_hex(8)
    draft, draft_folder, old_folder = (
        path.with_name(f".adt-{token}{end}") for end in (".tmp", "_data", "_old")
    )
    moved: list[tuple[Path, Path]] = []  # from, to: to be undone
    try:
        draft_folder.mkdir()
        yield draft, draft_folder
        inside = sorted(draft_folder.iterdir())
        drafts = [draft, *inside]
        targets = [path, *(folder / entry.name for entry in inside)]
        with written.alone(), written.noting(drafts, targets):
            check_target(path, overwrite=overwrite)
            if folder.exists():
                folder.rename(old_folder)
                moved.append((folder, old_folder))
            draft_folder.rename(folder)
            moved.append((draft_folder, folder))
            draft.replace(path)
            moved.clear()
    except OSError as error:
        if isinstance(error, AdtError):
            raise
        missing = isinstance(error, FileNotFoundError) and not path.parent.is_dir()
        reason = "no such folder" if missing else reason_of(error)
        raise AdtError(f"{path}: {reason}") from error
    finally:
        for before, after in reversed(moved):
            after.rename(before)
        for leftover in (draft_folder, old_folder):
            shutil.rmtree(leftover, ignore_errors=True)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _project(
    folder: str,
    tracks: Iterable[LabelTrack],
    media: Media | None,
    title: str,
    rate: int,
) -> Iterator[str]:
    """Yield the lines of the file."""
    rate = rate if media is None else media.sample_rate
    yield _HEAD.format(name=_attribute(folder), rate=rate)
    yield _MARK + "\n"
    if media is not None and media.frames:
        for channel in range(media.channels):
            yield from _wave_track(media, channel, title)
    for track in tracks:
        yield (
            f"<labeltrack name={_attribute(track.name)}"
            f' numlabels="{len(track.labels)}">\n'
        )
        for label in track.labels:
            start = end = _seconds(label.start)
            if label.end != label.start:
                end = _seconds(label.end)
            yield f'<label t="{start}" t1="{end}" title={_attribute(label.text)}/>\n'
        yield "</labeltrack>\n"
    yield "</project>\n"


def _wave_track(media: Media, channel: int, title: str) -> Iterator[str]:
    """Yield the lines of a channel; the two of stereo are linked, others are not."""
    linked = int(media.channels == 2 and channel == 0)
    side = channel if media.channels == 2 else 2  # left, right, mono
    form = _INT16 if media.is_16_bit else _FLOAT
    yield (
        f'<wavetrack name={_attribute(title)} channel="{side}" linked="{linked}"'
        f' rate="{media.sample_rate}" gain="1.0" pan="0.0">\n'
        '<waveclip offset="0.0">\n'
        f'<sequence maxsamples="{_BLOCK_FRAMES}" sampleformat="{form}"'
        f' numsamples="{media.frames}">\n'
    )
    for start in range(0, media.frames, _BLOCK_FRAMES):
        frames = min(_BLOCK_FRAMES, media.frames - start)
        # Blocks of the same name would share the audio of the first.
        summary = f"e{channel:02}{start // _BLOCK_FRAMES:06}.auf"
        yield (
            f'<waveblock start="{start}"><pcmaliasblockfile summaryfile="{summary}"'
            f' aliasfile="{media.name}" aliasstart="{start}" aliaslen="{frames}"'
            f' aliaschannel="{channel}" min="-1.0" max="1.0" rms="0.5"/>'
            "</waveblock>\n"
        )
    yield '</sequence><envelope numpoints="0"/></waveclip></wavetrack>\n'


def _seconds(time: float) -> str:
    """Return the shortest number, without exponent, that reads back as this float."""
    text = repr(time)
    if "e" not in text:
        return text
    from numpy import format_float_positional

    return format_float_positional(time, trim="0")


@lru_cache(maxsize=1024)  # a track has thousands of labels, but few different texts
def _attribute(text: str) -> str:
    """Return text as an attribute's value."""
    return f'"{text_in_project(text).translate(_ESCAPES)}"'


def text_in_project(text: str) -> str:
    """Return a text or name as a project holds it: without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text[:_LONGEST_TEXT])
