"""Detects MP3s that Audacity shows late.

Audacity 3.2 and 3.3 ignore what an MP3 says about the silence that its encoder put
before the sound (`adt_plugins.audio.mp3_tag`): everything is shown 25 ms late at 44.1
kHz, and labels at the right times precede the sound. Other versions, and other ways to
import, are right. The length of the track in the project tells which it was: it is
longer by the silence at both ends.
"""

from __future__ import annotations

from pathlib import Path

from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audacity.wave_track import length_of, slack_of, wave_tracks
from adt_plugins.audio import open_audio
from adt_plugins.audio.mp3_tag import encoder_delay
from adt_plugins.errors import AdtError


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
    waves = wave_tracks(pipe)
    named = [track for track in waves if track.get("name") == recording.stem]
    for track in named or waves:
        longer, slack = length_of(track) - duration, slack_of(track)
        if abs(longer) <= slack:
            break  # shown at its times
        if abs(longer - delay.longer_s) <= slack:
            return delay.late_s
    return 0.0
