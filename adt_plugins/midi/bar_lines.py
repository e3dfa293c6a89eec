"""Computes the bars of a tempo map: where they begin, and their time signatures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from adt_plugins.meter import MOST_BEATS, Meter, MeterChange, meters_of_bars

TICKS_PER_QUARTER = 960
PARTS = tuple(4 * TICKS_PER_QUARTER // n for n in (16, 32, 64))
"""Ticks of the notes that a short bar is counted in: sixteenths, or finer ones."""

_MOST_UPPER = 255  # largest numerator of a time signature in MIDI


def bar_starts(positions: Sequence[int], meters: Sequence[MeterChange]) -> list[int]:
    """Return the indices of beats that begin a bar; the first one without downbeats.

    A bar of more than `MOST_BEATS`, as of beats numbered throughout, is split.
    """
    longest = max((_ticks(change.meter) for change in meters), default=960)
    most = min(MOST_BEATS, _MOST_UPPER * PARTS[0] // longest)
    starts: list[int] = []
    for n, position in enumerate(positions):
        since = n - (starts[-1] if starts else 0)
        if position == 1 or (n and position <= positions[n - 1]) or since == most:
            starts.append(n)
    return starts or [0]


def ticks_of_beats(
    count: int, starts: Sequence[int], meters: Sequence[MeterChange]
) -> list[int]:
    """Return the ticks of each beat."""
    of_bars = meters_of_bars(meters, len(starts))
    units = [_ticks(of_bars[0])] * starts[0]
    for start, end, meter in zip(starts, [*starts[1:], count], of_bars, strict=True):
        units += [_ticks(meter)] * (end - start)
    return units


def _ticks(meter: Meter) -> int:
    """Return the ticks of a counted beat."""
    return round(meter.quarters * TICKS_PER_QUARTER)


def usual_beats(
    played: Sequence[tuple[float, int]], starts: Sequence[int], units: Sequence[int]
) -> int:
    """Return the beats of a usual bar, or the highest position without a full bar."""
    full = [b - a for a, b in pairwise(starts)]
    if full:
        return Counter(full).most_common(1)[0][0]
    least = 2 if units[0] % TICKS_PER_QUARTER else 4
    highest = max(position for _, position in played)
    return min(max(highest, least), MOST_BEATS)


def beats_of_last_bar(
    starts: Sequence[int], meters: Sequence[Meter], usual: int
) -> int:
    """Return the beats of the last bar, as if it were complete."""
    alike = [
        after - start
        for (start, after), meter in zip(pairwise(starts), meters, strict=False)
        if meter == meters[-1]
    ]
    if alike:
        return Counter(alike).most_common(1)[0][0]
    return usual if len(set(meters)) == 1 else meters[-1].counted


def bar_lines(
    starts: Sequence[int],
    ends: Sequence[int],
    meters: Sequence[Meter],
    lead: tuple[int, int],
) -> tuple[tuple[int, ...], int, tuple[tuple[int, int, int], ...]]:
    """Return the ticks of bar lines, the number of the first, and time signatures.

    Parameters
    ----------
    starts, ends
        Beats of the bars.
    meters
        Meters of the bars.
    lead
        Ticks before the first beat, and of the pickup.
    """
    unit, usual = _ticks(meters[0]), ends[0] - starts[0]
    rest, pickup = lead
    bars: list[tuple[int, int, int]] = []  # ticks, numerator, denominator
    whole, rest = divmod(rest, usual * unit)
    bars += [(usual * unit, *meters[0].signature(usual))] * whole
    # The remainder of a beat comes first, so that the rest can be counted.
    part, beats = rest % unit, rest // unit * unit
    together = beats + pickup <= usual * unit
    parts = [part, beats + pickup] if together else [part, beats, pickup]
    bars += [
        (ticks, *_signature(ticks, meters[0]))
        for part in parts
        for ticks in _countable(part)
    ]
    before = len(bars)
    for start, end, meter in zip(starts, ends, meters, strict=True):
        count = end - start
        bars.append((count * _ticks(meter), *meter.signature(count)))
    lines: list[int] = []
    signatures: list[tuple[int, int, int]] = []
    tick = 0
    for ticks, upper, lower in bars:
        if not signatures or signatures[-1][1:] != (upper, lower):
            signatures.append((tick, upper, lower))
        lines.append(tick)
        tick += ticks
    return tuple(lines), 1 - before, tuple(signatures)


def _countable(ticks: int) -> list[int]:
    """Return the ticks of a bar, split if no time signature can count its parts."""
    part = next((p for p in PARTS if ticks % p == 0), 1)
    if ticks // part <= _MOST_UPPER:
        return [ticks] if ticks else []
    return [ticks % TICKS_PER_QUARTER, ticks // TICKS_PER_QUARTER * TICKS_PER_QUARTER]


def _signature(ticks: int, meter: Meter) -> tuple[int, int]:
    """Return the time signature of a short bar, in the meter's notes or finer ones."""
    if ticks % _ticks(meter) == 0:
        return meter.signature(ticks // _ticks(meter))
    denominator = 4
    while ticks * denominator % (4 * TICKS_PER_QUARTER) and denominator < 64:
        denominator *= 2
    return max(ticks * denominator // (4 * TICKS_PER_QUARTER), 1), denominator
