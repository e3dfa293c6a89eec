"""Strict numbers and strict JSON, for the data types that travel as JSON."""

from __future__ import annotations

import json
import math
import reprlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING
from numbers import Integral, Real
from typing import Any, TypeVar

_T = TypeVar("_T")
_LARGEST = sys.float_info.max


def real(what: str, value: Any, low: float, high: float) -> float:
    """Return a number of Python or NumPy as a float in its range; -0.0 becomes 0.0."""
    value = number(what, value)
    if not low <= value <= high:
        limits = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
        limits = "a number" if low == -math.inf else limits
        raise ValueError(f"{what} is {limits}, not {value!r}")
    return float(value) + 0.0


def number(what: str, value: Any) -> float:
    """Return a number of Python or NumPy as a float, which may be NaN."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{what} is a number, not {reprlib.repr(value)}")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def seconds(value: Any, what: str = "time") -> float:
    """Return a time or a length: at least 0 and finite."""
    number = real(what, value, 0.0, math.inf)
    if number == math.inf:
        raise ValueError(f"{what} is finite, not {number!r}")
    return number


def whole(what: str, value: Any, low: int, high: int | None = None) -> int:
    """Return an integer of Python or NumPy as an int in its range."""
    # isinstance() of an abstract class takes ten times as long as comparing the type.
    if type(value) is not int and (
        isinstance(value, bool) or not isinstance(value, Integral)
    ):
        raise TypeError(f"{what} is a whole number, not {reprlib.repr(value)}")
    number = int(value)
    if number < low or (high is not None and number > high):
        limits = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{what} is {limits}, not {reprlib.repr(number)}")
    return number


def instances(what: str, items: Iterable[Any], kind: type[_T]) -> tuple[_T, ...]:
    """Return items as a tuple; raises `TypeError` if one is of another type."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise TypeError(f"{what} are a sequence, not {reprlib.repr(items)}")
    return tuple(instance(what, item, kind) for item in items)


def instance(what: str, value: Any, kind: type[_T]) -> _T:
    """Return a value; raises `TypeError` if it is of another type."""
    if not isinstance(value, kind):
        name = kind.__name__
        article = "an" if name[0] in "AO" else "a"
        raise TypeError(f"{what}: {reprlib.repr(value)} is not {article} {name}")
    return value


def plain(value: Any) -> Any:
    """Copy a value into types of JSON, so that it reads back equal."""
    if value is None or isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return real("a number", value, -_LARGEST, _LARGEST)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the model's keys are text")
        return {str(key): plain(item) for key, item in value.items()}
    from numpy import ndarray  # programs that only read JSON do without NumPy

    if isinstance(value, Sequence | ndarray):
        return [plain(item) for item in value]
    raise TypeError(f"no JSON for {reprlib.repr(value)} in the model")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_text(value: Any) -> str:
    """Return JSON on one line; raises `ValueError` for NaN and infinities."""
    text = _ENCODER.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A file name that is not UTF-8 holds lone surrogates: escape them.
        return json.dumps(value, allow_nan=False)
    return text


def finite(text: str) -> float:
    """Parse a number of a JSON text; Python's parser would accept NaN and 1e999."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number is finite, not {text[:40]}")
    return number


def records(kind: type[_T], items: Any) -> Iterator[_T]:
    """Build dataclasses from a list of JSON objects; unknown keys are skipped."""
    what = kind.__name__.lower()
    if not isinstance(items, list):
        raise TypeError(f"{what}s are not a list")
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]
    names = tuple(name for name, field in fields.items() if field.compare)
    required = {name for name in names if fields[name].default is MISSING}
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise TypeError(f"{what} {number} is not an object: {reprlib.repr(item)}")
        values = {name: item[name] for name in names if name in item}
        missing = required - set(values)
        if missing:
            raise ValueError(f"{what} {number} has no {', '.join(sorted(missing))}")
        try:
            yield kind(**values)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what} {number}: {error}") from error
