"""Reads labels and audio from the project that is open in Audacity."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.audacity.push import quoted, select_all, state_folder
from adt_plugins.audacity.script_pipe import FILE_COMMAND_S, Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError
from adt_plugins.audacity.wave_track import wave_tracks
from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.base.files import replacing
from adt_plugins.base.reporting import Warn, default_warn
from adt_plugins.errors import AdtError, reason_of
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.tracks import MARK, LabelTrack

ROUNDED_FROM_S = 100.0
"""Audacity answers with six digits: from here on, in steps of 1 ms."""


def pull_labels(
    pipe: Pipe, *, late: float = 0.0, warn: Warn = default_warn
) -> list[LabelTrack]:
    """Return the label tracks of the open project.

    Times have six digits: they are exact to 0.05 ms up to 100 s, to 0.5 ms up
    to 1000 s, to 5 ms beyond. Those of a saved project are exact. Labels before 0 s
    are left out, with a warning. All are moved earlier by `late` seconds, see
    `adt_plugins.audacity.late_mp3`.

    Raises
    ------
    PipeError
        If Audacity does not answer, or not as expected.
    """
    tracks = pipe.info("Tracks")
    answer = pipe.info("Labels")
    early = EarlyLabels()
    try:
        pulled = [
            LabelTrack(
                str(tracks[index]["name"]).removesuffix(MARK),
                tuple(
                    Label(*times, text)
                    for times, text in (
                        (early.place(start - late, end - late), text)
                        for start, end, text in labels
                    )
                    if times[0] >= 0
                ),
            )
            for index, labels in answer
        ]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise PipeError(f"Audacity's answer is not understood: {error!r}") from error
    early.tell(warn)
    return pulled


def is_rounded(tracks: Iterable[LabelTrack]) -> bool:
    """Whether six digits are too few for an error below 0.05 ms."""
    return any(
        label.start >= ROUNDED_FROM_S for track in tracks for label in track.labels
    )


def pull_audio(pipe: Pipe, path: Path, *, overwrite: bool = False) -> Path:
    """Write the mix of all audio tracks as a WAV file, as Audacity exports it.

    It has 16 bits with dither, and is stereo if a track is. Everything is selected in
    Audacity afterwards.

    Raises
    ------
    PipeError
        If there is no audio, or Audacity does not do what it should.
    OutputExistsError
        If the file exists and `overwrite` is false.
    AdtError
        If it cannot be written.
    """
    tracks = wave_tracks(pipe)
    if not tracks:
        raise PipeError("there is no audio in Audacity's project")
    channels = max(int(track.get("channels", 1)) for track in tracks)
    # The end is rounded to six digits: pad with silence what would be cut.
    end = max(float(track.get("end", 0)) for track in tracks)
    with (
        tempfile.TemporaryDirectory(prefix="pull-", dir=state_folder()) as folder,
        replacing(path, overwrite=overwrite) as (draft,),
    ):
        exported = Path(folder) / "audio.wav"
        select_all(pipe)
        pipe.command(f"SelectTime: Start=0 End={end:.9f} RelativeTo=ProjectStart")
        export = f"Export2: Filename={quoted(exported)} NumChannels={min(channels, 2)}"
        pipe.command(export, FILE_COMMAND_S)
        rate = _rate(exported)
        if 0 < rate < SAMPLE_RATE:
            # The project's rate is that of its first file. Later files may have a
            # higher one, but Audacity does not say so.
            try:
                pipe.command(f"SetProject: Rate={SAMPLE_RATE}")
                exported.unlink()
                pipe.command(export, FILE_COMMAND_S)
            finally:
                pipe.command(f"SetProject: Rate={rate}")
        # Audacity reports success even if it has exported nothing.
        if not exported.exists() or exported.stat().st_size <= 44:
            raise PipeError("Audacity has exported no audio")
        try:
            shutil.move(exported, draft)
        except OSError as error:
            raise AdtError(f"{path}: {reason_of(error)}") from error
    return path


def _rate(path: Path) -> int:
    """Return the sample rate of a WAV file, 0 for another file."""
    import wave

    try:
        with wave.open(str(path), "rb") as file:
            return file.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0
