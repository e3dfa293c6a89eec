"""Reads standard MIDI files: tolerant of other programs, safe on hostile input.

mido checks this reader in the tests, but does not read files itself: a single odd key
signature or foreign chunk makes mido 1.3 refuse a whole file, and 200 kB of the byte
0xFF keep it busy for 7 seconds (1 MB: minutes).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adt_plugins.errors import FormatError
from adt_plugins.midi.kits import Kits

DEFAULT_TEMPO = 500_000  # microseconds a beat: 120 BPM until a file says otherwise

_HEADER_BYTES = 14
_MAC_HEADER_BYTES = 128  # MacBinary
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_TEXT, _NAME, _MARKER, _END, _SET_TEMPO, _SIGNATURE = 0x01, 0x03, 0x06, 0x2F, 0x51, 0x58
_OWN = 0x7F
_HIGH = "has notes above 127, which are read without their highest bit"
_LOUD = "has velocities above 127, which count as 127"
_MOST_HALVINGS = 6  # a 64th is the shortest beat of a time signature
_NOTE_OFF, _NOTE_ON, _CONTROLLER = 0x8, 0x9, 0xB
# Data bytes after a status byte, by its upper four bits.
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
# System messages do not belong into a file; these occur all the same, with data bytes.
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}


@dataclass(frozen=True)
class Note:
    """A note-on: tick, channel (0-15), note and velocity (1-127)."""

    tick: int
    channel: int
    note: int
    velocity: int


@dataclass
class Track:
    """The relevant content of a track.

    A tempo is (tick, microseconds a beat), a time signature (tick, numerator,
    denominator), a text or marker (tick, text), a note-off (tick, note).

    Attributes
    ----------
    name, names
        Its name, and all that it says are its name.
    own
        Contents of sequencer-specific events.
    end
        Tick of the end of track, or of the last event.
    last
        First tick after the last note or meta event; from there to `end` the track is
        empty, but for controllers that some programs leave at its end.
    odd
        Messages about values that were out of range, and were read all the same.
    has_end
        Whether there is an end of track.
    kits
        What it says of channels; see `drum_channels`.
    """

    names: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    offs: list[tuple[int, int]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    own: list[bytes] = field(default_factory=list)
    end: int = 0
    last: int = 0
    odd: list[str] = field(default_factory=list)
    has_end: bool = False
    kits: Kits = field(default_factory=Kits)

    @property
    def name(self) -> str:
        """The first name."""
        return self.names[0] if self.names else ""


@dataclass(frozen=True)
class MidiFile:
    """A parsed file.

    Parameters
    ----------
    division
        Division of the header: ticks a beat or, with the sign bit set, frames a second
        and ticks a frame (SMPTE).
    tracks
        Tracks in the order of the file.
    damage
        A line for each track that could not be read to its end; its content up to there
        is kept.
    """

    division: int
    tracks: list[Track]
    damage: tuple[str, ...] = ()


def parse(data: bytes) -> MidiFile:
    """Parse a standard MIDI file of type 0 or 1, or one of type 2 with a single track.

    Programs that crashed leave tracks with a length of 0, and others write a wrong
    length or number of tracks: then a track ends with its end of track, and the file
    with its last track. The RIFF form of Windows (``.rmi``) and files behind the header
    of an old Macintosh are read too.

    Raises
    ------
    FormatError
        If it is another kind of file, or is damaged before the first note.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[max(data.find(b"MThd"), 0) :]
    elif data[_MAC_HEADER_BYTES:][:4] == b"MThd":
        data = data[_MAC_HEADER_BYTES:]
    if data[:4] != b"MThd" or len(data) < _HEADER_BYTES:
        raise FormatError("not a MIDI file")
    kind, count, division = (
        int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12)
    )
    if kind > 1 and (kind, count) != (2, 1):
        raise FormatError(f"MIDI file of type {kind}; types 0 and 1 can be read")
    if division in (0, 0x8000) or (division & 0x8000 and not division & 0xFF):
        raise FormatError("MIDI file without a time division")
    tracks: list[Track] = []
    damage: list[str] = []
    position = 8 + int.from_bytes(data[4:8], "big")
    while position + 8 <= len(data) and _is_chunk(data, position):
        start = position + 8
        size = int.from_bytes(data[position + 4 : start], "big")
        if data[position : position + 4] != b"MTrk":  # other chunks must be skipped
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
    """Return whether there is a chunk, or the end of the file, at this position."""
    name = data[position : position + 4]
    return not name or (len(name) == 4 and name.isascii() and name.isalnum())


def _read_track(data: bytes) -> tuple[Track, int, str | None]:
    """Return a track, its number of bytes, and what is wrong with it."""
    track = Track()
    try:
        return track, _parse_track(data, track), None
    except IndexError:
        return track, len(data), "is cut off"
    except FormatError as error:
        return track, len(data), f"is wrong at {error}"


def _parse_track(data: bytes, track: Track) -> int:
    """Parse the content of a track, and return its number of bytes.

    Raises `IndexError` if it ends within an event.
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
            if status == _SYSEX:
                track.kits.take_sysex(data[start:position])
            track.last = max(track.last, tick)
        elif status >= 0xF0:
            position += _SYSTEM_DATA_BYTES.get(status, 0)
        else:
            running = status
            count = _DATA_BYTES[status >> 4]
            _take_channel(
                track, status, tick, data[position], data[position + count - 1]
            )
            position += count
    return position


def _take_channel(track: Track, status: int, tick: int, first: int, last: int) -> None:
    """Take the first and the last data byte of a channel's message.

    Values out of range do not matter in others than notes, such as controllers.
    """
    if status >> 4 == _CONTROLLER:
        track.kits.take_controller(status & 0xF, first, last)
    if status >> 4 not in (_NOTE_OFF, _NOTE_ON):
        return
    if first > 127 and _HIGH not in track.odd:
        track.odd.append(_HIGH)
    first &= 0x7F
    track.last = max(track.last, tick)
    if status >> 4 == _NOTE_ON and last > 0:  # velocity 0 is a note-off
        track.notes.append(Note(tick, status & 0xF, first, min(last, 127)))
        track.last = tick + 1
        if last > 127 and _LOUD not in track.odd:
            track.odd.append(_LOUD)
    else:
        track.offs.append((tick, first))


def _take_meta(track: Track, kind: int | None, tick: int, data: bytes) -> None:
    if kind == _NAME:
        track.names.append(_text(data))
    elif kind == _OWN:
        track.own.append(data)
    elif kind == _TEXT:
        track.texts.append((tick, _text(data)))
    elif kind == _MARKER:
        track.markers.append((tick, _text(data)))
    elif kind == _SIGNATURE and len(data) >= 2:
        if data[0] and data[1] <= _MOST_HALVINGS:
            track.signatures.append((tick, data[0], 1 << data[1]))
    elif kind == _SET_TEMPO and len(data) == 3:
        tempo = int.from_bytes(data, "big")
        if tempo:
            track.tempos.append((tick, tempo))
        else:
            track.odd.append(f"has a tempo of 0 at tick {tick}, which does not count")


def _text(data: bytes) -> str:
    """Decode UTF-8 or, as most programs write it, Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Read a variable-length quantity; return it and the position after it."""
    value = 0
    for at in range(position, position + 4):
        byte = data[at]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + 1
    raise FormatError(f"byte {position}: a length of more than four bytes")


class Clock:
    """Converts ticks of a file to seconds, exactly except for one rounding.

    Parameters
    ----------
    division
        See `MidiFile`.
    tempos
        (tick, microseconds a beat) in any order; of several at the same tick the last
        counts. Ignored in SMPTE time.
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
        """Iterate over the start of each tempo, as an integer of 1 / unit seconds."""
        elapsed = 0
        for index, tick in enumerate(self._ticks):
            if index:
                before = index - 1
                elapsed += (tick - self._ticks[before]) * self._tempos[before]
            yield elapsed

    def seconds(self, tick: int) -> float:
        """Return the time of a tick in seconds."""
        index = bisect_right(self._ticks, tick) - 1
        since = (tick - self._ticks[index]) * self._tempos[index]
        return (self._elapsed[index] + since) / self._unit
