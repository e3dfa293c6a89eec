"""The binary XML in which Audacity 3 and 4 store a project.

A document is a sequence of fields, each a byte for its kind followed by its content.
Names of tags and attributes are declared once, with a number that stands for them
later. Integers are little-endian; so are floats on every machine that Audacity runs
on. (Field kinds: Audacity's ``ProjectSerializer``.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from adt_plugins.errors import FormatError

_CHAR_SIZE, _START, _END, _STRING = 0, 1, 2, 3
_DATA, _RAW, _PUSH, _POP, _NAME = 11, 12, 13, 14, 15
_BYTES = 16  # of Audacity 4: a binary attribute, such as a picture

# Attributes of a fixed size: number of the name, value (and for floats, the number of
# digits as text).
_NUMBERS = {
    4: struct.Struct("<Hi"),  # int
    5: struct.Struct("<H?"),  # bool
    6: struct.Struct("<Hi"),  # long, 32 bits on every system
    7: struct.Struct("<Hq"),  # long long
    8: struct.Struct("<HI"),  # size_t, 32 bits
    9: struct.Struct("<Hfi"),  # float
    10: struct.Struct("<Hdi"),  # double
}
_SHORT, _SHORTS = struct.Struct("<H"), struct.Struct("<HH")
_LENGTH, _NAMED_LENGTH = struct.Struct("<i"), struct.Struct("<Hi")
_ENCODINGS = {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}

# Projects nest tags about 8 deep; a file that goes much deeper is not one.
_DEEPEST = 100


class Start(NamedTuple):
    """A tag with its attributes: text, int, bool, float or bytes."""

    name: str
    attributes: dict[str, Any]


class End(NamedTuple):
    """The end of the innermost open tag."""

    name: str


Event = Start | End


def events(data: bytes) -> Iterator[Event]:
    """Read a document, one tag after the other.

    Parameters
    ----------
    data
        The ``dict`` column followed by the ``doc`` column.

    Yields
    ------
    Start or End
        Text between tags is skipped: a project has none.

    Raises
    ------
    FormatError
        If the data is not such a document, or ends too early.
    """
    reader = _Reader(data)
    try:
        yield from reader.events()
    except struct.error:
        raise FormatError("the project document is cut off") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._encoding = ""
        self._names: dict[int, str] = {}
        self._outer_names: list[dict[int, str]] = []

    def events(self) -> Iterator[Event]:
        opened: list[str] = []
        start: Start | None = None  # yielded when its attributes are complete
        while self._at < len(self._data):
            kind = self._data[self._at]
            self._at += 1
            if kind in (_START, _END):
                if start is not None:
                    yield start
                    start = None
                name = self._name(*self._unpack(_SHORT))
                if kind == _START:
                    opened.append(name)
                    start = Start(name, {})
                elif not opened or opened.pop() != name:
                    raise FormatError(f"the project document ends {name!r} too early")
                else:
                    yield End(name)
            elif kind in (_STRING, _BYTES) or kind in _NUMBERS:
                if start is None:
                    raise FormatError("the project document has a stray attribute")
                number, value = self._attribute(kind)
                start.attributes[self._name(number)] = value
            else:
                self._other(kind)
            if len(opened) + len(self._outer_names) > _DEEPEST:
                raise FormatError("the project document is nested too deep")
        if opened:
            raise FormatError("the project document is cut off")

    def _attribute(self, kind: int) -> tuple[int, Any]:
        if kind == _STRING:
            number, length = self._unpack(_NAMED_LENGTH)
            return number, self._text(length)
        if kind == _BYTES:
            number, length = self._unpack(_NAMED_LENGTH)
            return number, self._take(length)
        number, value, *_ = self._unpack(_NUMBERS[kind])
        return number, value

    def _other(self, kind: int) -> None:
        if kind == _NAME:
            number, length = self._unpack(_SHORTS)
            self._names[number] = self._text(length)
        elif kind in (_DATA, _RAW):
            self._take(*self._unpack(_LENGTH))
        elif kind == _CHAR_SIZE:
            self._encoding = _ENCODINGS.get(self._take(1)[0], "")
        elif kind == _PUSH:
            self._outer_names.append(self._names)
            self._names = {}
        elif kind == _POP and self._outer_names:
            self._names = self._outer_names.pop()
        else:
            raise FormatError(f"the project document has an unknown field {kind}")

    def _name(self, number: int) -> str:
        try:
            return self._names[number]
        except KeyError:
            raise FormatError("the project document uses an unknown name") from None

    def _text(self, length: int) -> str:
        data = self._take(length)
        if not self._encoding:
            raise FormatError("the project document has text of an unknown kind")
        return data.decode(self._encoding, "replace")

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if length < 0 or end > len(self._data):
            raise FormatError("the project document is cut off")
        data = self._data[self._at : end]
        self._at = end
        return data

    def _unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        values = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return values
