"""Beats for a transcription that has none, from its recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from adt_plugins.audio.reader import AudioSource
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.formats.format import Format
    from adt_plugins.transcription import Transcription


def wants_beats(args: argparse.Namespace) -> bool:
    """Whether beats are asked for, or something needs them."""
    from adt_plugins.formats import find_format

    if args.beats is not None:
        return bool(args.beats)
    known = (args.bpm, args.meter, args.first_downbeat, args.quantize)
    return any(value is not None for value in known) or any(
        "beats" in find_format(name).needs for name in args.format
    )


def with_beats(
    args: argparse.Namespace, transcription: Transcription, job: Job, form: Format
) -> Transcription:
    """Find the beats in the recording of a transcription.

    Raises
    ------
    AdtError
        If they were asked for, and the recording is not known or cannot be read.
    """
    from adt_plugins.errors import FormatError
    from adt_plugins.pipeline import transcribe

    try:
        source = _recording(transcription, job, form)
    except FormatError as error:
        if args.beats:
            raise FormatError(
                f"{job.source}: --beats {error}; --audio names it"
            ) from None
        return transcription  # a format that needs beats says so
    options: dict[str, Any] = {
        name: getattr(args, name) for name in ("bpm", "meter", "first_downbeat")
    }
    heard = transcribe(source, model=args.model, keep_activations=False, **options)
    return replace(transcription, beats=heard.beats, meters=heard.meters)


def _recording(transcription: Transcription, job: Job, form: Format) -> AudioSource:
    """Where the sound is: named, in the file itself, or where it came from."""
    from adt_plugins.recording import source_audio

    if job.audio is not None:
        return job.audio
    sound = None if form.sound is None else form.sound(Path(job.source))
    return source_audio(transcription) if sound is None else sound
