"""Detects recordings that were moved in the project that is open in Audacity."""

from __future__ import annotations

from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audacity.wave_track import length_of, slack_of, wave_tracks

_LEAST_S = 0.005


def moved_start(pipe: Pipe, name: str, durations: tuple[float, ...]) -> float:
    """Return where the open project shows the beginning of a recording, in seconds.

    0 if it was not moved, or cannot be told: a track that is shorter was trimmed or
    cut, and may begin anywhere in the recording.

    Parameters
    ----------
    pipe
        A running Audacity.
    name
        Name of its track.
    durations
        Lengths in seconds that the whole recording may have in the project.

    Raises
    ------
    PipeError
        If Audacity does not answer, or not as expected.
    """
    tracks = [track for track in wave_tracks(pipe) if track.get("name") == name]
    if len(tracks) != 1:
        return 0.0
    (track,) = tracks
    length, slack = length_of(track), slack_of(track)
    start = float(track["start"])
    is_whole = any(abs(length - duration) <= slack for duration in durations)
    return start if is_whole and abs(start) >= _LEAST_S else 0.0
