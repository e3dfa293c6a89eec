"""The parser of JSON in users' files: finite numbers, unique names, declared types."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from adt_plugins.base.checks import finite, real, whole
from adt_plugins.errors import FormatError

_T = TypeVar("_T")
_LARGEST = 1e12
_LONGEST = 200

Limits = Mapping[str, tuple[float, float]]
"""Lowest and highest value of numbers, by the name of their field."""


def parse_json(text: str | bytes, *, unique: bool = True) -> Any:
    """Parse a JSON text.

    Parameters
    ----------
    text
        The whole text.
    unique
        Whether to refuse names that occur twice in an object: for files of our own.

    Raises
    ------
    FormatError
        If it is not JSON, or a number in it is not finite.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(
            text,
            parse_float=finite,
            parse_constant=finite,
            object_pairs_hook=_unique if unique else None,
        )
    except RecursionError:
        raise FormatError("not JSON that can be read: nested too deep") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FormatError(f"not JSON: an error in {place}") from error
    except ValueError as error:  # includes UnicodeDecodeError
        raise FormatError(f"not JSON: {_one_line(error)}") from error


def build(kind: type[_T], data: Any, limits: Limits, what: str = "it") -> _T:
    """Build a dataclass, and those in its fields, from a JSON object.

    Unknown names are skipped, so that later releases may add some.

    Parameters
    ----------
    kind
        A dataclass whose fields are text, numbers, tuples, mappings, such classes,
        or None.
    data
        The parsed object.
    limits
        Limits of numbers; by default -1e12 to 1e12.
    what
        Name of the object in messages.

    Raises
    ------
    ValueError, TypeError
        If something is missing, of another type or out of its limits.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{what} is not an object: {reprlib.repr(data)}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):  # type: ignore[arg-type]
        if item.name in data:
            value = data[item.name]
            values[item.name] = _checked(hints[item.name], value, limits, item.name)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise ValueError(f"{what} has no {item.name}")
    return kind(**values)


def _checked(hint: Any, value: Any, limits: Limits, what: str) -> Any:
    if get_origin(hint) in (Union, UnionType):  # with None
        if value is None:
            return None
        [hint] = [item for item in get_args(hint) if item is not NoneType]
    low, high = limits.get(what, (-_LARGEST, _LARGEST))
    if hint is int:
        value = whole(what, value, int(low), int(high))
    elif hint is float:
        value = real(what, value, low, high)
    elif hint is str:
        if not isinstance(value, str):
            raise TypeError(f"{what} is text, not {reprlib.repr(value)}")
    elif is_dataclass(hint):
        value = build(hint, value, limits, what)  # type: ignore[arg-type]
    elif hint is not Any:
        value = _all_checked(hint, value, limits, what)
    return value


def _all_checked(hint: Any, value: Any, limits: Limits, what: str) -> Any:
    """Validate the items of a list or an object."""
    inside = get_args(hint)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{what} is a list, not {reprlib.repr(value)}")
        if inside[-1] is not ... and len(value) != len(inside):
            raise ValueError(f"{what} has {len(inside)} values, not {len(value)}")
        return tuple(_checked(inside[0], item, limits, what) for item in value)
    if not isinstance(value, dict):
        raise TypeError(f"{what} is an object, not {reprlib.repr(value)}")
    return {k: _checked(inside[1], item, limits, what) for k, item in value.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that occurs twice; Python silently keeps the last of them."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{reprlib.repr(name)} occurs twice")
            seen.add(name)
    return values


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST]
