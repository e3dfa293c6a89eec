"""Reads the audio of a project that Audacity 3 or 4 saved.

A project has wave tracks, two of which may be a stereo pair. A track has clips, a clip
a sequence of blocks, and each block is a row of the database, in integers or floats.
Envelopes and real-time effects are ignored: the audio serves to measure how loud hits
are, and to find beats.
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

# Sample formats by Audacity's numbers, and full scale. 24 bits are stored in 32.
_FORMATS: dict[int, tuple[Any, float]] = {
    0x00020001: (np.dtype("<i2"), 2.0**15),
    0x00040001: (np.dtype("<i4"), 2.0**23),
    0x0004000F: (np.dtype("<f4"), 1.0),
}


@dataclass
class _Clip:
    """Blocks with their first frames; trimmed ends are silent."""

    offset: float
    trim_left: float
    trim_right: float
    sequences: list[list[tuple[int, int]]] = field(default_factory=list)
    frames: int = 0


@dataclass
class _Track:
    rate: int
    gain: float
    silent: bool
    solo: bool
    linked: bool
    clips: list[_Clip] = field(default_factory=list)


def read_aup3_sound(path: Path) -> tuple[NDArray[np.float32], int] | None:
    """Read the mix of all tracks that are not muted.

    Returns
    -------
    samples
        Shape (n,), from the start of the project.
    rate
        Rate of the first track, in Hz; tracks of other rates are left out.

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
        tracks = _audible_tracks(_tracks(events(saved or unsaved or b"")))
        if not tracks:
            return None
        rate = tracks[0][0].rate
        parts = [
            (clip, weight)
            for track, weight in tracks
            if track.rate == rate
            for clip in track.clips
        ]
        end = max((_place(clip, rate)[1] for clip, _ in parts), default=0)
        if not 0 < end <= MOST_SECONDS * rate:
            return None
        check_table(database, _TABLE, ("blockid", "sampleformat", "samples"))
        mixed = np.zeros(end, np.float32)
        for clip, weight in parts:
            for sequence in clip.sequences:
                share = np.float32(weight / len(clip.sequences))
                blocks = (
                    (start, _samples(database, block))
                    for start, block in sequence
                    if block > 0  # other blocks are silence
                )
                _add(mixed, blocks, clip, share, rate)
        return mixed, rate


def _tracks(elements: Iterable[Event]) -> Iterator[_Track]:
    track: _Track | None = None
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
        if name == "wavetrack":
            track = _Track(
                rate=round(_number(about, "rate", 44100)),
                gain=_number(about, "gain", 1.0),
                silent=bool(_number(about, "mute")),
                solo=bool(_number(about, "solo")),
                linked=bool(_number(about, "linked")),
            )
            if not 1000 <= track.rate <= 1_000_000:
                raise FormatError("a track with an impossible sample rate")
        elif name == "waveclip":
            clips.append(
                _Clip(
                    _number(about, "offset"),
                    _number(about, "trimLeft"),
                    _number(about, "trimRight"),
                )
            )
        elif name == "sequence" and len(clips) == 1:
            clips[0].sequences.append([])
            clips[0].frames = max(clips[0].frames, round(_number(about, "numsamples")))
        elif name == "waveblock" and len(clips) == 1 and clips[0].sequences:
            block = round(_number(about, "start")), round(_number(about, "blockid"))
            clips[0].sequences[-1].append(block)


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


def _place(clip: _Clip, rate: int) -> tuple[int, int]:
    """Return the first audible frame of a clip, and the one after its last."""
    whole = round(clip.offset * rate)
    start = whole + round(clip.trim_left * rate)
    return start, whole + clip.frames - round(clip.trim_right * rate)


def _add(
    mixed: NDArray[np.float32],
    blocks: Iterable[tuple[int, NDArray[np.float32]]],
    clip: _Clip,
    weight: np.float32,
    rate: int,
) -> None:
    first, last = _place(clip, rate)
    whole = round(clip.offset * rate)
    for start, samples in blocks:
        at = whole + start
        low, high = max(at, first, 0), min(at + len(samples), last, len(mixed))
        if low < high:
            mixed[low:high] += weight * samples[low - at : high - at]


def _samples(database: sqlite3.Connection, block: int) -> NDArray[np.float32]:
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
    samples: NDArray[np.float32] = np.frombuffer(data, dtype).astype(np.float32)
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
