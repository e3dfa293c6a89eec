"""Beats of a MIDI file, by its tempo map and its time signatures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from adt_plugins.annotations import Beat
from adt_plugins.base.reporting import Warn
from adt_plugins.meter import Meter, MeterChange, meter_changes
from adt_plugins.midi.own_event import own_event
from adt_plugins.midi.reader import Clock, MidiFile
from adt_plugins.midi.writer import LEAD_IN, NO_TEMPO

MOST_BEATS = 100_000


class Section(NamedTuple):
    """Where a time signature rules: ticks of its start, its bars and its beats.

    `pickup` is the length of the short bar that it is, if it is one; the meter is
    none where there is no such.
    """

    start: int
    bar: Fraction
    beat: Fraction
    meter: Meter | None
    pickup: int = 0


def beats_of(
    file: MidiFile, clock: Clock, warn: Warn
) -> tuple[tuple[Beat, ...], tuple[MeterChange, ...]]:
    """Beats of a file, and their meters.

    Parameters
    ----------
    file, clock
        The file and its clock.
    warn
        Told if there are more than 100 000: a note of years ago, not a song.

    Returns
    -------
    tuple of Beat
        Up to the end of the longest track, but not beyond the bar in which something
        last happens: some programs write an end of track hours later. None if the
        file says nothing of tempo and meter, counts in seconds (SMPTE), is one of
        ours without beats, or has less than a tick for a beat.
        A first bar that is shorter than the next is a pickup: it ends with its
        last beat, and what is left before its first is no beat. Nothing is counted
        in the lead-in of our own files.
    tuple of MeterChange
        None without beats.
    """
    texts = [text for track in file.tracks for text in track.texts]
    told = [item for t in file.tracks for item in (*t.tempos, *t.signatures)]
    if file.division & 0x8000 or not told or NO_TEMPO in texts:
        return (), ()
    lead, bar_1 = _lead_in(file)
    sections = _sections(file, lead, bar_1)
    if any(section.beat < 1 for section in sections):
        return (), ()  # too few ticks for its beats
    own = own_event(file)
    end = own.end if own is not None else _end(file, sections[-1])
    sections = [section for section in sections if section.start < end]
    if not sections:
        return (), ()  # nothing lasts in this file
    ends = [section.start for section in sections[1:]] + [end]
    number = sum(
        (stop - section.start) / section.beat
        for section, stop in zip(sections, ends, strict=True)
    )
    if number > MOST_BEATS:
        warn(f"more than {MOST_BEATS} beats: left out")
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
    """Ticks at which the lead-in of one of our files ends, and bar 1 begins."""
    markers = sorted(mark for track in file.tracks for mark in track.markers)
    for (tick, text), (after, _) in pairwise(markers):
        if tick == 0 and text == LEAD_IN:
            return after, min((t for t, name in markers if name == "Bar 1"), default=0)
    return 0, 0


def _end(file: MidiFile, final: Section) -> int:
    """Tick at which beats end."""
    end = max(max(track.end, track.last) for track in file.tracks)
    last = max(track.last for track in file.tracks)
    origin = final.start + final.pickup
    bars = max(-((origin - last) // final.bar), 1)
    return min(end, int(origin + bars * final.bar))


def _sections(file: MidiFile, lead: int, bar_1: int) -> list[Section]:
    """Sections in the order of time; of signatures at one tick the last counts."""
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
    """Sections from the first beat on."""
    ruling = max(tick for tick in at if tick <= bar_1)
    first = _section(bar_1, *at[ruling], division)
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
    """Ticks and positions."""
    count = int(section.bar / section.beat)
    first = 0
    if section.pickup:
        first = -int(section.pickup / section.beat)
    origin = section.start + section.pickup
    while (tick := origin + first * section.beat) < stop:
        yield round(tick), first % count + 1
        first += 1
