"""The parts of a transcription: onsets, beats, labels and the source.

They are immutable, and validated on construction: numbers are finite, a time is a
number rather than text, a velocity is an integer.
"""

from __future__ import annotations

import math
import os
import reprlib
import sys
from dataclasses import dataclass, field

from adt_plugins.base.checks import real, seconds, whole
from adt_plugins.drums import Drum, as_drum

_set = object.__setattr__  # how a frozen dataclass fills its own fields
_LARGEST = sys.float_info.max


@dataclass(frozen=True, order=True, slots=True)
class Onset:
    """One hit.

    Parameters
    ----------
    time
        Seconds from the first sample of the file, >= 0.
    drum
        The drum, as fine as it is certain; also by a name that `as_drum` knows.
    velocity
        MIDI velocity, 1-127.
    confidence
        Confidence, 0-1.
    note
        MIDI note that it was read from, if any, so that one MIDI file becomes another
        with the same notes. Kept in memory only: not part of the JSON form, and not
        compared.

    Raises
    ------
    TypeError, ValueError
        If a value has the wrong type or is out of its range.
    """

    time: float
    drum: Drum
    velocity: int = 100
    confidence: float = 1.0
    note: int | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        _set(self, "time", seconds(self.time))
        if type(self.drum) is not Drum:
            _set(self, "drum", as_drum(self.drum))
        _set(self, "velocity", whole("velocity", self.velocity, 1, 127))
        _set(self, "confidence", real("confidence", self.confidence, 0.0, 1.0))
        if self.note is not None:
            _set(self, "note", whole("note", self.note, 0, 127))


def onset_order(onset: Onset) -> tuple[float, Drum, int, float]:
    """Return what onsets are compared by; sorting by it takes a 20th of the time."""
    return onset.time, onset.drum, onset.velocity, onset.confidence


@dataclass(frozen=True, order=True, slots=True)
class Beat:
    """One beat.

    Parameters
    ----------
    time
        Seconds from the first sample of the file, >= 0.
    position
        Place in the bar, from 1; 1 is the downbeat.

    Raises
    ------
    TypeError, ValueError
        If a value has the wrong type or is out of its range.
    """

    time: float
    position: int

    def __post_init__(self) -> None:
        _set(self, "time", seconds(self.time))
        _set(self, "position", whole("position", self.position, 1))


@dataclass(frozen=True, order=True, slots=True)
class Label:
    """A text at a time: an Audacity label that is not a hit, such as ``verse``.

    Parameters
    ----------
    start, end
        Seconds from the first sample of the file, >= 0; equal for a point.
    text
        Its text.
    track
        Name of its track; empty if unknown.

    Raises
    ------
    TypeError, ValueError
        If a value has the wrong type or is out of its range.
    """

    start: float
    end: float
    text: str
    track: str = ""

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = getattr(self, name)
            if type(value) is not float or not 0 < value < math.inf:
                _set(self, name, seconds(value, name))
        for name in ("text", "track"):
            if not isinstance(value := getattr(self, name), str):
                raise TypeError(f"{name} is text, not {reprlib.repr(value)}")


@dataclass(frozen=True, slots=True)
class Source:
    """The recording that was transcribed.

    Parameters
    ----------
    path
        Path as the user gave it; None for samples in memory.
    sha256
        Hash of the file's bytes; None when there was no file.
    sample_rate
        Sample rate of the file in Hz.
    channels
        Channels of the file.
    duration
        Length of the part that was read, in seconds.
    offset
        Start of that part in the file, in seconds. Times of onsets and
        beats count from the file's first sample all the same.
    moved
        Seconds by which times are later than in the file, as with ``--offset``: they
        count from the start of a project, or from midnight. See
        `adt_plugins.recording.as_recorded`.

    Raises
    ------
    TypeError, ValueError
        If a value has the wrong type or is out of its range.
    """

    path: str | None = None
    sha256: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    duration: float | None = None
    offset: float = 0.0
    moved: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.path, os.PathLike):
            _set(self, "path", os.fspath(self.path))
        for name in ("path", "sha256"):
            value = getattr(self, name)
            if not isinstance(value, str | None):
                raise TypeError(f"{name} is text, not {reprlib.repr(value)}")
        for name in ("sample_rate", "channels"):
            if (number := getattr(self, name)) is not None:
                _set(self, name, whole(name, number, 1))
        if self.duration is not None:
            _set(self, "duration", seconds(self.duration, "duration"))
        _set(self, "offset", seconds(self.offset, "offset"))
        _set(self, "moved", real("moved", self.moved, -_LARGEST, _LARGEST))
