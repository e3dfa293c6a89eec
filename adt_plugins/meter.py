"""Meters such as 6/8, and tempi: what is valid, and how they are counted."""

from __future__ import annotations


def beats_per_bar(meter: str) -> int:
    """Beats in a bar, as they are counted: of 6/8, 9/8 and 12/8 dotted quarters.

    >>> beats_per_bar("3/4"), beats_per_bar("6/8"), beats_per_bar("7/8")
    (3, 2, 7)

    Raises
    ------
    ValueError
        If it is no meter, or of more than 32 beats.
    """
    upper = _parts(meter)[0]
    count = upper // 3 if is_compound(meter) else upper
    if not 1 <= count <= 32:
        raise ValueError(f"{meter!r} has no beats, or more than 32")
    return count


def is_compound(meter: str) -> bool:
    """Whether a meter's beats are dotted, as those of 6/8 are; `ValueError` as above.

    >>> [is_compound(meter) for meter in ("6/8", "12/8", "3/8", "6/4")]
    [True, True, False, False]
    """
    upper, lower = _parts(meter)
    return lower == 8 and upper > 3 and upper % 3 == 0


def _parts(meter: str) -> tuple[int, int]:
    upper, _, lower = meter.partition("/")
    if not upper.isdecimal() or lower not in ("1", "2", "4", "8", "16", "32"):
        raise ValueError(f"{meter!r} is no meter such as 4/4 or 6/8")
    return int(upper), int(lower)


def check_bpm(bpm: float) -> float:
    """Return a tempo that can be followed; raises `ValueError` for another."""
    if not 20 <= bpm <= 400:
        raise ValueError(f"a tempo of {bpm:g} BPM is not between 20 and 400")
    return bpm
