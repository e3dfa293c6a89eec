"""Corrections of bars, beats and meter by hand; the same as `src/core/bars.ts`.

Operations of the log are applied to the beats of the transcription. Bars are counted
from those that were set by hand, and from those that began earlier or later than their
meter says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Any

from adt_plugins.annotations import Beat
from adt_plugins.base.checks import seconds, whole
from adt_plugins.meter import MOST_BEATS, Meter, MeterChange, meter_changes

LEAST_S, MOST_S = 0.1, 4.0
"""Shortest and longest beat, on average."""

OPS = ("bar", "tempo", "meter", "beats")
"""``bar`` with time; ``tempo`` with factor, 2 or 0.5; ``meter`` with meter and, for a
part of the song, start and end; ``beats`` with beats, pairs of time and position, and
maybe meters, changes of bar and meter; without, that of the first bar stays."""


class _Pin(IntEnum):
    """What makes a bar begin at a beat: the count, the transcription, or the user."""

    COUNTED = 0
    GIVEN = 1
    BY_HAND = 2


@dataclass(slots=True)
class _Counted:
    time: float
    position: int
    meter: Meter | None
    count: int
    """Beats in the bar."""
    pin: _Pin = _Pin.COUNTED


Timing = tuple[tuple[Beat, ...], tuple[MeterChange, ...]]
"""Beats, and the meters of their bars."""


def checked_op(op: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Validate an operation from elsewhere, and drop unknown keys.

    Parameters
    ----------
    op
        An operation, one of `OPS`.
    most
        Greatest number of beats.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is not valid.
    """
    kind = op["op"]
    if kind == "bar":
        return {"op": kind, "time": seconds(op["time"])}
    if kind == "tempo":
        if op["factor"] not in (2, 0.5):
            raise ValueError("a tempo is made twice or half as fast")
        return {"op": kind, "factor": op["factor"]}
    if kind == "meter":
        if not isinstance(op["meter"], str):
            raise TypeError("a meter is text such as 4/4")
        checked = {"op": kind, "meter": str(Meter.parse(op["meter"]))}
        if "start" in op or "end" in op:
            checked |= {name: seconds(op[name], name) for name in ("start", "end")}
        return checked
    beats = [
        [seconds(time), whole("position", position, 1, MOST_BEATS)]
        for time, position in op["beats"]
    ]
    if len(beats) > most:
        raise ValueError("more beats than a song has")
    if any(a[0] >= b[0] for a, b in pairwise(beats)):
        raise ValueError("beats are in the order of time")
    if "meters" not in op:
        return {"op": kind, "beats": beats}
    changes = meter_changes([(x["bar"], x["meter"]) for x in op["meters"]])
    meters = [{"bar": x.bar, "meter": str(x.meter)} for x in changes]
    return {"op": kind, "beats": beats, "meters": meters}


def corrected_timing(
    beats: Sequence[Beat],
    meters: Sequence[MeterChange],
    ops: Sequence[Mapping[str, Any]],
) -> Timing:
    """Return beats and meters after the operations of a log.

    Parameters
    ----------
    beats, meters
        Beats and meters of the transcription.
    ops
        Valid operations, in order.
    """
    if not ops:
        return tuple(beats), tuple(meters)
    now = _pinned([(beat.time, beat.position) for beat in beats], meters)
    for op in ops:
        if op["op"] == "beats":
            given: Any = now[0].meter if now else None
            if "meters" in op:
                given = [(change["bar"], change["meter"]) for change in op["meters"]]
            now = _pinned(op["beats"], meter_changes(given))
            continue
        if not now:
            continue
        if op["op"] == "bar":
            _set_bar(now, op["time"])
        elif op["op"] == "meter":
            meter = Meter.parse(op["meter"])
            _set_meter(now, meter, op.get("start"), op.get("end"))
        else:
            now = _twice(now) if op["factor"] == 2 else _half(now)
        _count(now)
    return _as_timing(now)


def _pinned(
    beats: Sequence[Sequence[Any]], meters: Sequence[MeterChange]
) -> list[_Counted]:
    """Assign a meter to each beat; pin bars whose length differs from their meter."""
    # If no meter is known, take the highest position.
    default_count = min(max((position for _, position in beats), default=1), MOST_BEATS)
    counted: list[_Counted] = []
    bar, at, start = 0, 0, -1
    for index, (time, position) in enumerate(beats):
        pin = _Pin.COUNTED
        bar += position == 1
        if position == 1 and bar > 1 and _begins(meters[at + 1 : at + 2], bar):
            at += 1
            pin = _Pin.GIVEN
        meter = meters[at].meter if meters else None
        count = default_count if meter is None else meter.counted
        if position == 1:
            if start >= 0 and index - start != count:
                pin = _Pin.GIVEN
            start = index
        counted.append(_Counted(time, position, meter, count, pin))
    return counted


def _begins(changes: Sequence[MeterChange], bar: int) -> bool:
    return any(change.bar == bar for change in changes)


def _nearest(beats: Sequence[_Counted], time: float) -> int:
    """Return the index of the beat nearest to a time; of two, the earlier."""
    return min(range(len(beats)), key=lambda k: abs(beats[k].time - time))


def _origin(beats: Sequence[_Counted]) -> int:
    """Return the beat to count from: the first pinned bar, or else the first bar."""
    for index, beat in enumerate(beats):
        if beat.pin:
            return index
    return next((k for k, beat in enumerate(beats) if beat.position == 1), 0)


def _count(beats: Sequence[_Counted]) -> None:
    """Count again from each pinned bar; before the first, backwards."""
    start = _origin(beats)
    for index, beat in enumerate(beats):
        if index > start and beat.pin:
            start = index
        count = beat.count if index < start else beats[start].count
        beat.position = (index - start) % count + 1


def _set_bar(beats: Sequence[_Counted], time: float) -> None:
    index = _nearest(beats, time)
    reach = beats[index].count
    # A bar pinned less than a bar away was a slip, or is what is being corrected.
    for beat in beats[max(index - reach + 1, 0) : index + reach]:
        beat.pin = _Pin.COUNTED
    beats[index].pin = _Pin.BY_HAND


def _set_meter(
    beats: Sequence[_Counted], meter: Meter, start: float | None, end: float | None
) -> None:
    first, stop, origin = 0, len(beats), _origin(beats)
    if start is not None and end is not None:
        first = _nearest(beats, start)
        if end < beats[-1].time:
            stop = _nearest(beats, end)
        if stop <= first:
            return
        if stop < len(beats):
            beats[stop].pin = beats[stop].pin or _Pin.BY_HAND
        if origin < first:
            beats[origin].pin = beats[origin].pin or _Pin.BY_HAND
        origin = first
    for beat in beats[first:stop]:
        beat.meter, beat.count = meter, meter.counted
        if beat.pin == _Pin.GIVEN:
            beat.pin = _Pin.COUNTED
    beats[origin].pin = _Pin.BY_HAND


def _spacing(beats: Sequence[_Counted]) -> float:
    return (beats[-1].time - beats[0].time) / max(len(beats) - 1, 1)


def _pin_origin(beats: Sequence[_Counted]) -> int:
    origin = _origin(beats)
    beats[origin].pin = beats[origin].pin or _Pin.GIVEN
    return origin


def _twice(beats: list[_Counted]) -> list[_Counted]:
    if _spacing(beats) < 2 * LEAST_S:
        return beats
    _pin_origin(beats)
    doubled = []
    for beat, after in pairwise(beats):
        between = replace(beat, time=(beat.time + after.time) / 2, pin=_Pin.COUNTED)
        doubled += [beat, between]
    return [*doubled, beats[-1]]


def _half(beats: list[_Counted]) -> list[_Counted]:
    if len(beats) < 4 or _spacing(beats) > MOST_S / 2:
        return beats
    start = _pin_origin(beats)
    halved = []
    for index, beat in enumerate(beats):
        if beat.pin:
            start = index
        if (index - start) % 2 == 0:
            halved.append(beat)
    return halved


def _as_timing(beats: Sequence[_Counted]) -> Timing:
    timed = tuple(Beat(beat.time, beat.position) for beat in beats)
    if all(beat.meter is None for beat in beats):
        return timed, ()
    starts = [beat for beat in beats if beat.position == 1]
    changes = [(bar, x.meter or Meter(x.count)) for bar, x in enumerate(starts, 1)]
    return timed, meter_changes(changes)
