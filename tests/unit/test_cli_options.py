"""Options of commands: typed from the edge on, and none is lost on the way."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from adt_plugins.cli import build_parser
from adt_plugins.cli._command import Command, parse
from adt_plugins.cli._parser import Parser
from adt_plugins.errors import AdtError
from adt_plugins.formats import FORMATS
from tests.support.paths import ROOT

SOURCES = sorted((ROOT / "adt_plugins").rglob("*.py"))


def signatures(path: Path) -> Iterator[tuple[str, str]]:
    """Return the names of a file's functions with their parameters and results."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            hints = [a.annotation for a in arguments if a.annotation is not None]
            hints += [] if node.returns is None else [node.returns]
            yield node.name, " ".join(map(ast.unparse, hints))


def test_no_function_takes_parsed_arguments_as_they_are() -> None:
    loose = [
        f"{path.name}: {name}"
        for path in SOURCES
        if "Namespace" in path.read_text(encoding="utf-8")
        for name, hints in signatures(path)
        if "Namespace" in hints
    ]
    assert loose == []


def test_one_place_converts_them() -> None:
    uses = [p.name for p in SOURCES if "Namespace" in p.read_text(encoding="utf-8")]
    assert uses == ["_command.py"]


def test_the_loop_over_inputs_knows_no_format() -> None:
    ids = set(FORMATS) - {"json"}  # of the report
    for name in ("_job_loop.py", "_job_plan.py", "_recalled.py", "convert.py"):
        tree = ast.parse((ROOT / "adt_plugins" / "cli" / name).read_text())
        words = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & ids, name


def commands(parser: Parser) -> Iterator[tuple[Parser, Command[Any]]]:
    if (command := parser.get_default("command")) is not None:
        yield parser, command
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from commands(child)


def names(options: type[Any]) -> Iterator[str]:
    for field in fields(options):
        inner = field.metadata.get("group")
        yield from [field.name] if inner is None else names(inner)


def test_every_option_has_a_field_and_every_field_an_option() -> None:
    seen = 0
    for parser, command in commands(build_parser()):
        given = {
            action.dest
            for action in parser._actions
            if action.dest not in ("help", "list_formats")
        }
        missing = given - set(names(command.options))
        assert missing == set(), parser.prog
        # An option of a shared group that this command lacks keeps its default.
        unused = set(names(command.options)) - given
        assert unused <= {"argv", "audio_track", "report", "save_activations"} | {
            *("start", "end")
        }, parser.prog
        seen += 1
    assert seen > 20


def test_every_argument_is_explained() -> None:
    for parser, _ in commands(build_parser()):
        for action in parser._actions:
            assert action.help, (parser.prog, action.dest)
            if not action.option_strings:
                name = str(action.metavar)
                assert name.isupper() or "." in name, (parser.prog, name)


def test_defaults_in_the_help_are_those_of_the_fields() -> None:
    seen = 0
    for parser, command in commands(build_parser()):
        defaults = {field.name: field.default for field in fields(command.options)}
        for action in parser._actions:
            said = re.search(r"default: (\d[\d.]*)\)", action.help or "")
            if said is not None and action.dest in defaults:
                assert float(said[1]) == defaults[action.dest], action.dest
                seen += 1
    assert seen >= 8


def test_options_are_frozen_and_have_the_defaults_of_their_fields() -> None:
    call = parse(build_parser(), ["transcribe", "a.wav", "--threshold", "snare=0.4"])
    options = call.options
    assert options.inputs == ("a.wav",)
    assert options.work.outputs.formats == ("labels", "midi")
    assert [(d.value, x) for d, x in options.work.model.thresholds] == [("SD", 0.4)]
    assert options.work.model.song_gate == "normal"
    assert options.work.beats.beats is None
    with pytest.raises(FrozenInstanceError):
        options.name = "b"
    with pytest.raises(FrozenInstanceError):
        options.work.outputs.overwrite = True


def test_a_format_gets_the_options_that_it_declares() -> None:
    words = ["convert", "a.json", "--format", "midi", "--label-text", "note"]
    words += ["--shift-ms", "-5", "--from-drum-map", "gm", "--midi-channel", "3"]
    options = parse(build_parser(), words).options
    writing = options.writers.writing(("midi", "labels"))
    assert writing == {"text": "note", "shift": -0.005}
    assert set(writing) <= {*FORMATS["midi"].options, *FORMATS["labels"].options}
    with pytest.raises(AdtError, match="--label-text: has no effect on midi; it is"):
        options.writers.writing(("midi",))
    assert options.writers.writing(("midi",), read=("text",)) == writing
    reading = options.reading()
    assert reading["drum_map"].name == "gm"
    assert reading["channel"] == 3
    assert set(reading) <= set(FORMATS["midi"].reader_options)
