"""What a running Audacity answers about the tracks with sound of its project."""

from __future__ import annotations

import math
from typing import Any

from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError

_DIGITS = 6  # of times in Audacity's answers
_SLACK_S = 0.001


def wave_tracks(pipe: Pipe) -> list[dict[str, Any]]:
    """Return what Audacity says of each track with sound in the open project.

    Raises
    ------
    PipeError
        If Audacity does not answer, or not as expected.
    """
    answer = pipe.info("Tracks")
    try:
        return [track for track in answer if track.get("kind") == "wave"]
    except (AttributeError, TypeError) as error:
        raise PipeError(f"Audacity's answer is not understood: {error!r}") from error


def length_of(track: dict[str, Any]) -> float:
    """Return the length of a track in seconds.

    Raises
    ------
    PipeError
        If Audacity has not said where it begins and ends.
    """
    try:
        return float(track["end"]) - float(track["start"])
    except (KeyError, TypeError, ValueError) as error:
        raise PipeError(f"Audacity's answer is not understood: {error!r}") from error


def slack_of(track: dict[str, Any]) -> float:
    """Return the rounding error of a track's length, in seconds."""
    end = max(abs(float(track["end"])), abs(float(track["start"])), 1.0)
    return _SLACK_S + float(10 ** (math.floor(math.log10(end)) + 1 - _DIGITS))
