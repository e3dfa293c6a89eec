"""Derives the beats of a MIDI file from its tempo map and its time signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from adt_plugins.annotations import Beat
from adt_plugins.base.reporting import NoHitLost, Warn
from adt_plugins.meter import Meter, MeterChange, meter_changes
from adt_plugins.midi.own_event import own_event
from adt_plugins.midi.reader import Clock, MidiFile
from adt_plugins.midi.writer import LEAD_IN, NO_TEMPO

MOST_BEATS_OF_FILE = 100_000
"""With more, a stray note lies years later: that is no song."""

_GRID, _COARSEST, _FEWEST_NOTES, _MOST_OFF = 12, 48, 8, 0.05
_REST_BARS = 16  # as long a rest before a marker or a tempo is none of the song's


class Section(NamedTuple):
    """The range of a time signature, in ticks: its start, its bars and its beats.

    `pickup` is the length of the bar if it is a pickup, else 0; the meter is None if
    the time signature is not a valid meter.
    """

    start: int
    bar: Fraction
    beat: Fraction
    meter: Meter | None
    pickup: int = 0


def beats_of(
    file: MidiFile, clock: Clock, warn: Warn
) -> tuple[tuple[Beat, ...], tuple[MeterChange, ...]]:
    """Return the beats of a file, and their meters.

    Parameters
    ----------
    file, clock
        The file and its clock.
    warn
        Called if there are more than 100 000: a stray note years later, not a song.

    Returns
    -------
    tuple of Beat
        Up to the end of the longest track, but not past the bar of the last note or
        meta event: some programs write an end of track hours later. What follows 16
        bars without a note does not count. A file that states neither tempo nor meter
        has 120 BPM and 4/4, if its notes lie on a grid. Empty if they do not, if it
        counts in seconds (SMPTE), is one of ours without beats, or has less than
        a tick for a beat.
        A first bar that is shorter than the next is a pickup: it ends with its last
        beat, and a remainder before its first does not count. Neither does the lead-in
        of our own files.
    tuple of MeterChange
        Empty without beats.
    """
    texts = [text for track in file.tracks for _, text in track.texts]
    timing = [item for t in file.tracks for item in (*t.tempos, *t.signatures)]
    if file.division & 0x8000 or NO_TEMPO in texts:
        return (), ()
    if not timing and not _is_on_grid(file):
        return (), ()
    lead, bar_1 = _lead_in(file)
    sections = _sections(file, lead, bar_1)
    if any(section.beat < 1 for section in sections):
        return (), ()  # too few ticks for its beats
    event = own_event(file)
    end = event.end if event is not None else _end(file, sections)
    sections = [section for section in sections if section.start < end]
    if not sections:
        return (), ()  # the file has no duration
    ends = [section.start for section in sections[1:]] + [end]
    number = sum(
        (stop - section.start) / section.beat
        for section, stop in zip(sections, ends, strict=True)
    )
    if number > MOST_BEATS_OF_FILE:
        warn(NoHitLost(f"more than {MOST_BEATS_OF_FILE} beats: left out"))
        return (), ()
    beats: list[Beat] = []
    changes: dict[int, Meter] = {}
    bar = 0
    for section, stop in zip(sections, ends, strict=True):
        is_new = True
        for tick, position in _beats(section, stop):
            beats.append(Beat(clock.seconds(tick), position))
            bar += position == 1
            if is_new and section.meter is not None:
                changes[max(bar, 1)] = section.meter
                is_new = False
    return tuple(beats), meter_changes(changes.items())


def _lead_in(file: MidiFile) -> tuple[int, int]:
    """Return the ticks where the lead-in of a file of ours ends, and bar 1 begins."""
    markers = sorted(mark for track in file.tracks for mark in track.markers)
    for (tick, text), (after, _) in pairwise(markers):
        if tick == 0 and text == LEAD_IN:
            return after, min((t for t, name in markers if name == "Bar 1"), default=0)
    return 0, 0


def _end(file: MidiFile, sections: Sequence[Section]) -> int:
    """Return the tick at which beats end."""
    end = max(max(track.end, track.last) for track in file.tracks)
    last = max(track.last for track in file.tracks)
    notes = [track.notes[-1].tick + 1 for track in file.tracks if track.notes]
    if notes:
        note = max(notes)
        if last > note + _REST_BARS * _in_force(sections, note).bar:
            last = note
    final = _in_force(sections, last)
    origin = final.start + final.pickup
    bars = max(-((origin - last) // final.bar), 1)
    return min(end, int(origin + bars * final.bar))


def _in_force(sections: Sequence[Section], end: int) -> Section:
    """Return the section in which a range that ends at this tick ends, or the first."""
    begun = [s for s in sections if not s.start or s.start < end]
    return begun[-1] if begun else sections[0]


def _sections(file: MidiFile, lead: int, bar_1: int) -> list[Section]:
    """Return sections in order of time; the last signature at a tick counts."""
    at = {0: (4, 4)}
    for track in file.tracks:
        at.update({tick: (upper, lower) for tick, upper, lower in track.signatures})
    if lead:
        return _without_lead_in(at, lead, bar_1, file.division)
    sections = [_section(tick, *at[tick], file.division) for tick in sorted(at)]
    if len(sections) > 1:
        first, second = sections[:2]
        if second.start == first.bar < second.bar:
            sections[0] = second._replace(start=0, pickup=second.start)
    return sections


def _without_lead_in(
    at: dict[int, tuple[int, int]], lead: int, bar_1: int, division: int
) -> list[Section]:
    """Return sections from the first beat on."""
    in_force = max(tick for tick in at if tick <= bar_1)
    first = _section(bar_1, *at[in_force], division)
    sections = [_section(t, *at[t], division) for t in sorted(at) if t > bar_1]
    if lead < bar_1:
        first = first._replace(start=lead, pickup=bar_1 - lead)
    return [first, *sections]


def _section(start: int, upper: int, lower: int, division: int) -> Section:
    unit = Fraction(4 * division, lower)
    try:
        meter = Meter(upper, lower)
    except ValueError:
        return Section(start, unit * upper, unit, None)
    return Section(start, unit * upper, unit * upper / meter.counted, meter)


def _beats(section: Section, stop: int) -> Iterator[tuple[int, int]]:
    """Iterate over the ticks and positions of a section's beats."""
    count = int(section.bar / section.beat)
    first = 0
    if section.pickup:
        first = -int(section.pickup / section.beat)
    origin = section.start + section.pickup
    while (tick := round(origin + first * section.beat)) < stop:
        yield tick, first % count + 1
        first += 1


def _is_on_grid(file: MidiFile) -> bool:
    """Return whether notes lie on twelfths of beats: they were not played freely."""
    ticks = [note.tick for track in file.tracks for note in track.notes]
    if len(ticks) < _FEWEST_NOTES or file.division < _COARSEST:
        return False
    off = sum(tick * _GRID % file.division != 0 for tick in ticks)
    return off <= _MOST_OFF * len(ticks)
