"""Seconds to the ticks of a sequencer and back, over beats or at a constant tempo.

Tempi in MIDI are whole microseconds. Each is rounded first and the times of what
follows come from the rounded one, so that errors never add up: a tick is at most
half a tick off, after an hour too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from adt_plugins.annotations import Beat
from adt_plugins.meter import is_compound

TICKS_PER_QUARTER = 960
DEFAULT_TEMPO = 500_000  # microseconds a quarter: 120 BPM
TOLERANCE_S = 0.015
"""How far a beat of a steady tempo may lie from where it was heard. Beats come in
frames of 10 ms; a line within 15 ms of them is one tempo where a band is steady."""

LEAST_LEAD_IN_S = 0.05  # a sixteenth at 300 BPM
MIN_BPM, MAX_BPM = 30.0, 300.0
"""Tempi of a lead-in, and of what is made up where no beats were heard."""

MOST_BEATS = 32
"""Of a bar: a longer one, as of beats that were numbered through, is cut."""

_MOST_UPPER = 255  # what a time signature of MIDI can count
_SIXTEENTH = TICKS_PER_QUARTER // 4
_UNIT = TICKS_PER_QUARTER * 1_000_000  # of the exact times: 1 s
_LEAST_BEAT_S = 0.01
_LONG_TICKS = 64 * TICKS_PER_QUARTER


@dataclass(frozen=True)
class TempoMap:
    """A tempo map; tick 0 is time 0.

    Parameters
    ----------
    tempos
        (tick, microseconds a quarter), the first at tick 0, ascending.
    signatures
        (tick, numerator, denominator), the first at tick 0, each at a bar line.
    bars
        Ticks of the bar lines, the first at 0; none where no beats are known.
    first, end
        Ticks of the first and the last beat.
    """

    tempos: tuple[tuple[int, int], ...] = ((0, DEFAULT_TEMPO),)
    signatures: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)
    bars: tuple[int, ...] = ()
    first: int = 0
    end: int = 0
    _elapsed: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        elapsed = [0]
        for (start, tempo), (end, _) in pairwise(self.tempos):
            elapsed.append(elapsed[-1] + (end - start) * tempo)
        object.__setattr__(self, "_elapsed", tuple(elapsed))

    def tick(self, seconds: float) -> int:
        """Nearest tick of a time."""
        # Exact, as fractions are; those take ten times as long.
        over, under = seconds.as_integer_ratio()
        over *= _UNIT
        index = max(bisect_right(self._elapsed, over // under) - 1, 0)
        start, tempo = self.tempos[index]
        whole, rest = divmod(over - self._elapsed[index] * under, tempo * under)
        half = 2 * rest - tempo * under  # what lies between two goes to the even one
        return start + whole + (half > 0 or (half == 0 and whole % 2))

    def seconds(self, tick: int) -> float:
        """Time of a tick."""
        index = max(bisect_right(self.tempos, (tick, 1 << 24)) - 1, 0)
        start, tempo = self.tempos[index]
        return (self._elapsed[index] + (tick - start) * tempo) / _UNIT


def tempo_map(
    beats: Sequence[Beat], *, meter: str = "4/4", tolerance: float = TOLERANCE_S
) -> TempoMap:
    """Lay a tempo map through beats.

    Where the band is steady it is one tempo: the longest stretches within
    `tolerance` of straight lines. Bars are as long as they were played. The first
    beat, if it lies before 50 ms, begins at tick 0; later, a short bar of whole
    sixteenths leads to it, at the tempo between 30 and 300 BPM that is closest
    to the music's.

    Parameters
    ----------
    beats
        In the order of time; positions count from 1 in each bar.
    meter
        Tells what note a beat is: in 4/4 and 5/4 a quarter, in 7/8 an eighth, in
        6/8 a dotted quarter. How many make a bar, the beats tell.
    tolerance
        In seconds.

    Returns
    -------
    TempoMap
        120 BPM without beats.

    Raises
    ------
    ValueError
        If `meter` is none.
    """
    played = _even(beats)
    if not played:
        return TempoMap()
    lower, parts = int(meter.partition("/")[2]), 3 if is_compound(meter) else 1
    unit = 4 * TICKS_PER_QUARTER // lower * parts
    times = [time for time, _ in played]
    if times[0] < LEAST_LEAD_IN_S:
        times[0] = 0.0
    lead = _lead_in(times, unit)
    tempos: list[tuple[int, int]] = []
    elapsed = 0
    if lead:
        tempos = _exactly(times[0], lead)
        elapsed = sum(
            (end - start) * tempo
            for (start, tempo), (end, _) in pairwise([*tempos, (lead, 0)])
        )
    tempos += _steady(times, unit, lead, elapsed, tolerance)
    kept = [t for n, t in enumerate(tempos) if not n or t[1] != tempos[n - 1][1]]
    bars, lengths = _bars([p for _, p in played], unit, lead, 2 if parts > 1 else 4)
    signatures: list[tuple[int, int, int]] = []
    for tick, length in zip(bars, lengths, strict=True):
        signature = _signature(length, unit, lower, parts)
        if not signatures or signatures[-1][1:] != signature:
            signatures.append((tick, *signature))
    end = lead + unit * (len(played) - 1)
    return TempoMap(tuple(kept), tuple(signatures), tuple(bars), lead, end)


def _even(beats: Sequence[Beat]) -> list[tuple[float, int]]:
    """Times and positions, beats filled in where none was heard for long."""
    played: list[tuple[float, int]] = []
    for beat in sorted(beats):
        if played:
            before, position = played[-1]
            gap = beat.time - before
            if gap < _LEAST_BEAT_S:
                continue
            # Slower than 30 BPM is a pause, in which somebody counts on.
            parts = -(-gap // (60 / MIN_BPM))
            played += [
                (before + gap * n / parts, position + n) for n in range(1, int(parts))
            ]
        played.append((beat.time, beat.position))
    return played


def _tempo(seconds: float | Fraction, ticks: int) -> int:
    """Microseconds a quarter so that these ticks last so long."""
    return max(round(Fraction(seconds) * _UNIT / ticks), 1)


def _exactly(seconds: float, ticks: int) -> list[tuple[int, int]]:
    """Tempi by which so many ticks last so long.

    Rounded to whole microseconds, one tempo is 20 ms off after ten hours: the last
    ticks of a long lead-in are a microsecond a quarter slower.
    """
    if ticks <= _LONG_TICKS:
        return [(0, _tempo(seconds, ticks))]
    tempo, slower = divmod(round(Fraction(seconds) * _UNIT), ticks)
    return [(0, tempo), (ticks - slower, tempo + 1)] if slower else [(0, tempo)]


def _lead_in(times: Sequence[float], unit: int) -> int:
    """Ticks before the first beat: whole sixteenths at about the same tempo."""
    start = times[0]
    if not start:
        return 0
    beat = times[1] - start if len(times) > 1 else 0.5
    wanted = start / beat * unit / _SIXTEENTH
    # Sixteenths in so many seconds at 30 and at 300 BPM.
    least = max(-int(-start * MIN_BPM / 15 // 1), 1)
    most = int(start * MAX_BPM / 15 + 1e-9)
    below = min(max(int(wanted), least), most)
    above = min(below + 1, most)
    nearer = below if wanted * wanted <= below * above else above
    return nearer * _SIXTEENTH


def _steady(
    times: Sequence[float], unit: int, tick: int, elapsed: int, tolerance: float
) -> list[tuple[int, int]]:
    """Tempi from the first beat on, which lies at `tick` and `elapsed` / unit."""
    tempos: list[tuple[int, int]] = []
    first = 0
    while first < len(times) - 1:
        low, high, last = 0.0, float("inf"), first
        start = elapsed / _UNIT
        for after in range(first + 1, len(times)):
            count = after - first
            least = max(low, (times[after] - tolerance - start) / count)
            most = min(high, (times[after] + tolerance - start) / count)
            if least > most:
                break
            low, high, last = least, most, after
        if last == first:  # no beat lies after `start`: cannot be within tolerance
            last, low, high = first + 1, _LEAST_BEAT_S, _LEAST_BEAT_S
        # To where the last one was heard, or the errors of one stretch would
        # bend the next the other way.
        step = min(max((times[last] - start) / (last - first), low), high)
        tempo = _tempo(max(step, _LEAST_BEAT_S / 2), unit)
        tempos.append((tick, tempo))
        tick += unit * (last - first)
        elapsed += unit * (last - first) * tempo
        first = last
    return tempos or [(tick, DEFAULT_TEMPO * TICKS_PER_QUARTER // unit)]


def _bars(
    positions: Sequence[int], unit: int, lead: int, least: int
) -> tuple[list[int], list[int]]:
    """Ticks of bar lines, and lengths of the bars."""
    most = min(MOST_BEATS, _MOST_UPPER * _SIXTEENTH // unit)
    starts: list[int] = []
    for n, position in enumerate(positions):
        since = n - (starts[-1] if starts else 0)
        if position == 1 or (n and position <= positions[n - 1]) or since == most:
            starts.append(n)
    full = [b - a for a, b in pairwise(starts)]
    usual = max(full, key=full.count) if full else min(max(*positions, least), most)
    if not starts:
        starts = [0]
    # What leads to the first downbeat: whole bars, before them the rest.
    before = lead + starts[0] * unit
    ticks = list(range(before % (usual * unit), before, usual * unit))
    if before % (usual * unit):
        ticks.insert(0, 0)
    ticks += [lead + n * unit for n in starts]
    ends = [*ticks[1:], ticks[-1] + max(usual, len(positions) - starts[-1]) * unit]
    return ticks, [end - tick for tick, end in zip(ticks, ends, strict=True)]


def _signature(ticks: int, unit: int, lower: int, parts: int) -> tuple[int, int]:
    """Time signature of a bar: in the meter's notes, `parts` a beat, or finer."""
    if ticks % unit == 0:
        return ticks // unit * parts, lower
    denominator = 4
    while ticks * denominator % (4 * TICKS_PER_QUARTER) and denominator < 64:
        denominator *= 2
    return max(ticks * denominator // (4 * TICKS_PER_QUARTER), 1), denominator
