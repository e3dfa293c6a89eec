"""The binary XML of a project, whole and broken."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.binary_xml import End, Start, events
from tests.support.audacity.make_aup3 import Document, document, label, track

SNARE = track("Snare", label(0.1 + 0.2, "Snare 90"), label(1 / 3, ""))


def spoilt(make: Callable[[Document], None]) -> bytes:
    made = Document()
    make(made)
    return made.names + made.body


def unknown_name(made: Document) -> None:
    made.body += struct.pack("<BH", 1, 7)


def unknown_field(made: Document) -> None:
    made.body += b"\x63"


def wrong_end(made: Document) -> None:
    made.tag("a", {})
    made.tag("b", {})
    made.body = made.body[:3] + made.body[-3:]


def stray_attribute(made: Document) -> None:
    made.tag("a", {"b": 1})
    made.body = made.body[3:]


def long_text(made: Document) -> None:
    made.tag("a", {})
    made.body = made.body[:3] + struct.pack("<BHi", 3, 0, 2**31 - 1) + b"abcd"


def text_of_negative_length(made: Document) -> None:
    made.tag("a", {})
    made.body = made.body[:3] + struct.pack("<BHi", 3, 0, -1) + b"abcd"


def deep(made: Document) -> None:
    made.tag("a", {})
    made.body = made.body[:3] * 100_000


def many_dictionaries(made: Document) -> None:
    made.body = b"\x0d" * 1_000_000


def too_many_ends(made: Document) -> None:
    made.body = b"\x0e"


def no_characters(made: Document) -> None:
    made.names = struct.pack("<BB", 0, 3)
    made.tag("a", {})


def no_end(made: Document) -> None:
    made.tag("a", {})
    made.body = made.body[:3]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (unknown_name, "uses an unknown name"),
        (unknown_field, "has an unknown field 99"),
        (wrong_end, "ends 'b' too early"),
        (stray_attribute, "has a stray attribute"),
        (long_text, "is cut off"),
        (text_of_negative_length, "is cut off"),
        (deep, "is nested too deep"),
        (many_dictionaries, "is nested too deep"),
        (too_many_ends, "has an unknown field 14"),
        (no_characters, "has text of an unknown kind"),
        (no_end, "is cut off"),
    ],
)
def test_documents_that_are_none(make: Callable[[Document], None], reason: str) -> None:
    with pytest.raises(FormatError) as error:
        list(events(spoilt(make)))
    assert str(error.value) == f"the project document {reason}"


def test_dictionaries_within_each_other() -> None:
    inner = Document()
    inner.tag("b", {"x": "y"})
    outer = Document()
    outer.tag("a", {})
    data = outer.names + outer.body[:3] + b"\x0d" + inner.names + inner.body + b"\x0e"
    data += outer.body[3:]
    assert list(events(data)) == [
        Start("a", {}),
        Start("b", {"x": "y"}),
        End("b"),
        End("a"),
    ]


def test_a_picture_of_audacity_4() -> None:
    """An attribute that is bytes, before the tracks."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    plain = list(events(b"".join(document([SNARE]))))
    pictured = list(events(b"".join(document([SNARE], picture=png))))
    thumbnail = Start("thumbnail", {"data": png})
    assert thumbnail in pictured
    assert [x for x in pictured if x.name != "thumbnail"] == plain


def assert_refused_or_nested(data: bytes) -> None:
    """Whatever is read to its end has an end for every tag, in their order."""
    opened: list[str] = []
    with suppress(FormatError):
        for event in events(data):
            if isinstance(event, Start):
                opened.append(event.name)
            else:
                assert opened.pop() == event.name
        assert not opened


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_documents(body: bytes) -> None:
    assert_refused_or_nested(document([SNARE])[0] + body)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_documents_with_errors(data: st.DataObject) -> None:
    damaged = bytearray(b"".join(document([SNARE, track("Kick", label(1.0, "KD"))])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    size = data.draw(st.integers(0, len(damaged)))
    assert_refused_or_nested(bytes(damaged[:size]))
