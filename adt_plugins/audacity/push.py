"""Puts label tracks into the project that is open in Audacity."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adt_plugins.audacity.request_folder import exchange_folder
from adt_plugins.audacity.script_pipe import FILE_COMMAND_S, Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError
from adt_plugins.errors import AdtError, reason_of
from adt_plugins.formats.audacity_project.writer import text_in_project, write_project
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.tracks import DEFAULT_TEXT, MARK, LabelTrack, moved, tracks_of
from adt_plugins.transcription import Transcription

_REACH = 100
"""Index of the last track that a command can name; also the most it takes at once."""

_LONGEST_NAME = 1000
"""Greatest length of a track's name that a project can hold, about."""


@dataclass(frozen=True)
class Pushed:
    """Changes to the project.

    Parameters
    ----------
    added, removed
        Names of label tracks.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]


def push(
    pipe: Pipe,
    transcription: Transcription,
    text: str = DEFAULT_TEXT,
    names: LabelNames | None = None,
    offset: float = 0.0,
) -> Pushed:
    """Put a transcription's label tracks into the open project.

    Label tracks of an earlier call, whose names end in `MARK`, are removed once the new
    ones have arrived. All others stay: a track that the user has renamed belongs to the
    user.

    Parameters
    ----------
    pipe
        A running Audacity.
    transcription
        Transcription to show.
    text
        Kind of label text, one of `adt_plugins.labels.names.LABEL_TEXTS`.
    names
        Names of drums in tracks and labels; None: the user's own names.
    offset
        Where its time 0 lies in the project, in seconds; may be before 0 s.

    Returns
    -------
    Pushed
        The names of the new tracks and of those that they replace.

    Raises
    ------
    PipeError
        If Audacity does not do what it should. The user's tracks are as before.
    """
    tracks = [
        replace(track, name=text_in_project(track.name)[:_LONGEST_NAME] + MARK)
        for track in moved(tracks_of(transcription, text, names), offset)
    ]
    before = _tracks(pipe)
    _import(pipe, tracks)
    after = _tracks(pipe)
    if _names(after) != _names(before) + [track.name for track in tracks]:
        raise PipeError("Audacity did not add the label tracks as expected")
    old = [index for index, track in enumerate(before) if _is_ours(track)]
    if old:
        _remove(pipe, old, after)
    remaining = [track for track in before if not _is_ours(track)]
    _select(pipe, [index for index, track in enumerate(remaining) if track["selected"]])
    return Pushed(
        added=tuple(track.name for track in tracks),
        removed=tuple(before[index]["name"] for index in old),
    )


def state_folder() -> Path:
    """Return the folder for files that Audacity reads or writes, and create it."""
    # Not the system's temporary folder, since a Flatpak has its own.
    folder = exchange_folder().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdtError(f"{folder}: {reason_of(error)}") from error
    return folder


def quoted(path: Path) -> str:
    """Return a path as part of a command.

    Raises
    ------
    PipeError
        If it has characters that a command cannot contain.
    """
    text = str(path)
    if '"' in text or "\n" in text or "\r" in text:
        raise PipeError(f"{text!r}: Audacity's pipe cannot take this name")
    # Audacity reads a backslash as the start of an escape.
    return '"' + text.replace("\\", "\\\\") + '"'


def _import(pipe: Pipe, tracks: Sequence[LabelTrack]) -> None:
    if not tracks:
        return
    with tempfile.TemporaryDirectory(prefix="push-", dir=state_folder()) as folder:
        project = write_project(Path(folder) / "labels.aup", tracks)
        pipe.command(f"Import2: Filename={quoted(project)}", FILE_COMMAND_S)


def _remove(pipe: Pipe, indices: Sequence[int], tracks: Sequence[Any]) -> None:
    """Remove tracks, if it is certain that exactly these will be removed."""
    _select(pipe, indices)
    current = _tracks(pipe)
    selected = [index for index, track in enumerate(current) if track["selected"]]
    if selected != list(indices) or _names(current) != _names(tracks):
        raise PipeError(
            "the new label tracks were added, but the earlier ones not removed: the"
            " project was changed meanwhile, or has too many tracks"
        )
    pipe.command("RemoveTracks:")


def select_all(pipe: Pipe) -> None:
    """Select all tracks, and keep the selected time.

    ``SelectAll`` would select the text of a label that is being edited, and more than
    100 tracks at once would open a message box.
    """
    pipe.command(f"SelectTracks: Track=0 TrackCount={_REACH} Mode=Set")
    pipe.command(f"SelectTracks: Track={_REACH} TrackCount={_REACH} Mode=Add")


def _select(pipe: Pipe, indices: Sequence[int]) -> None:
    """Select exactly these tracks, as far as commands can name them."""
    pipe.command("SelectTracks: Track=0 TrackCount=0 Mode=Set")
    for index in indices:
        if index <= _REACH:
            pipe.command(f"SelectTracks: Track={index} TrackCount=1 Mode=Add")


def _names(tracks: Iterable[Any]) -> list[str]:
    return [track["name"] for track in tracks]


def _is_ours(track: Any) -> bool:
    return bool(track["kind"] == "label" and track["name"].endswith(MARK))


def _tracks(pipe: Pipe) -> list[Any]:
    answer = pipe.info("Tracks")
    try:
        return [
            {
                "name": str(track["name"]),
                "kind": str(track["kind"]),
                "selected": bool(track["selected"]),
            }
            for track in answer
        ]
    except (KeyError, TypeError) as error:
        raise PipeError(f"Audacity's answer is not understood: {error!r}") from error
