"""Reads the audio of a project that Audacity 3 or 4 saved.

A project has wave tracks, two of which may be a stereo pair. A track has clips, a clip
a sequence of blocks, and each block is a row of the database, in integers or floats.
Clips may be moved, trimmed, stretched in time (from Audacity 3.4 on) and have an
envelope. Panning and real-time effects are ignored, and a stretched clip changes its
pitch: the audio serves to measure how loud hits are, and to find beats.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.audio.resample import resampled
from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.aup3 import (
    check_table,
    open_database,
    read_documents,
)
from adt_plugins.formats.audacity_project.binary_xml import Event, Start, events

MOST_SECONDS = 3600.0
_MOST_BLOCK_BYTES = 16 << 20
_TABLE = "sampleblocks"
_LEAST_GAIN = 1e-7  # of an envelope, in Audacity
_MOST_STRETCH = 1000.0
_SAME = 1e-9
_PIECE = 1 << 20

# Sample formats by Audacity's numbers, and full scale. 24 bits are stored in 32.
_FORMATS: dict[int, tuple[Any, float]] = {
    0x00020001: (np.dtype("<i2"), 2.0**15),
    0x00040001: (np.dtype("<i4"), 2.0**23),
    0x0004000F: (np.dtype("<f4"), 1.0),
}

Samples = NDArray[np.float32]


@dataclass
class _Clip:
    """Blocks with their first frames; trimmed ends are silent.

    Times, also those of the envelope, are those after `stretch`.
    """

    offset: float
    trim_left: float
    trim_right: float
    stretch: float
    rate: int
    sequences: list[list[tuple[int, int]]] = field(default_factory=list)
    frames: int = 0
    envelope: list[tuple[float, float]] = field(default_factory=list)

    def audible(self) -> tuple[int, int]:
        """Return the first audible frame, and the one after the last."""
        first, last = (
            round(trim / self.stretch * self.rate)
            for trim in (self.trim_left, self.trim_right)
        )
        return first, self.frames - last

    def place(self, rate: int) -> tuple[int, int]:
        """Return where it begins and ends in a mix of this rate, in samples."""
        start = round(self.offset * rate) + round(self.trim_left * rate)
        first, last = self.audible()
        return start, start + round((last - first) * self.stretch * rate / self.rate)


@dataclass
class _Track:
    rate: int
    gain: float
    silent: bool
    solo: bool
    linked: bool
    clips: list[_Clip] = field(default_factory=list)


def read_aup3_sound(path: Path) -> tuple[Samples, int] | None:
    """Read the mix of all tracks that are not muted.

    Returns
    -------
    samples
        Shape (n,), from the start of the project.
    rate
        Rate of the tracks, in Hz; 44100 if they have different ones.

    None if there is no sound, or more than an hour of sound.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If it is not such a project, or damaged.
    """
    with open_database(path) as database:
        saved, unsaved = read_documents(database)
        parts = [
            (clip, weight)
            for track, weight in _audible_tracks(
                _tracks(events(saved or unsaved or b""))
            )
            for clip in track.clips
        ]
        rates = {clip.rate for clip, _ in parts}
        rate = rates.pop() if len(rates) == 1 else SAMPLE_RATE
        end = max((clip.place(rate)[1] for clip, _ in parts), default=0)
        longest = max((clip.frames / clip.rate for clip, _ in parts), default=0.0)
        if not 0 < end <= MOST_SECONDS * rate or longest > MOST_SECONDS:
            return None
        check_table(database, _TABLE, ("blockid", "sampleformat", "samples"))
        mixed = np.zeros(end, np.float32)
        for clip, weight in parts:
            if not any(block > 0 for part in clip.sequences for _, block in part):
                continue
            sound = _at_rate(_enveloped(_sound(database, clip), clip), clip, rate)
            start = clip.place(rate)[0]
            low, high = max(start, 0), min(start + len(sound), end)
            if low < high:
                mixed[low:high] += (
                    np.float32(weight) * sound[low - start : high - start]
                )
        return mixed, rate


def _tracks(elements: Iterable[Event]) -> Iterator[_Track]:
    track: _Track | None = None
    tempo = 0.0
    clips: list[_Clip] = []  # open clips; nested ones are cut lines
    for event in elements:
        name = event.name
        if not isinstance(event, Start):
            if name == "waveclip" and clips:
                clip = clips.pop()
                if track is not None and not clips:
                    track.clips.append(clip)
            elif name == "wavetrack" and track is not None:
                yield track
                track = None
            continue
        about = event.attributes
        if name in ("project", "audacityproject"):
            tempo = _number(about, "time_signature_tempo")
        elif name == "wavetrack":
            track = _track(about)
        elif name == "waveclip" and track is not None:
            clips.append(_clip(about, tempo, track.rate))
        elif len(clips) == 1:
            _add_to(clips[0], name, about)


def _track(about: dict[str, Any]) -> _Track:
    track = _Track(
        rate=round(_number(about, "rate", 44100)),
        gain=_number(about, "gain", 1.0),
        silent=bool(_number(about, "mute")),
        solo=bool(_number(about, "solo")),
        linked=bool(_number(about, "linked")),
    )
    if not 1000 <= track.rate <= 1_000_000:
        raise FormatError("a track with an impossible sample rate")
    return track


def _clip(about: dict[str, Any], tempo: float, rate: int) -> _Clip:
    # A clip follows the tempo of the project, if it has one of its own. Audacity 4
    # keeps that of the project with the clip.
    raw = _number(about, "rawAudioTempo")
    tempo = _number(about, "clipTempo") or tempo
    stretch = _number(about, "clipStretchRatio", 1.0)
    stretch *= raw / tempo if raw > 0 and tempo > 0 else 1.0
    if not 1 / _MOST_STRETCH <= stretch <= _MOST_STRETCH:
        raise FormatError("a clip that is stretched impossibly")
    return _Clip(
        _number(about, "offset"),
        _number(about, "trimLeft"),
        _number(about, "trimRight"),
        1.0 if abs(stretch - 1) < _SAME else stretch,
        rate,
    )


def _add_to(clip: _Clip, name: str, about: dict[str, Any]) -> None:
    """Add a tag that lies within a clip."""
    if name == "sequence":
        clip.sequences.append([])
        clip.frames = max(clip.frames, round(_number(about, "numsamples")))
    elif name == "waveblock" and clip.sequences:
        block = round(_number(about, "start")), round(_number(about, "blockid"))
        clip.sequences[-1].append(block)
    elif name == "controlpoint":
        clip.envelope.append((_number(about, "t"), _number(about, "val", 1.0)))


def _audible_tracks(tracks: Iterable[_Track]) -> list[tuple[_Track, float]]:
    """Return the audible tracks with their gains; a stereo pair counts as one track."""
    every = list(tracks)
    solo = any(track.solo for track in every)
    audible = []
    second = False
    for track in every:
        side = second or track.linked
        second = track.linked and not second
        if not track.silent and (track.solo or not solo):
            audible.append((track, track.gain * (0.5 if side else 1.0)))
    return audible


def _sound(database: sqlite3.Connection, clip: _Clip) -> Samples:
    """Return the audible samples of a clip, the mean of its channels."""
    first, last = clip.audible()
    sound = np.zeros(max(0, last - first), np.float32)
    for sequence in clip.sequences:
        share = np.float32(1 / len(clip.sequences))
        for start, block in sequence:
            if block <= 0:  # silence
                continue
            samples, at = _samples(database, block), start - first
            low, high = max(at, 0), min(at + len(samples), len(sound))
            if low < high:
                sound[low:high] += share * samples[low - at : high - at]
    return sound


def _enveloped(sound: Samples, clip: _Clip) -> Samples:
    """Apply the envelope, which Audacity interpolates in decibels."""
    if not clip.envelope:
        return sound
    points, gains = np.array(sorted(clip.envelope, key=lambda point: point[0])).T
    logarithms = np.log10(np.maximum(gains, _LEAST_GAIN))
    first = clip.audible()[0]
    for piece in _pieces(len(sound)):
        times = (first + np.arange(piece.start, piece.stop)) / clip.rate * clip.stretch
        sound[piece] *= 10 ** np.interp(times, points, logarithms).astype(np.float32)
    return sound


def _at_rate(sound: Samples, clip: _Clip, rate: int) -> Samples:
    """Stretch the samples of a clip, and convert them to another rate."""
    if clip.stretch != 1.0:
        first, last = clip.place(clip.rate)
        stretched = np.zeros(max(0, last - first), np.float32)
        for piece in _pieces(len(stretched) if len(sound) else 0):
            low = int(piece.start / clip.stretch)
            near = sound[low : int(piece.stop / clip.stretch) + 2]
            places = np.arange(piece.start, piece.stop) / clip.stretch - low
            stretched[piece] = np.interp(places, np.arange(len(near)), near)
        sound = stretched
    if clip.rate == rate or not len(sound):
        return sound
    return np.concatenate(list(resampled([sound], clip.rate, rate)))


def _pieces(count: int) -> Iterator[slice]:
    """Divide samples into pieces, so that temporary arrays are small."""
    for start in range(0, count, _PIECE):
        yield slice(start, min(start + _PIECE, count))


def _samples(database: sqlite3.Connection, block: int) -> Samples:
    row = database.execute(
        f"SELECT sampleformat, typeof(samples), length(samples) FROM {_TABLE}"
        " WHERE blockid = ?",
        [block],
    ).fetchone()
    if row is None or row[0] not in _FORMATS or row[1] != "blob":
        raise FormatError("audio is missing in this project")
    dtype, full_scale = _FORMATS[row[0]]
    if row[2] > _MOST_BLOCK_BYTES or row[2] % dtype.itemsize:
        raise FormatError("a block of audio of an impossible size")
    (data,) = database.execute(
        f"SELECT samples FROM {_TABLE} WHERE blockid = ?", [block]
    ).fetchone()
    samples: Samples = np.frombuffer(data, dtype).astype(np.float32)
    samples /= np.float32(full_scale)
    samples[~np.isfinite(samples)] = 0
    return samples


def _number(about: dict[str, Any], name: str, default: float = 0.0) -> float:
    try:
        number = float(about.get(name, default))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) < 1e12:
        raise FormatError(f"a track, clip or block with an impossible {name}")
    return number
