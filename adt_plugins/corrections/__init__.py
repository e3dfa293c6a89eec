"""Completes labels that come back from Audacity to a whole transcription.

Everything else is taken from the transcription that the labels were made from, which
was left beside the song or is remembered (`adt_plugins.labels.originals`); what is new
or unknown is estimated from the sound in the project, or from the recording.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.audio.opening import AudioSource
from adt_plugins.audio.reader import open_audio
from adt_plugins.base.pipes import check_no_pipe
from adt_plugins.base.progress import Progress
from adt_plugins.base.reporting import Warn, default_warn
from adt_plugins.corrections.search import find_original, found_beside
from adt_plugins.errors import FormatError
from adt_plugins.labels.corrections import (
    Corrected,
    Slack,
    corrected,
    exact,
)
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.originals import (
    Original,
)
from adt_plugins.labels.tracks import (
    LabelTrack,
    read_tracks,
    transcription_of,
    warn_of_texts,
)
from adt_plugins.recording import source_audio
from adt_plugins.rhythm.known_beats import KnownBeats
from adt_plugins.transcription import Transcription

Sound = Callable[[], tuple[AudioSource, float] | None]
"""Returns, when needed, sound that contains the hits, and the seconds by which they are
later than in the sound; None if there is none."""


@dataclass(frozen=True)
class Recalled:
    """A transcription that came back.

    Parameters
    ----------
    transcription
        The whole transcription.
    sound
        The sound of its hits.
    corrections
        Number of hits that were changed; None if unknown.
    """

    transcription: Transcription
    sound: Sound = field(default=lambda: None, repr=False)
    corrections: int | None = None


def read_whole(
    path: str | os.PathLike[str],
    format_id: str | None = None,
    *,
    audio: AudioSource | None = None,
    warn: Warn = default_warn,
    **options: Any,
) -> Recalled:
    """Read a transcription; labels are completed with everything that was not changed.

    Parameters
    ----------
    path, format_id, warn, **options
        See `adt_plugins.formats.read`.
    audio
        The recording; None: the sound in the file, or the original recording.

    Raises
    ------
    AdtError
        See `adt_plugins.formats.read`.
    """
    path = Path(path)
    check_no_pipe(path)
    found_id = format_id or formats.format_of_file(path)
    form = None if found_id is None else formats.find_format(found_id)
    if form is None or form.tracks is None:
        transcription = formats.read(path, found_id, warn=warn, **options)
        original = Original(transcription, transcription.source.moved)
        return Recalled(transcription, _sound_of(original, audio))

    def in_file() -> tuple[AudioSource, float] | None:
        audio_source = None if form.sound is None else form.sound(path)
        return None if audio_source is None else (audio_source, 0.0)

    try:
        tracks = form.tracks(path, warn=warn)
        return recall(
            tracks,
            near=found_beside(path, audio),
            audio=audio,
            sound=in_file,
            warn=lambda message: warn(f"{path}: {message}"),
            **options,
        )
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def recall(
    tracks: Sequence[LabelTrack],
    *,
    near: Iterable[Original] = (),
    audio: AudioSource | None = None,
    sound: Sound = lambda: None,
    slack: Slack = exact,
    warn: Warn = default_warn,
    names: LabelNames | None = None,
) -> Recalled:
    """Complete label tracks to a whole transcription.

    Parameters
    ----------
    tracks
        The tracks.
    near
        Likely originals; further ones are searched for.
    audio
        The recording; None: see `sound`.
    sound
        The sound of their project; without any, the recording that they were made
        from, if it is known.
    slack
        Tolerance of times.
    warn, names
        See `adt_plugins.labels.tracks.transcription_of`.
    """
    reading = read_tracks(tracks, names=names)
    original = find_original(reading, near, slack)

    @cache
    def find_sound() -> tuple[AudioSource, float] | None:
        own_sound = sound() if audio is None else None
        return own_sound or _sound_of(original or Original(Transcription()), audio)()

    corrections = None
    if original is None:
        plain = transcription_of(tracks, warn=warn, names=names)
        incomplete = any(hit.velocity is None for hit in reading.hits)
        source = find_sound() if incomplete else None
        if source is None:
            return Recalled(plain, find_sound)
        from adt_plugins.pipeline import transcribe

        # The original is unknown, so the model transcribes the sound again.
        original = Original(transcribe(source[0], keep_activations=False))
        done = corrected(reading, original.transcription, slack)
    else:
        done = corrected(reading, original.transcription, slack)
        warn_of_texts(reading, done.transcription.labels, warn=warn, names=names)
        corrections = done.changed
    whole = _with_velocities(done, find_sound, original.transcription)
    return Recalled(whole, find_sound, corrections)


def with_beats(
    recalled: Recalled,
    *,
    model: str | None = None,
    progress: bool | Progress = False,
    known: KnownBeats = KnownBeats(),  # noqa: B008 - frozen
) -> Transcription:
    """Find beats if there are none, and there is sound.

    Parameters
    ----------
    recalled
        The transcription that came back.
    model, progress
        See `adt_plugins.pipeline.transcribe`.
    known
        Known properties of the beats; if there are any, beats are found again.
    """
    whole = recalled.transcription
    if whole.beats and not known:
        return whole
    sound = recalled.sound()
    if sound is None:
        return whole
    from adt_plugins.pipeline import transcribe

    source, moved = sound
    result = transcribe(
        source,
        model=model,
        beats=True,
        keep_activations=False,
        progress=progress,
        bpm=known.bpm,
        meter=known.meter,
        first_downbeat=known.first_downbeat,
    )
    result = result.shifted(moved)
    return replace(whole, beats=result.beats, meters=result.meters)


def has_recording(original: Original) -> bool:
    """Return whether the original recording exists and has not changed."""
    return _sound_of(original, None)() is not None


def _sound_of(original: Original, audio: AudioSource | None) -> Sound:
    """Return a function for the recording of a transcription, if it is unchanged."""

    def sound() -> tuple[AudioSource, float] | None:
        if audio is not None:
            return audio, original.moved
        try:
            return source_audio(original.transcription), original.moved
        except FormatError:
            return None

    return sound


def _with_velocities(
    done: Corrected, sound: Sound, original: Transcription
) -> Transcription:
    """Give new hits their velocities in the sound, or usual ones without any."""
    if not done.fresh:
        return done.transcription
    available = sound()
    if available is None:
        hits = _usual(done.fresh, original.onsets)
    else:
        from adt_plugins.network.catalogue import find_model
        from adt_plugins.picking.remeasure import measured

        source, moved = available
        there = [x for x in original.onsets if x.time >= moved]
        fresh = [replace(x, time=max(x.time - moved, 0.0)) for x in done.fresh]
        reference = [replace(x, time=x.time - moved) for x in there]
        with open_audio(source) as reader:
            hits = measured(reader, find_model(None), fresh, reference)
    velocity = {id(x): y.velocity for x, y in zip(done.fresh, hits, strict=True)}
    onsets = (
        replace(x, velocity=velocity.get(id(x), x.velocity))
        for x in done.transcription.onsets
    )
    return replace(done.transcription, onsets=tuple(onsets))


def _usual(fresh: Iterable[Onset], others: Iterable[Onset]) -> list[Onset]:
    """Give new hits the median velocity of their drum, if it has others."""
    velocities: dict[Any, list[int]] = {}
    for onset in others:
        velocities.setdefault(onset.drum.coarse, []).append(onset.velocity)
    return [
        replace(x, velocity=round(float(np.median(velocities[x.drum.coarse]))))
        if x.drum.coarse in velocities
        else x
        for x in fresh
    ]
