"""Beats of a MIDI file, by its tempo map and its time signatures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from adt_plugins.annotations import Beat
from adt_plugins.base.reporting import Warn
from adt_plugins.meter import is_compound
from adt_plugins.midi.reader import Clock, MidiFile
from adt_plugins.midi.writer import NO_TEMPO

MOST_BEATS = 100_000


class Section(NamedTuple):
    """Where a time signature rules: ticks of its start, its bars and its beats.

    `pickup` is the length of the short bar that it is, if it is one.
    """

    start: int
    bar: Fraction
    beat: Fraction
    meter: str
    pickup: int = 0


def beats_of(
    file: MidiFile, clock: Clock, warn: Warn
) -> tuple[tuple[Beat, ...], str | None]:
    """Beats of a file, and the meter of most of them.

    Parameters
    ----------
    file, clock
        Of one file.
    warn
        Told if there are more than 100 000: a note of years ago, not a song.

    Returns
    -------
    tuple of Beat
        Up to the end of the longest track. None if the file says nothing of tempo
        and meter, counts in seconds (SMPTE), is one of ours without beats, or has less
        than a tick for a beat.
        A first bar that is shorter than the next is a pickup: it ends with its
        last beat, and what is left before its first is no beat.
    str or None
        Such as ``"6/8"``.
    """
    texts = [text for track in file.tracks for text in track.texts]
    told = [item for t in file.tracks for item in (*t.tempos, *t.signatures)]
    if file.division & 0x8000 or not told or NO_TEMPO in texts:
        return (), None
    end = max(track.end for track in file.tracks)
    sections = _sections(file)
    if any(section.beat < 1 for section in sections):
        return (), None  # too few ticks for its beats
    ends = [section.start for section in sections[1:]] + [end + 1]
    number = sum(
        (stop - section.start) / section.beat
        for section, stop in zip(sections, ends, strict=True)
    )
    if number > MOST_BEATS:
        warn(f"more than {MOST_BEATS} beats: left out")
        return (), None
    beats: list[Beat] = []
    counts: Counter[str] = Counter()
    for section, stop in zip(sections, ends, strict=True):
        for tick, position in _beats(section, stop):
            beats.append(Beat(clock.seconds(tick), position))
            counts[section.meter] += 1
    return tuple(beats), max(counts, key=counts.__getitem__, default=None)


def _sections(file: MidiFile) -> list[Section]:
    """Sections in the order of time; of signatures at one tick the last counts."""
    at = {0: (4, 4)}
    for track in file.tracks:
        at.update({tick: (upper, lower) for tick, upper, lower in track.signatures})
    sections = [_section(tick, *at[tick], file.division) for tick in sorted(at)]
    if len(sections) > 1:
        first, second = sections[:2]
        if second.start == first.bar < second.bar:
            sections[0] = second._replace(start=0, pickup=second.start)
    return sections


def _section(start: int, upper: int, lower: int, division: int) -> Section:
    meter = f"{upper}/{lower}"
    unit = Fraction(4 * division, lower)
    beat = unit * (3 if is_compound(meter) else 1)
    return Section(start, unit * upper, beat, meter)


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
