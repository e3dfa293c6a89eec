"""Converts seconds to ticks of a sequencer and back, over beats or at a constant tempo.

Tempi in MIDI are integers of microseconds. Each is rounded first, and later times are
computed from the rounded one, so that errors never add up: a tick is at most half a
tick off, even after an hour.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np

from adt_plugins.annotations import Beat
from adt_plugins.errors import FormatError
from adt_plugins.meter import MeterChange, meters_of_bars
from adt_plugins.midi.bar_lines import (
    PARTS,
    TICKS_PER_QUARTER,
    bar_lines,
    bar_starts,
    beats_of_last_bar,
    ticks_of_beats,
    usual_beats,
)
from adt_plugins.tempo import (
    EXACT_S,
    LARGEST_S,
    SteadyTempo,
    are_exact,
    refined,
    steady_tempo,
)

DEFAULT_TEMPO = 500_000  # microseconds a quarter: 120 BPM
TEMPI = ("auto", "constant", "follow")
"""How a map follows the beats: one tempo if it fits, always one, or every beat."""

TOLERANCE_S = {"auto": 0.018, "follow": 0.005, "exact": 0.0002}
"""Deviation of a beat from its detected time, where a single tempo does not fit. With
the errors of detected times no beat is off by more than 30 ms. Beats of a sequencer,
see `adt_plugins.tempo.are_exact`, keep its tempi."""

LEAST_LEAD_IN_S = 0.015
"""A first beat before this time lies at tick 0."""

MIN_BPM = 30.0
"""Longer gaps between beats are pauses, which get beats of their own."""

LATEST_S = 1e5
"""Latest time of a beat: up to there, missing beats are interpolated."""

_MOST_TEMPO = (1 << 24) - 1
_NEAR_S = 0.009
"""A lead-in has whole sixteenths or 32nds if these are off by less than this, otherwise
64ths, which are off by 17 ms at most at 110 BPM. Few programs support finer ones."""

_MOST_OFF_S, _MOST_OTHER = 0.018, 1.25
"""If 64ths are off by more than this, the lead-in has a tempo of its own, unless that
differed from the music's by more than this ratio."""

_PARABOLA = np.array([-21, 14, 39, 54, 59, 54, 39, 14, -21]) / 231

_LOCAL = 8  # beats that the tempo of a lead-in is estimated from
_LONG_QUARTERS, _SET_BPM = 16, (1.0, 0.5)
"""Stretches of this length have tempi in these steps where their beats allow it."""

_UNIT = TICKS_PER_QUARTER * 1_000_000  # units of exact times in a second
_LEAST_BEAT_S = 0.01

_DOUBTFUL_TICKS = 1e-3
_EXACT_BELOW = 1000  # microseconds a quarter: ticks of less are too short for floats


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
        Ticks of the bar lines, the first at 0; empty without beats.
    first, end
        Ticks of the first and the last beat.
    first_bar
        Number of the first of `bars`. Bar 1 begins with the first downbeat; before it
        are a pickup and bars without beats.
    """

    tempos: tuple[tuple[int, int], ...] = ((0, DEFAULT_TEMPO),)
    signatures: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)
    bars: tuple[int, ...] = ()
    first: int = 0
    end: int = 0
    first_bar: int = 1
    _elapsed: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        elapsed = [0]
        for (start, tempo), (end, _) in pairwise(self.tempos):
            elapsed.append(elapsed[-1] + (end - start) * tempo)
        object.__setattr__(self, "_elapsed", tuple(elapsed))

    def tick(self, seconds: float) -> int:
        """Return the tick nearest to a time."""
        # Exact like fractions, in a tenth of their time.
        over, under = seconds.as_integer_ratio()
        over *= _UNIT
        index = max(bisect_right(self._elapsed, over // under) - 1, 0)
        start, tempo = self.tempos[index]
        whole, rest = divmod(over - self._elapsed[index] * under, tempo * under)
        half = 2 * rest - tempo * under  # ties go to the even tick
        return start + whole + (half > 0 or (half == 0 and whole % 2))

    def ticks(self, times: Sequence[float]) -> list[int]:
        """Return the ticks nearest to times; as `tick`, but for many at once."""
        seconds = np.array(times, np.float64)
        begins = np.array(self._elapsed, np.float64) / _UNIT
        index = np.maximum(np.searchsorted(begins, seconds, side="right") - 1, 0)
        starts, tempos = np.array(self.tempos, np.float64)[index].T
        places = starts + (seconds - begins[index]) * (_UNIT / tempos)
        nearest = np.rint(places)
        # Where rounding errors might decide, exact numbers do.
        doubtful = np.abs(np.abs(places - nearest) - 0.5) < _DOUBTFUL_TICKS
        doubtful |= (seconds > LATEST_S) | (tempos < _EXACT_BELOW)
        nearest[doubtful] = 0
        ticks: list[int] = nearest.astype(np.int64).tolist()
        for n in np.flatnonzero(doubtful).tolist():
            ticks[n] = self.tick(times[n])
        return ticks

    def seconds(self, tick: int) -> float:
        """Return the time of a tick in seconds."""
        index = max(bisect_right(self.tempos, (tick, 1 << 24)) - 1, 0)
        start, tempo = self.tempos[index]
        return (self._elapsed[index] + (tick - start) * tempo) / _UNIT


def tempo_map(
    beats: Sequence[Beat],
    *,
    meters: Sequence[MeterChange] = (),
    hits: Sequence[float] = (),
    how: str = "auto",
) -> TempoMap:
    """Fit a tempo map to beats.

    If a single tempo fits it is the only one, rounded as a person would set it (see
    `adt_plugins.tempo`); otherwise tempi last as long as the beats allow. Bars have the
    lengths that were played. Before the first beat there is a lead-in at the music's
    own tempo: whole bars, then part of a beat in sixteenths or finer, then beats.

    Parameters
    ----------
    beats
        Beats in order of time, with positions that count from 1 in each bar.
    meters
        Meters, which determine the note of a beat: a quarter in 4/4 and 5/4, an eighth
        in 7/8, a dotted quarter in 6/8. The length of bars follows from the beats.
    hits
        Times of onsets, which give the times of beats more exactly.
    how
        One of `TEMPI`.

    Returns
    -------
    TempoMap
        The map; 120 BPM without beats.

    Raises
    ------
    ValueError
        If `how` is not one of `TEMPI`.
    FormatError
        If a beat lies more than a day after the beginning: no number in a file may cost
        unbounded memory or time.
    """
    if how not in TEMPI:
        raise ValueError(f"no way {how!r} to follow a tempo; there are {TEMPI}")
    if beats and max(beat.time for beat in beats) > LATEST_S:
        raise FormatError(f"a beat later than {LATEST_S / 3600:.0f} hours")
    played = _even(beats)
    if not played:
        return TempoMap()
    times = [time for time, _ in played]
    starts = bar_starts([position for _, position in played], meters)
    units = ticks_of_beats(len(played), starts, meters)
    places = [0]
    for unit in units[:-1]:
        places.append(places[-1] + unit)
    usual = usual_beats(played, starts, units)
    steady = None
    if how != "follow":
        quarters = np.array(places, np.float64) / TICKS_PER_QUARTER
        steady = steady_tempo(times, quarters, hits, anyway=how == "constant")
        if how == "auto" and are_exact(times, hits):
            how = "exact"
            if steady is not None and steady.furthest(times, quarters) > EXACT_S:
                steady = None
    lead, tempos = _timed(times, places, hits, how, steady)
    of_bars = meters_of_bars(meters, len(starts))
    last = starts[-1] + beats_of_last_bar(starts, of_bars, usual)
    ends = [*starts[1:], max(last, len(played))]
    bars, first_bar, signatures = bar_lines(
        starts, ends, of_bars, (lead, places[starts[0]])
    )
    return TempoMap(tempos, signatures, bars, lead, lead + places[-1], first_bar)


def _even(beats: Sequence[Beat]) -> list[tuple[float, int]]:
    """Return times and positions, with beats interpolated in long gaps."""
    played: list[tuple[float, int]] = []
    for beat in sorted(beats):
        if played:
            before, position = played[-1]
            gap = beat.time - before
            if gap < _LEAST_BEAT_S:
                continue
            # Slower than 30 BPM is a pause, during which musicians count on.
            parts = -(-gap // (60 / MIN_BPM))
            played += [
                (before + gap * n / parts, position + n) for n in range(1, int(parts))
            ]
        played.append((beat.time, beat.position))
    return played


def _tempo(seconds: float | Fraction, ticks: int) -> int:
    """Return the microseconds a quarter at which these ticks last this long."""
    return min(max(round(Fraction(seconds) * _UNIT / ticks), 1), _MOST_TEMPO)


def _timed(
    times: list[float],
    places: Sequence[int],
    hits: Sequence[float],
    how: str,
    steady: SteadyTempo | None,
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the ticks of the lead-in, and the tempi."""
    if steady is not None and (steady.start > -LARGEST_S or how == "constant"):
        tempo = min(max(round(steady.quarter * 1e6), 1), _MOST_TEMPO)
        lead = _lead_in(steady.start, tempo)
        if lead and abs(lead * tempo / _UNIT - steady.start) > _MOST_OFF_S:
            separate = _tempo(steady.start, lead)
            if 1 / _MOST_OTHER < separate / tempo < _MOST_OTHER:
                return lead, ((0, separate), (lead, tempo))
        return lead, ((0, tempo),)
    if len(times) < 2:
        tempo = DEFAULT_TEMPO
        return _lead_in(times[0], tempo), ((0, tempo),)
    local = min(_LOCAL, len(times) - 1)
    lead = _lead_in(times[0], _tempo((times[local] - times[0]), places[local]))
    if times[0] > LEAST_LEAD_IN_S:
        lead = max(lead, PARTS[-1])
    if how == "auto":
        smooth = _smooth(times)
        if float(np.median(np.abs(np.subtract(smooth, times)))) > EXACT_S:
            smooth = _smooth(refined(np.array(times), hits).tolist())
        times = smooth
    ticks = [lead + place for place in places]
    if lead:
        ticks, times = [0, *ticks], [0.0, *times]
    else:
        times = [0.0, *times[1:]]
    tempos = _steady(times, ticks, TOLERANCE_S.get(how, TOLERANCE_S["follow"]))
    return lead, tuple(
        t for n, t in enumerate(tempos) if not n or t[1] != tempos[n - 1][1]
    )


def _smooth(times: list[float]) -> list[float]:
    """Smooth out the errors of single beats with local parabolas.

    Savitzky and Golay, Anal. Chem. 36(8), 1964. Where the tempo changes abruptly, times
    are left alone.
    """
    smooth = np.array(times)
    if len(smooth) < len(_PARABOLA):
        return times
    edge = len(_PARABOLA) // 2
    inner = np.convolve(smooth, _PARABOLA, "valid")
    near = np.abs(inner - smooth[edge:-edge]) <= TOLERANCE_S["auto"]
    smooth[edge:-edge] = np.where(near, inner, smooth[edge:-edge])
    ascending: list[float] = np.maximum.accumulate(smooth).tolist()
    return ascending


def _lead_in(seconds: float, tempo: int) -> int:
    """Return the ticks before the first beat, in the longest parts that fit."""
    wanted = seconds * _UNIT / tempo
    near = _NEAR_S * _UNIT / tempo
    if seconds <= LEAST_LEAD_IN_S:
        return 0
    for part in PARTS:
        if (ticks := round(wanted / part) * part) and abs(ticks - wanted) <= near:
            return ticks
    return max(round(wanted / PARTS[-1]), 1) * PARTS[-1]


def _steady(
    times: Sequence[float], ticks: Sequence[int], tolerance: float
) -> list[tuple[int, int]]:
    """Return the tempi of the longest straight stretches, from time 0 on."""
    tempos: list[tuple[int, int]] = []
    first, elapsed = 0, 0
    while first < len(times) - 1:
        low, high, last = 0.0, float("inf"), first
        start = elapsed / _UNIT
        for after in range(first + 1, len(times)):
            count = ticks[after] - ticks[first]
            least = max(low, (times[after] - tolerance - start) / count)
            most = min(high, (times[after] + tolerance - start) / count)
            if least > most:
                break
            low, high, last = least, most, after
        if last == first:  # the next beat is not after `start`: give up the tolerance
            last = first + 1
            low = high = _LEAST_BEAT_S / (ticks[last] - ticks[first])
        # Aim at the detected time of the last beat, or the error of one stretch would
        # bend the next the other way.
        length = ticks[last] - ticks[first]
        step = min(max((times[last] - start) / length, low), high)
        step = _as_set(step, length, low, high)
        tempo = _tempo(max(step * length, _LEAST_BEAT_S / 2), length)
        tempos.append((ticks[first], tempo))
        elapsed += length * tempo
        first = last
    return tempos


def _as_set(step: float, length: int, low: float, high: float) -> float:
    """Return the seconds of a tick at a tempo that a person sets, if beats allow it.

    Parameters
    ----------
    step, low, high
        Seconds of a tick: the best, and the least and most that the beats allow.
    length
        Ticks of the stretch: tempi of short ones are those of a player.
    """
    if length < _LONG_QUARTERS * TICKS_PER_QUARTER:
        return step
    for unit in _SET_BPM:
        bpm = round(round(60 / (step * TICKS_PER_QUARTER) / unit, 6)) * unit
        own = 60 / (max(bpm, unit) * TICKS_PER_QUARTER)
        if low <= own <= high:
            return own
    return step
