"""Audacity's projects: writes ``.aup`` with the audio, and reads saved ones too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adt_plugins.base.reporting import Warn, about
from adt_plugins.formats.format import Sound
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.originals import Original, original_text
from adt_plugins.labels.tracks import (
    DEFAULT_TEXT,
    LabelTrack,
    tracks_of,
    transcription_of,
)
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

_SAVED = "SQLite format 3\0"
_DATABASES = (".aup3", ".aup4")


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    audio: Any = None,
    text: str = DEFAULT_TEXT,
    names: LabelNames | None = None,
) -> list[Path]:
    """Write a project: the whole recording, and one label track a drum.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`. Only projects written here are replaced.
    audio
        The recording: a path, a binary file object, or samples and their rate;
        None: that of the transcription's source, if it has not changed.
    text
        Kind of label text, one of `adt_plugins.labels.names.LABEL_TEXTS`.
    names
        Names of drums in tracks and labels; None: the user's own names.
    """
    from adt_plugins.formats.audacity_project.media import place_recording
    from adt_plugins.formats.audacity_project.writer import write_project

    check(path, overwrite=overwrite)
    source = source_audio(transcription) if audio is None else audio
    tracks = tracks_of(transcription, text, names)
    title = Path(transcription.source.path or path.stem.removesuffix(".drums")).stem
    write_project(
        path,
        tracks,
        lambda target: place_recording(source, target, warn=warn),
        title=title,
        original=original_text(Original(transcription)),
        overwrite=overwrite,
    )
    return [path]


def check(path: Path, *, overwrite: bool) -> None:
    """Raise `AdtError` if a project or its folder is in the way."""
    from adt_plugins.formats.audacity_project.writer import check_target

    check_target(path, overwrite=overwrite)


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read the label tracks of a project, of any Audacity."""
    tracks = read_project(path, warn=warn)
    return transcription_of(tracks, warn=about(path, warn), names=names)


def read_project(path: Path, *, warn: Warn) -> list[LabelTrack]:
    """Read the label tracks of a project; see `read`."""
    from adt_plugins.formats.audacity_project.aup3 import read_aup3
    from adt_plugins.formats.audacity_project.aup_reader import read_aup

    return (read_aup3 if is_database(path) else read_aup)(path, warn=about(path, warn))


def read_sound(path: Path) -> Sound | None:
    """Read the audio of a project that Audacity 3 or 4 saved, mixed to mono."""
    from adt_plugins.formats.audacity_project.aup3_sound import read_aup3_sound

    return read_aup3_sound(path) if is_database(path) else None


def is_database(path: Path) -> bool:
    """Whether a project was saved by Audacity 3 or 4, and is not XML."""
    from adt_plugins.base.files import read_bytes

    head = read_bytes(path, len(_SAVED))
    return head == _SAVED.encode() or path.suffix.lower() in _DATABASES
