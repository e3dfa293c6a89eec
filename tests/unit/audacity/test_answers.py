"""Audacity's answers with backslashes and quotation marks in names."""

from __future__ import annotations

import json

import pytest

from adt_plugins.audacity.answers import parse_answer

TEXTS = [
    "a\\b",
    "end\\",
    'q"q',
    'x\\"y',
    "\\\\",
    'C:\\new "x\\"',
    "tab\there",
    'ends", ["',
    'ends" ]',
    '" ], [ 1, 2, "',
    '", "focused":1, "',
    "\\u0041",
    "two\nlines",
    "a\\\nb\\",
    'a\\\r\n\n"b"',
    '\\\n", \n',
    "ü{}[],:",
    "",
    '"',
    '\\"',
]


def quoted(text: str) -> str:
    """As Audacity 3.2.4 writes it."""
    return '"' + text.replace('"', '\\"') + '"'


@pytest.mark.parametrize("text", TEXTS)
def test_labels(text: str) -> None:
    answer = (
        "\n[ \n  [ 1,\n    [ \n"
        f"      [ -2.5, -2.5, {quoted(text)} ],\n"
        f'      [ 1e-05, 3600.12, "plain" ],\n'
        f"      [ 6.5, 6.5, {quoted(text)} ] ] ],\n"
        f"  [ 2,\n    [ \n      [ 7, 7, {quoted(text)} ] ] ] ]\n"
    )
    assert parse_answer(answer) == [
        [1, [[-2.5, -2.5, text], [1e-05, 3600.12, "plain"], [6.5, 6.5, text]]],
        [2, [[7, 7, text]]],
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_tracks(text: str) -> None:
    rest = '"focused":1, "selected":0, "kind":"wave", "start":0, "end":3.0302'
    answer = (
        f'\n[ \n  {{ "name":{quoted(text)}, {rest} }},\n'
        f'  {{ "name":{quoted(text)}, "focused":0, "selected":1, "kind":"label" }} ]\n'
    )
    first, second = parse_answer(answer)
    assert first["name"] == second["name"] == text
    assert (first["end"], first["kind"], second["kind"]) == (3.0302, "wave", "label")


def test_what_is_no_answer() -> None:
    for answer in ("", "[", "\\", '[ "a\\b ]', "{}}"):
        with pytest.raises(ValueError, match=r"."):
            parse_answer(answer)
    assert parse_answer(json.dumps({"a": [1, "b"]})) == {"a": [1, "b"]}
