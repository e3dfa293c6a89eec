"""From seconds to bars, beats and steps, for formats that are read on paper.

Each beat has a grid of its own, straight or triplet, whichever its hits are
nearer to; a finer one only where two hits of a drum would meet.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.meter import Meter, MeterChange, meters_of_bars
from adt_plugins.midi.tempo_map import MOST_BEATS
from adt_plugins.transcription import Transcription

STRAIGHT, TRIPLET = 4, 3
_SIXTEENTHS = 16  # steps of a whole note that straight beats are divided into
_QUARTERS = Meter(4)
_COMPOUND = Meter(6, 8)  # of as many beats as there are
_MOST_BEATS = 100_000
_USUAL_TEMPO = 0.05
# Triplets need half the straight grid's error: one late hit makes none.
_CLEARLY = 0.5
# Below this two hits of a drum are a flam, which no finer grid shows.
_FLAM_SECONDS = 0.045


@dataclass
class GridBeat:
    """A beat: where it is in its bar, its steps, and its hits by step and drum.

    A list of hits is longer than 1 where several meet on a step.
    """

    position: int
    time: float
    steps: int = STRAIGHT
    hits: dict[int, dict[Drum, list[Onset]]] = field(default_factory=dict)

    @property
    def is_triplet(self) -> bool:
        """Whether its steps are thirds or sixths of the beat."""
        return self.steps % TRIPLET == 0


@dataclass
class Bar:
    """A bar; bar 1 begins with the first downbeat, a pickup is bar 0.

    `meter` says what note its beats are; how many there are may be unusual.
    """

    number: int
    beats: list[GridBeat]
    meter: Meter = _QUARTERS

    @property
    def signature(self) -> tuple[int, int]:
        """Its time signature."""
        return self.meter.signature(len(self.beats))


def make_grid(transcription: Transcription) -> list[Bar]:
    """Put every hit on a step.

    Beats are continued at both ends as far as there are hits, and the last bar
    is filled up to the usual length.

    Raises
    ------
    FormatError
        If there are no beats, or hits too far away from them.
    """
    beats = _continued(transcription)
    bars = _bars(beats[:-1], transcription.beats)
    meters = _meters(bars, transcription.meters)
    if meters:
        _divide(bars, beats, transcription.onsets, meters)
        return bars
    _divide(bars, beats, transcription.onsets, [_QUARTERS] * len(bars))
    if _sounds_compound(bars):
        for bar in bars:
            bar.meter = _COMPOUND
    return bars


def _meters(bars: Sequence[Bar], changes: Sequence[MeterChange]) -> list[Meter]:
    """Meters in force in the bars; none where none is known."""
    if not changes:
        return []
    known = meters_of_bars(changes, max(bars[-1].number, 1))
    return [known[max(bar.number, 1) - 1] for bar in bars]


def _divide(
    bars: Sequence[Bar],
    beats: Sequence[GridBeat],
    onsets: Sequence[Onset],
    meters: Sequence[Meter],
) -> None:
    """Give every beat its steps, and every hit its step."""
    of_beats: list[Meter] = []
    for bar, meter in zip(bars, meters, strict=True):
        bar.meter = meter
        of_beats += [meter] * len(bar.beats)
    grid, times = beats[:-1], [beat.time for beat in beats]
    inside: list[list[tuple[float, Onset]]] = [[] for _ in grid]
    for onset in onsets:
        index = min(max(bisect_right(times, onset.time) - 1, 0), len(grid) - 1)
        length = times[index + 1] - times[index]
        inside[index].append(((onset.time - times[index]) / length, onset))
    for beat, hits, after, meter in zip(grid, inside, times[1:], of_beats, strict=True):
        beat.steps = _steps(hits, after - beat.time, meter)
    for index, hits in enumerate(inside):
        for place, onset in hits:
            step = max(round(place * grid[index].steps), 0)
            into = grid[index]
            if step == into.steps:
                step = 0
                # The list ends with a beat that no hit is near to the end of.
                into = grid[min(index + 1, len(grid) - 1)]
            into.hits.setdefault(step, {}).setdefault(onset.drum, []).append(onset)


def met(bars: Sequence[Bar]) -> list[str]:
    """Codes of the drums of hits that share drum and step with another."""
    return [
        str(drum)
        for bar in bars
        for beat in bar.beats
        for drums in beat.hits.values()
        for drum, onsets in drums.items()
        for _ in onsets[1:]
    ]


def tempo(bars: Sequence[Bar]) -> float:
    """Beats a minute, of beats about as long as the middle one.

    Of single ones the length is known to a frame of 10 ms only.
    """
    times = [beat.time for bar in bars for beat in bar.beats]
    gaps = sorted(b - a for a, b in pairwise(times))
    if not gaps:
        return 120.0
    middle = gaps[len(gaps) // 2]
    usual = [gap for gap in gaps if abs(gap - middle) < _USUAL_TEMPO * middle]
    return 60 * len(usual) / sum(usual)


def usual_length(bars: Sequence[Bar]) -> int:
    """Beats of most bars that are no pickup; if there is no other, as it counts."""
    counts = Counter(len(bar.beats) for bar in bars if bar.number > 0)
    return counts.most_common(1)[0][0] if counts else bars[0].beats[-1].position


def _sounds_compound(bars: Sequence[Bar]) -> bool:
    """Whether nearly all beats with hits inside them are divided by three."""
    kinds = [
        beat.is_triplet
        for bar in bars
        for beat in bar.beats
        if any(step for step in beat.hits)
    ]
    return len(kinds) > 1 and sum(kinds) >= 0.8 * len(kinds)


def _continued(transcription: Transcription) -> list[GridBeat]:
    """The beats, and more before and after them until hits are between two."""
    given = list({beat.time: beat for beat in transcription.beats}.values())
    if not given:
        raise FormatError("needs beats, and there are none")
    usual = _usual(given)
    first, last = (
        (transcription.onsets[0].time, transcription.onsets[-1].time)
        if transcription.onsets
        else (given[0].time, given[0].time)
    )
    gap = given[1].time - given[0].time if len(given) > 1 else 0.5
    # A hit just before the first beat is a little early, and belongs to it.
    lead = max(0.0, given[0].time - first - gap / (2 * STRAIGHT))
    tail = given[-1].time - given[-2].time if len(given) > 1 else 0.5
    more = max(0.0, last - given[-1].time)
    if lead / gap + more / tail > _MOST_BEATS:
        raise FormatError("has hits too far away from its beats")
    before: list[GridBeat] = []
    position, count = given[0].position, 0
    while lead > count * gap:
        count += 1
        position = position - 1 if position > 1 else usual
        before.append(GridBeat(position, given[0].time - count * gap))
    beats = before[::-1]
    beats += (GridBeat(beat.position, beat.time) for beat in given)
    position, count = given[-1].position, 0
    while True:
        count += 1
        position = position + 1 if position < usual else 1
        beats.append(GridBeat(position, given[-1].time + count * tail))
        # Up to the downbeat behind the last hit, with room to round up.
        if position == 1 and count * tail > more + tail / (2 * TRIPLET):
            return beats


def _usual(beats: Sequence[Beat]) -> int:
    """Length of most bars, or as much as there is of one."""
    starts = [n for n, beat in enumerate(beats) if beat.position == 1]
    lengths = [b - a for a, b in pairwise(starts)]
    if lengths and max(lengths) <= MOST_BEATS:
        return Counter(lengths).most_common(1)[0][0]
    highest = max(beat.position for beat in beats)
    return min(highest, MOST_BEATS) if highest > 2 else 4


def _steps(hits: Iterable[tuple[float, Onset]], length: float, meter: Meter) -> int:
    """Steps of a beat by the places of its hits in it."""
    found = list(hits)
    usual, other = STRAIGHT, TRIPLET
    if meter.is_compound:
        usual, other = TRIPLET, STRAIGHT
    elif meter.unit != STRAIGHT:
        usual = min(max(_SIXTEENTHS // meter.unit, 1), 2 * STRAIGHT)
    usually, otherwise = (
        sum(abs(place * steps - round(place * steps)) / steps for place, _ in found)
        for steps in (usual, other)
    )
    # A hit or two anywhere are near to some third.
    steps = other if otherwise < _CLEARLY * usually - 0.02 else usual
    if length / (2 * steps) < _FLAM_SECONDS:
        return steps
    for finer in (steps, 2 * steps):
        places = [(round(place * finer), onset.drum) for place, onset in found]
        if len(set(places)) == len(places):
            return finer
    return steps


def _bars(beats: Sequence[GridBeat], given: Sequence[Beat]) -> list[Bar]:
    """Bars, numbered from the first downbeat that was given."""
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
