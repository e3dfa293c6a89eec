"""Detects MP3s that Audacity shows late.

Audacity 3.2 and 3.3 ignore what an MP3 says about the silence that its encoder put
before the sound (`adt_plugins.audio.mp3_tag`): everything is shown 25 ms late at 44.1
kHz, and labels at the right times precede the sound. Other versions, and other ways to
import, are right. The length of the track in the project tells which it was: it is
longer by the silence at both ends.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError
from adt_plugins.audio import open_audio
from adt_plugins.audio.mp3_tag import encoder_delay
from adt_plugins.errors import AdtError

_DIGITS = 6  # of times in Audacity's answers
_SLACK_S = 0.001


def shown_late(pipe: Pipe, recording: Path | None) -> float:
    """Return how late the open project shows a recording, in seconds, or 0.

    Parameters
    ----------
    pipe
        A running Audacity.
    recording
        The file that was imported; its track has its name or, after it was renamed, its
        length.

    Raises
    ------
    PipeError
        If Audacity does not answer, or not as expected.
    """
    delay = None if recording is None else encoder_delay(recording)
    if recording is None or delay is None:
        return 0.0
    try:
        with open_audio(recording) as reader:
            frames, rate = reader.info.frames, reader.info.sample_rate
    except AdtError:
        return 0.0
    if frames is None:
        return 0.0
    duration = frames / rate
    waves = [track for track in pipe.info("Tracks") if track.get("kind") == "wave"]
    named = [track for track in waves if track.get("name") == recording.stem]
    for track in named or waves:
        longer, slack = length_of(track) - duration, slack_of(track)
        if abs(longer) <= slack:
            break  # shown at its times
        if abs(longer - delay.longer_s) <= slack:
            return delay.late_s
    return 0.0


def length_of(track: Any) -> float:
    """Return the length of a track in seconds, from Audacity's answer."""
    try:
        return float(track["end"]) - float(track["start"])
    except (KeyError, TypeError, ValueError) as error:
        raise PipeError(f"Audacity's answer is not understood: {error!r}") from error


def slack_of(track: Any) -> float:
    """Return the rounding error of a length in Audacity's answer, in seconds."""
    end = max(abs(float(track["end"])), abs(float(track["start"])), 1.0)
    return _SLACK_S + float(10 ** (math.floor(math.log10(end)) + 1 - _DIGITS))
