"""Meters such as 6/8, and tempi: what is valid, and how they are counted."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

UNITS = (1, 2, 4, 8, 16, 32)
MOST_BEATS = 32
"""Most counted beats of a bar."""

_set = object.__setattr__


def is_compound(beats: int, unit: int) -> bool:
    """Return whether a time signature's beats are dotted; see `Meter.is_compound`."""
    return unit == 8 and beats > 3 and beats % 3 == 0


@dataclass(frozen=True, order=True, slots=True)
class Meter:
    """A time signature.

    Parameters
    ----------
    beats
        The upper number: units in a bar.
    unit
        The lower number: 4 for quarters, 8 for eighths; a power of 2 from 1 to 32.

    Raises
    ------
    ValueError
        If there are no beats, or more than `MOST_BEATS` counted ones, or if the unit
        is not valid.
    """

    beats: int
    unit: int = 4

    def __post_init__(self) -> None:
        for value in (self.beats, self.unit):
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{value!r} is not a whole number of a meter")
        if self.unit not in UNITS:
            raise ValueError(f"{self} is not a meter such as 4/4 or 6/8")
        if not 1 <= self.counted <= MOST_BEATS:
            raise ValueError(f"{str(self)!r} has no beats, or more than {MOST_BEATS}")

    @classmethod
    def parse(cls, text: str) -> Meter:
        """Parse a time signature such as ``"6/8"``.

        >>> Meter.parse("6/8")
        Meter(beats=6, unit=8)

        Raises
        ------
        ValueError
            If it is not a meter.
        """
        upper, _, lower = str(text).partition("/")
        if not (upper.isdecimal() and lower.isdecimal()) or int(lower) not in UNITS:
            raise ValueError(f"{text!r} is not a meter such as 4/4 or 6/8")
        return cls(int(upper), int(lower))

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @property
    def is_compound(self) -> bool:
        """Whether its beats are dotted, as in 6/8.

        >>> [Meter.parse(text).is_compound for text in ("6/8", "12/8", "3/8", "6/4")]
        [True, True, False, False]
        """
        return is_compound(self.beats, self.unit)

    @property
    def counted(self) -> int:
        """Beats in a bar, as musicians count them: dotted quarters in 6/8, 9/8, 12/8.

        >>> [Meter.parse(text).counted for text in ("3/4", "6/8", "7/8")]
        [3, 2, 7]
        """
        return self.beats // 3 if self.is_compound else self.beats

    def signature(self, count: int) -> tuple[int, int]:
        """Return the time signature of a bar with `count` counted beats.

        >>> Meter.parse("6/8").signature(3), Meter.parse("4/4").signature(5)
        ((9, 8), (5, 4))
        """
        return count * (3 if self.is_compound else 1), self.unit

    @property
    def quarters(self) -> float:
        """Length of a counted beat in quarters: 1.5 in 6/8, 0.5 in 7/8."""
        return 4 / self.unit * (3 if self.is_compound else 1)

    @property
    def tempo_unit(self) -> float:
        """Length in quarters of the note that tempi are stated in.

        A dotted quarter in 6/8, 9/8 and 12/8, a half in 2/2, otherwise a quarter: in
        5/8 and 7/8 too, as in sequencers, although their eighths are counted.

        >>> [Meter.parse(text).tempo_unit for text in ("4/4", "12/8", "7/8", "2/2")]
        [1.0, 1.5, 1.0, 2.0]
        """
        return max(self.quarters, 1.0)


@dataclass(frozen=True, order=True, slots=True)
class MeterChange:
    """A meter and the bar in which it begins; bar 1 begins with the first downbeat."""

    bar: int
    meter: Meter

    def __post_init__(self) -> None:
        if isinstance(self.bar, bool) or not isinstance(self.bar, int) or self.bar < 1:
            raise ValueError(f"a meter cannot begin in bar {self.bar!r}")
        if not isinstance(self.meter, Meter):
            _set(self, "meter", Meter.parse(str(self.meter)))


Meters = Meter | str | Iterable["Meter | MeterChange | tuple[int, Meter | str]"] | None
"""Meters as `meter_changes` accepts them."""


def meter_changes(meters: Meters) -> tuple[MeterChange, ...]:
    """Return changes of meter in order: the first in bar 1, none without effect.

    >>> meter_changes("6/8")
    (MeterChange(bar=1, meter=Meter(beats=6, unit=8)),)

    Raises
    ------
    ValueError
        If one is not a meter, or two begin in the same bar.
    """
    if meters is None:
        return ()
    given: list[Any] = [meters] if isinstance(meters, Meter | str) else list(meters)
    changes = sorted(
        item
        if isinstance(item, MeterChange)
        else MeterChange(*item)
        if isinstance(item, tuple)
        else MeterChange(1, item)
        for item in given
    )
    changing: list[MeterChange] = []
    for change in changes:
        if changing and changing[-1].bar == change.bar:
            raise ValueError(f"two meters begin in bar {change.bar}")
        if not changing:
            changing.append(MeterChange(1, change.meter))
        elif changing[-1].meter != change.meter:
            changing.append(change)
    return tuple(changing)


def meters_to_json(meters: Sequence[MeterChange]) -> Any:
    """Return the JSON form: text such as ``"4/4"``, or a list of changes."""
    if len(meters) == 1:
        return str(meters[0].meter)
    return [{"bar": change.bar, "meter": str(change.meter)} for change in meters]


def meters_from_json(data: Any) -> tuple[MeterChange, ...]:
    """Read what `meters_to_json` returns; raises `TypeError` or `ValueError`."""
    if data is None:
        return ()
    items = [{"bar": 1, "meter": data}] if isinstance(data, str) else data
    if not isinstance(items, list) or not all(isinstance(x, dict) for x in items):
        raise TypeError("meter is neither text nor a list of changes")
    changes = []
    for item in items:
        if not isinstance(item.get("meter"), str):
            raise TypeError(f"{reprlib.repr(item.get('meter'))} is not a meter")
        changes.append(MeterChange(item.get("bar", 1), Meter.parse(item["meter"])))
    return meter_changes(changes)


def meters_of_bars(changes: Sequence[MeterChange], bars: int) -> list[Meter]:
    """Return the meter in force in each of the bars 1 to `bars`; by default 4/4."""
    meters = []
    remaining = list(changes)[::-1]
    current = Meter(4)
    for number in range(1, bars + 1):
        while remaining and remaining[-1].bar <= number:
            current = remaining.pop().meter
        meters.append(current)
    return meters


def usual_meter(changes: Sequence[MeterChange], bars: int) -> Meter | None:
    """Return the meter of most of the bars 1 to `bars`; None if none is known."""
    if not changes:
        return None
    return Counter(meters_of_bars(changes, max(bars, 1))).most_common(1)[0][0]


def check_bpm(bpm: float) -> float:
    """Validate a tempo: 20 to 400 BPM, else `ValueError`."""
    if not 20 <= bpm <= 400:
        raise ValueError(f"a tempo of {bpm:g} BPM is not between 20 and 400")
    return bpm
