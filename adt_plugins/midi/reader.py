"""Reads standard MIDI files: tolerant of other programs, safe on hostile input.

mido writes our files and checks this reader in the tests. It does not read
them: one odd key signature or one foreign chunk makes mido 1.3 refuse a whole
file, and 200 kB of the byte 0xFF keep it busy for 7 seconds (1 MB: minutes).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adt_plugins.errors import FormatError

DEFAULT_TEMPO = 500_000  # microseconds a beat: 120 BPM until a file says otherwise

_HEADER_BYTES = 14
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_TEXT, _NAME, _MARKER, _END, _SET_TEMPO, _SIGNATURE = 0x01, 0x03, 0x06, 0x2F, 0x51, 0x58
_OWN = 0x7F
_MOST_HALVINGS = 6  # a 64th is the shortest beat of a time signature
_NOTE_OFF, _NOTE_ON = 0x8, 0x9
# Data bytes after a status byte, by its upper four bits.
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
# System messages have no place in a file; those seen all the same, with theirs.
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}


@dataclass(frozen=True)
class Note:
    """A note-on: when, on which channel (0-15), which note, how hard (1-127)."""

    tick: int
    channel: int
    note: int
    velocity: int


@dataclass
class Track:
    """What of a track matters here.

    A tempo is (tick, microseconds a beat), a time signature (tick, numerator,
    denominator), a marker (tick, text).

    Attributes
    ----------
    own
        Contents of its sequencer-specific events.
    end
        Tick of its end of track, or of its last event.
    last
        First tick behind its last event that sounds or says something: what lies
        between it and `end` is empty.
    has_end
        Whether it has an end of track.
    """

    name: str = ""
    notes: list[Note] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    own: list[bytes] = field(default_factory=list)
    end: int = 0
    last: int = 0
    has_end: bool = False


@dataclass(frozen=True)
class MidiFile:
    """A parsed file.

    Parameters
    ----------
    division
        As in the header: ticks a beat, or with the sign bit set frames a
        second and ticks a frame (SMPTE).
    tracks
        In the order of the file.
    damage
        A line for each track that could not be read to its end; what lies before
        that is there.
    """

    division: int
    tracks: list[Track]
    damage: tuple[str, ...] = ()


def parse(data: bytes) -> MidiFile:
    """Parse a standard MIDI file of type 0 or 1.

    Programs that crashed leave tracks whose length says 0, and others write a
    length or a number of tracks that is wrong: a track ends with its end of track
    then, and the file with its last track.

    Raises
    ------
    FormatError
        If it is not such a file, or is damaged and has no notes before that.
    """
    if data[:4] != b"MThd" or len(data) < _HEADER_BYTES:
        raise FormatError("not a MIDI file")
    kind, count, division = (
        int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12)
    )
    if kind > 1:
        raise FormatError(f"MIDI file of type {kind}; types 0 and 1 can be read")
    if division in (0, 0x8000) or (division & 0x8000 and not division & 0xFF):
        raise FormatError("MIDI file without a time division")
    tracks: list[Track] = []
    damage: list[str] = []
    position = 8 + int.from_bytes(data[4:8], "big")
    while position + 8 <= len(data) and _is_chunk(data, position):
        start = position + 8
        size = int.from_bytes(data[position + 4 : start], "big")
        if data[position : position + 4] != b"MTrk":  # others are to be skipped
            position = start + size
            continue
        end = start + size
        track, read, reason = _read_track(data[start:end])
        lies = end > len(data) or not _is_chunk(data, end)
        if lies and not track.has_end:
            following = data.find(b"MTrk", start)
            end = following if following > 0 else len(data)
            track, read, reason = _read_track(data[start:end])
            reason = reason or (None if track.has_end else "is cut off")
        tracks.append(track)
        if reason is not None:
            damage.append(f"track {len(tracks)} {reason}")
        position = start + read if lies and track.has_end else end
    if len(tracks) < count:
        damage.append(f"cut off in track {len(tracks) + 1} of {count}")
    if damage and not any(track.notes for track in tracks):
        raise FormatError(damage[0])
    return MidiFile(division, tracks, tuple(damage))


def _is_chunk(data: bytes, position: int) -> bool:
    """Whether a chunk, or the end of the file, is where one should be."""
    name = data[position : position + 4]
    return not name or (len(name) == 4 and name.isascii() and name.isalnum())


def _read_track(data: bytes) -> tuple[Track, int, str | None]:
    """A track, how many bytes it has, and what is wrong with it."""
    track = Track()
    try:
        return track, _parse_track(data, track), None
    except IndexError:
        return track, len(data), "is cut off"
    except FormatError as error:
        return track, len(data), f"is wrong at {error}"


def _parse_track(data: bytes, track: Track) -> int:
    """Parse a track's content; return how many bytes it has.

    Raises IndexError if it ends within an event.
    """
    tick = position = 0
    running = None
    while position < len(data):
        delta, position = _number(data, position)
        tick += delta
        track.end = tick
        status = data[position]
        if status < 0x80:
            if running is None:
                raise FormatError(f"byte {position}: data without a status")
            status = running
        else:
            position += 1
        if status in (_META, _SYSEX, _ESCAPE):
            kind = data[position] if status == _META else None
            size, start = _number(data, position + (status == _META))
            position = start + size
            if position > len(data):
                raise IndexError
            if kind == _END:
                track.has_end = True
                return position
            _take_meta(track, kind, tick, data[start:position])
            track.last = max(track.last, tick)
        elif status >= 0xF0:
            position += _SYSTEM_DATA_BYTES.get(status, 0)
        else:
            running = status
            count = _DATA_BYTES[status >> 4]
            first, last = data[position], data[position + count - 1]
            is_note = status >> 4 in (_NOTE_OFF, _NOTE_ON)
            if is_note and (first > 127 or last > 127):
                raise FormatError(f"byte {position}: data above 127")
            # Of others, such as controllers, a value out of range does not matter.
            position += count
            track.last = max(track.last, tick)
            if status >> 4 == _NOTE_ON and last > 0:  # velocity 0 is a note-off
                track.notes.append(Note(tick, status & 0xF, first, last))
                track.last = tick + 1
    return position


def _take_meta(track: Track, kind: int | None, tick: int, data: bytes) -> None:
    if kind == _NAME and not track.name:
        track.name = _text(data)
    elif kind == _OWN:
        track.own.append(data)
    elif kind == _TEXT:
        track.texts.append(_text(data))
    elif kind == _MARKER:
        track.markers.append((tick, _text(data)))
    elif kind == _SIGNATURE and len(data) >= 2:
        if data[0] and data[1] <= _MOST_HALVINGS:
            track.signatures.append((tick, data[0], 1 << data[1]))
    elif kind == _SET_TEMPO and len(data) == 3:
        tempo = int.from_bytes(data, "big")
        if tempo == 0:
            raise FormatError(f"tick {tick}: a tempo of 0")
        track.tempos.append((tick, tempo))


def _text(data: bytes) -> str:
    """UTF-8, or what most programs write: one byte a character."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Read a variable-length quantity; returns it and the position after it."""
    value = 0
    for at in range(position, position + 4):
        byte = data[at]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + 1
    raise FormatError(f"byte {position}: a length of more than four bytes")


class Clock:
    """Ticks of a file to seconds, exact to one rounding.

    Parameters
    ----------
    division
        See `MidiFile`.
    tempos
        (tick, microseconds a beat) in any order; of several at one tick the
        last counts. Ignored in SMPTE time.
    """

    def __init__(self, division: int, tempos: Iterable[tuple[int, int]] = ()) -> None:
        if division & 0x8000:
            frames = 256 - (division >> 8)
            # 29 stands for 30 frames a second with drop frames: 30000 / 1001.
            rate, scale = (30_000, 1001) if frames == 29 else (frames, 1)
            self._ticks, self._tempos = [0], [scale * 1_000_000]
            self._unit = rate * (division & 0xFF) * 1_000_000
        else:
            segments = dict([(0, DEFAULT_TEMPO), *sorted(tempos, key=lambda t: t[0])])
            self._ticks, self._tempos = list(segments), list(segments.values())
            self._unit = division * 1_000_000
        self._elapsed = list(self._accumulate())

    def _accumulate(self) -> Iterator[int]:
        """Time of each tempo's start, as a whole number of 1 / unit seconds."""
        elapsed = 0
        for index, tick in enumerate(self._ticks):
            if index:
                before = index - 1
                elapsed += (tick - self._ticks[before]) * self._tempos[before]
            yield elapsed

    def seconds(self, tick: int) -> float:
        """Time of a tick."""
        index = bisect_right(self._ticks, tick) - 1
        since = (tick - self._ticks[index]) * self._tempos[index]
        return (self._elapsed[index] + since) / self._unit
