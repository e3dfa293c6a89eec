"""Converts parsed arguments into the typed options of a command.

A command declares its options as a frozen dataclass. Each field is named after the
`dest` of an argument, or holds another dataclass of options that commands share
(`group`). An option that was not given has the default of its field.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from adt_plugins.errors import AdtError, reason_of

Options = TypeVar("Options")

_GROUP = "group"
_COMMAND = "command"


@dataclass(frozen=True)
class Command(Generic[Options]):
    """A function, and the class of its options.

    Parameters
    ----------
    options
        Dataclass of the options.
    run
        Function that does the work and returns the exit code.
    """

    options: type[Options]
    run: Callable[[Options], int]


@dataclass(frozen=True)
class Call(Generic[Options]):
    """A command that was parsed.

    Parameters
    ----------
    command
        The command.
    options
        Its options.
    files
        Words of the command line that may be inputs, by the names of their options.
    """

    command: Command[Options]
    options: Options
    files: Mapping[str, Sequence[str | Path]]

    def run(self) -> int:
        """Run the command; return its exit code."""
        return self.command.run(self.options)


class InputError(AdtError):
    """An input that failed, of a command that has no others to go on with."""


@contextmanager
def an_input(name: str | Path) -> Iterator[None]:
    """Let an error be that of an input, not of the command: exit code 1, not 2."""
    try:
        yield
    except AdtError as error:
        raise InputError(str(error)) from error
    except (OSError, MemoryError) as error:
        raise InputError(f"{name}: {reason_of(error)}") from error


def group(options: type[Any]) -> Mapping[str, type[Any]]:
    """Return the metadata of a field that holds a dataclass of shared options."""
    return {_GROUP: options}


def set_command(
    parser: argparse.ArgumentParser,
    options: type[Options],
    run: Callable[[Options], int],
) -> None:
    """Set the function that a parser's command calls, and the class of its options."""
    parser.set_defaults(**{_COMMAND: Command(options, run)})


def parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> Call[Any]:
    """Parse the words of a command line."""
    parsed = parser.parse_args(words, argparse.Namespace(argv=tuple(words)))
    command: Command[Any] = getattr(parsed, _COMMAND)
    values = {name: _frozen(value) for name, value in vars(parsed).items()}
    files = {
        name: [item for item in _items(value) if isinstance(item, (str, Path))]
        for name, value in values.items()
    }
    return Call(command, _build(command.options, values), files)


def _build(options: type[Any], values: Mapping[str, Any]) -> Any:
    given = {
        field.name: _value(field, values)
        for field in fields(options)
        if _GROUP in field.metadata or field.name in values
    }
    return options(**given)


def _value(field: Field[Any], values: Mapping[str, Any]) -> Any:
    if _GROUP in field.metadata:
        return _build(field.metadata[_GROUP], values)
    return values[field.name]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)
