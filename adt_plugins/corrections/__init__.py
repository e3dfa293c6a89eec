"""Labels that come back from Audacity: the whole transcription again.

What labels do not say is taken from what they were made from, which was left beside
the song or is remembered (`adt_plugins.labels.originals`); what is new, or was never
known, is heard from the sound: in the project, or in the recording.
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
from adt_plugins.annotations import Beat, Onset
from adt_plugins.audio.opening import AudioSource
from adt_plugins.audio.reader import open_audio
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
from adt_plugins.rhythm.beats import KnownBeats
from adt_plugins.transcription import Transcription

Sound = Callable[[], tuple[AudioSource, float] | None]
"""Gives, when it is needed, what hits can be heard in, and how much later they are
than in that, in seconds; None if there is nothing."""


@dataclass(frozen=True)
class Recalled:
    """A transcription that has come back.

    Parameters
    ----------
    transcription
        All of it.
    sound
        Where its hits can be heard.
    corrections
        How many hits are not as they were found; None if that is not known.
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
    """Read a transcription; of labels, with all that was not corrected.

    Parameters
    ----------
    path, format_id, warn, **options
        See `adt_plugins.formats.read`.
    audio
        The recording; None: what is in the file, or what it was made from.

    Raises
    ------
    AdtError
        See `adt_plugins.formats.read`.
    """
    path = Path(path)
    known = format_id or formats.format_of_file(path)
    form = None if known is None else formats.find_format(known)
    if form is None or form.tracks is None:
        transcription = formats.read(path, known, warn=warn, **options)
        return Recalled(transcription, _sound_of(Original(transcription), audio))

    def in_file() -> tuple[AudioSource, float] | None:
        found = None if form.sound is None else form.sound(path)
        return None if found is None else (found, 0.0)

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
    """Make a whole transcription of label tracks.

    Parameters
    ----------
    tracks
        The tracks.
    near
        What they were probably made from; more is looked for.
    audio
        The recording; None: see `sound`.
    sound
        The sound of their project; nothing of it: the recording that they were made
        from, if that is known.
    slack
        How exact times are.
    warn, names
        See `adt_plugins.labels.tracks.transcription_of`.
    """
    reading = read_tracks(tracks, names=names)
    original = find_original(reading, near, slack)

    @cache
    def heard() -> tuple[AudioSource, float] | None:
        found = sound() if audio is None else None
        return found or _sound_of(original or Original(Transcription()), audio)()

    corrections = None
    if original is None:
        plain = transcription_of(tracks, warn=warn, names=names)
        untold = any(hit.velocity is None for hit in reading.hits)
        source = heard() if untold else None
        if source is None:
            return Recalled(plain, heard)
        from adt_plugins.pipeline import transcribe

        # Nobody knows what these were made from; but the model hears it again.
        original = Original(transcribe(source[0], keep_activations=False))
        done = corrected(reading, original.transcription, slack)
    else:
        done = corrected(reading, original.transcription, slack)
        warn_of_texts(reading, done.transcription.labels, warn=warn, names=names)
        corrections = done.changed
    whole = _with_velocities(done, heard, original.transcription)
    return Recalled(whole, heard, corrections)


def with_beats(
    recalled: Recalled,
    *,
    model: str | None = None,
    progress: bool | Progress = False,
    known: KnownBeats = KnownBeats(),  # noqa: B008 - frozen
) -> Transcription:
    """Find beats where there are none, if there is sound to find them in.

    Parameters
    ----------
    recalled
        What has come back.
    model, progress
        See `adt_plugins.pipeline.transcribe`.
    known
        What is known of them; if anything is, beats are found anew.
    """
    whole = recalled.transcription
    if whole.beats and not known:
        return whole
    found = recalled.sound()
    if found is None:
        return whole
    from adt_plugins.pipeline import transcribe

    source, moved = found
    heard = transcribe(
        source,
        model=model,
        beats=True,
        keep_activations=False,
        progress=progress,
        bpm=known.bpm,
        meter=known.meter,
        first_downbeat=known.first_downbeat,
    )
    beats = tuple(Beat(beat.time + moved, beat.position) for beat in heard.beats)
    return replace(whole, beats=beats, meters=heard.meters)


def has_recording(original: Original) -> bool:
    """Whether the recording that it was made from is there, and the same."""
    return _sound_of(original, None)() is not None


def _sound_of(original: Original, audio: AudioSource | None) -> Sound:
    """The recording of a transcription, if it is there and the same."""

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
    """Give new hits the velocities that they have in the sound, or usual ones."""
    if not done.fresh:
        return done.transcription
    found = sound()
    if found is None:
        louder = _usual(done.fresh, original.onsets)
    else:
        from adt_plugins.network.catalogue import find_model
        from adt_plugins.picking.remeasure import measured

        source, moved = found
        there = [x for x in original.onsets if x.time >= moved]
        fresh = [replace(x, time=max(x.time - moved, 0.0)) for x in done.fresh]
        known = [replace(x, time=x.time - moved) for x in there]
        with open_audio(source) as reader:
            louder = measured(reader, find_model(None), fresh, known)
    velocity = {id(x): y.velocity for x, y in zip(done.fresh, louder, strict=True)}
    onsets = (
        replace(x, velocity=velocity.get(id(x), x.velocity))
        for x in done.transcription.onsets
    )
    return replace(done.transcription, onsets=tuple(onsets))


def _usual(fresh: Iterable[Onset], known: Iterable[Onset]) -> list[Onset]:
    """New hits with the median velocity of their drum's hits, if there are some."""
    speeds: dict[Any, list[int]] = {}
    for onset in known:
        speeds.setdefault(onset.drum.coarse, []).append(onset.velocity)
    return [
        replace(x, velocity=round(float(np.median(speeds[x.drum.coarse]))))
        if x.drum.coarse in speeds
        else x
        for x in fresh
    ]
