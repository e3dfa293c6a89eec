"""Lays out the bars and beats of a part, up to its last hit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.notation.divisions import UNDIVIDED, Division, Feel, Unit
from adt_plugins.meter import MOST_BEATS, Meter, MeterChange, meters_of_bars
from adt_plugins.midi.bar_lines import beats_of_last_bar
from adt_plugins.tempo import refined, steady_tempo
from adt_plugins.transcription import Transcription

QUARTERS = Meter(4)
_MOST_BEATS = 100_000
_USUAL_TEMPO = 0.05
_TIME_STEP_S = 2.0**-20
"""Beats of one tempo are rounded to it, about a microsecond: a line is fitted to them
whose last bits depend on who computes it, and the browser does so too."""
_EARLY = 0.125  # of a beat: a hit this little before the first beat belongs to it
_ROOM = 1 / 6  # of a beat, behind the last hit: it may belong to the next one


@dataclass
class Stroke:
    """A stroke on a drum: what is drawn of a hit.

    `drum` is the drum as which it is drawn, `graces` its number of grace notes.
    """

    onset: Onset
    drum: Drum
    graces: int = 0
    is_ghost: bool = False
    is_accent: bool = False


@dataclass
class GridBeat:
    """A beat to divide: a counted beat, or half of one that is a half note.

    Parameters
    ----------
    position
        Position of the counted beat in its bar, from 1.
    time
        In seconds.
    quarters
        Its notated length.
    is_counted
        Whether a counted beat begins with it.
    division
        Its steps.
    strokes
        Its strokes by step, and by drum.
    """

    position: int
    time: float
    quarters: Fraction = Fraction(1)
    is_counted: bool = True
    division: Division = UNDIVIDED
    strokes: dict[int, dict[Drum, Stroke]] = field(default_factory=dict)

    @property
    def unit(self) -> Unit:
        """Its note: a quarter, a dotted quarter, or a shorter one."""
        if self.quarters == 1:
            return Unit.QUARTER
        if self.quarters == Fraction(3, 2):
            return Unit.DOTTED
        return Unit.EIGHTH if self.quarters == Fraction(1, 2) else Unit.SHORT

    def place(self, step: int) -> Fraction:
        """Return where a step is notated, in quarters from the start of the beat."""
        return self.quarters * step / self.division.steps


@dataclass
class Bar:
    """A bar; bar 1 begins with the first downbeat, a pickup is bar 0.

    `meter` gives the note value of its beats; their number may differ from it.
    """

    number: int
    beats: list[GridBeat]
    meter: Meter = QUARTERS
    feel: Feel = Feel.STRAIGHT

    @property
    def count(self) -> int:
        """Number of counted beats."""
        return sum(beat.is_counted for beat in self.beats)

    @property
    def signature(self) -> tuple[int, int]:
        """Its time signature."""
        return self.meter.signature(self.count)

    @property
    def quarters(self) -> Fraction:
        """Its length on paper."""
        return sum((beat.quarters for beat in self.beats), Fraction(0))


def lay_out(transcription: Transcription) -> tuple[list[Bar], float]:
    """Lay out bars, and return the time at which the last one ends.

    If one tempo fits all beats, they are where it has them. They are continued
    at both ends as far as there are hits, and the last bar is filled up to the usual
    length.

    Raises
    ------
    FormatError
        If there are no beats, or hits too far away from them.
    """
    distinct = list({beat.time: beat for beat in transcription.beats}.values())
    if not distinct:
        raise FormatError("needs beats, and there are none")
    transcription = replace(transcription, beats=tuple(distinct))
    straight = _straightened(transcription)
    ending = _ending(straight, transcription.meters)
    beats = _continued(straight, transcription.onsets, ending)
    bars = _bars(beats[:-1], straight)
    for bar, meter in zip(bars, _meters(bars, transcription.meters), strict=True):
        bar.meter = meter
    ends = [*(bar.beats[0].time for bar in bars[1:]), beats[-1].time]
    for bar, end in zip(bars, ends, strict=True):
        bar.beats = _split(bar, end)
    return bars, beats[-1].time


def tempo(bars: Sequence[Bar]) -> float:
    """Return the counted beats a minute, from beats whose length is near the median.

    Single lengths are known to a frame of 10 ms only.
    """
    times = [beat.time for bar in bars for beat in bar.beats if beat.is_counted]
    gaps = sorted(b - a for a, b in pairwise(times))
    if not gaps:
        return 120.0
    middle = gaps[len(gaps) // 2]
    usual = [gap for gap in gaps if abs(gap - middle) < _USUAL_TEMPO * middle]
    return round(60 * len(usual) / sum(usual), 9)


def usual_length(bars: Sequence[Bar]) -> int:
    """Return the number of beats in most bars; pickups count only if alone."""
    counts = Counter(bar.count for bar in bars if bar.number > 0)
    return counts.most_common(1)[0][0] if counts else bars[0].beats[-1].position


def _straightened(transcription: Transcription) -> list[Beat]:
    """Return the beats without the errors of single ones, if one tempo fits them."""
    beats = transcription.beats
    times = np.array([beat.time for beat in beats], np.float64)
    hits = [onset.time for onset in transcription.onsets]
    places = transcription.beat_places()
    steady = steady_tempo(times.tolist(), places, hits)
    if steady is not None:
        exact = steady.start + steady.quarter * places
        times = np.rint(exact / _TIME_STEP_S) * _TIME_STEP_S
    else:
        times = refined(times, hits)
    kept: dict[float, Beat] = {}
    for time, beat in zip(times.tolist(), beats, strict=True):
        kept.setdefault(max(time, 0.0), beat)
    return [Beat(time, beat.position) for time, beat in kept.items()]


def _meters(bars: Sequence[Bar], changes: Sequence[MeterChange]) -> list[Meter]:
    """Return the meters in force in the bars."""
    if not changes:
        return [QUARTERS] * len(bars)
    meters = meters_of_bars(changes, max(bars[-1].number, 1))
    return [meters[max(bar.number, 1) - 1] for bar in bars]


def _split(bar: Bar, end: float) -> list[GridBeat]:
    """Split a bar into beats with their lengths; those over a quarter into quarters."""
    length = Fraction(bar.meter.quarters)
    parts = 1 if bar.meter.is_compound else max(int(length), 1)
    grid = []
    ends = [*(beat.time for beat in bar.beats[1:]), end]
    for beat, after in zip(bar.beats, ends, strict=True):
        for part in range(parts):
            time = beat.time + (after - beat.time) * part / parts
            grid.append(GridBeat(beat.position, time, length / parts, part == 0))
    return grid


def _continued(
    inner: Sequence[Beat], onsets: Sequence[Onset], ending: int
) -> list[GridBeat]:
    """Add beats before and after the given ones until every hit is between two.

    `ending` is the number of beats of the last bar.
    """
    usual = _usual(inner)
    first, last = (
        (onsets[0].time, onsets[-1].time) if onsets else (inner[0].time, inner[0].time)
    )
    gap = inner[1].time - inner[0].time if len(inner) > 1 else 0.5
    # A hit just before the first beat is a little early, and belongs to it.
    lead = max(0.0, inner[0].time - first - _EARLY * gap)
    tail = inner[-1].time - inner[-2].time if len(inner) > 1 else 0.5
    more = max(0.0, last - inner[-1].time)
    if lead / gap + more / tail > _MOST_BEATS:
        raise FormatError("has hits too far away from its beats")
    before: list[GridBeat] = []
    position, count = inner[0].position, 0
    while lead > count * gap:
        count += 1
        position = position - 1 if position > 1 else usual
        before.append(GridBeat(position, inner[0].time - count * gap))
    beats = before[::-1]
    beats += (GridBeat(beat.position, beat.time) for beat in inner)
    position, count = inner[-1].position, 0
    while True:
        count += 1
        position = position + 1 if position < ending else 1
        beats.append(GridBeat(position, inner[-1].time + count * tail))
        # Continue to the downbeat after the last hit, with room to round up.
        if position == 1 and count * tail > more + _ROOM * tail:
            return beats


def _ending(beats: Sequence[Beat], changes: Sequence[MeterChange]) -> int:
    """Return the number of beats of the last bar: of its meter, if that changes."""
    starts = [n for n, beat in enumerate(beats) if beat.position == 1]
    usual = _usual(beats)
    if len(changes) < 2 or not starts:
        return usual
    return beats_of_last_bar(starts, meters_of_bars(changes, len(starts)), usual)


def _usual(beats: Sequence[Beat]) -> int:
    """Return the length of most bars, or of an only bar, however incomplete."""
    starts = [n for n, beat in enumerate(beats) if beat.position == 1]
    lengths = [b - a for a, b in pairwise(starts)]
    if lengths and max(lengths) <= MOST_BEATS:
        return Counter(lengths).most_common(1)[0][0]
    highest = max(beat.position for beat in beats)
    return min(highest, MOST_BEATS) if highest > 2 else 4


def _bars(beats: Sequence[GridBeat], given: Sequence[Beat]) -> list[Bar]:
    """Group beats into bars, numbered from the first of the given downbeats."""
    first = next((b.time for b in given if b.position == 1), math.inf)
    bars: list[Bar] = []
    for beat in beats:
        if beat.position == 1 or not bars:
            bars.append(Bar(0, []))
        bars[-1].beats.append(beat)
    before = sum(bar.beats[0].time < first for bar in bars)
    if before == len(bars):  # no downbeat was given
        before = int(bars[0].beats[0].position != 1)
    for index, bar in enumerate(bars):
        bar.number = index + 1 - before
    return bars
