"""The parser of every command: a short usage line, examples first, one-line errors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from adt_plugins.base.reporting import did_you_mean

WRONG = 2
"""Exit code of a command that was wrong."""

_NAMES_OF_FILES = ("FILE", "DIR", "FOLDER")
"""Placeholders of options whose value names a file or a folder."""

Examples = Sequence[tuple[str, str]]


class Parser(argparse.ArgumentParser):
    """A parser whose help begins with examples and whose errors are one line.

    Parameters
    ----------
    examples
        Commands, and what each does.
    """

    def __init__(self, *args: Any, examples: Examples = (), **options: Any) -> None:
        # An option that is not given has the default of its field in the dataclass.
        options.setdefault("argument_default", argparse.SUPPRESS)
        super().__init__(*args, **options)
        self.examples = examples

    def format_help(self) -> str:
        """Return usage, examples, description, and the options in groups."""
        formatter = self._get_formatter()
        formatter.add_usage(self._short_usage(), (), ())
        first = formatter.format_help().rstrip("\n")
        self.usage = argparse.SUPPRESS
        try:
            rest = super().format_help()
        finally:
            self.usage = None
        width = max((len(command) for command, _ in self.examples), default=0)
        shown = [f"  {command:{width}}  {does}" for command, does in self.examples]
        examples = "\n".join(["examples:", *shown]) + "\n\n" if shown else ""
        return f"{first}\n\n{examples}{rest.lstrip()}"

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse, and report unknown words here, where their command is known."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Exit with a one-line message that says how to get help."""
        from adt_plugins.cli import _console

        text = message.removeprefix("argument ")
        for action in self._actions:
            if action.nargs == argparse.PARSER and "are required" in text:
                text = f"which {action.metavar}? {', '.join(action.choices or ())}"
        _console.complain(f"{text} (see {self.prog} --help)")
        raise SystemExit(WRONG)

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"unexpected argument {word!r}"
        option = word.partition("=")[0]
        options = [name for name in self._option_string_actions if name[:2] == "--"]
        return f"no option {option}" + did_you_mean(option, options)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        # An empty name, mostly that of a shell's variable, would be this folder.
        if action.option_strings:
            is_name = action.metavar in _NAMES_OF_FILES
        else:
            is_name = action.nargs != argparse.PARSER  # a command has its own parser
        if is_name and not arg_string:
            named = action if action.option_strings else None
            what = "" if named else f"{action.metavar or action.dest}: "
            raise argparse.ArgumentError(named, f"{what}the name is empty")
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = action.choices
        if choices is None or value in choices:
            return
        names = [str(choice) for choice in choices]
        hint = did_you_mean(str(value), names) or f"; there are {', '.join(names)}"
        kind = "" if action.option_strings else f"{action.metavar or action.dest} "
        raise argparse.ArgumentError(
            action if action.option_strings else None,
            f"no {kind.lower()}{value!r}{hint}",
        )

    def _short_usage(self) -> str:
        words = [self.prog.replace("%", "%%")]
        for action in self._actions:
            if not action.option_strings:
                words.append(_positional(action))
            elif action.required:
                words.append(f"{action.option_strings[0]} {action.metavar}")
        return " ".join([*words, "[OPTIONS]"])


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    if action.nargs == argparse.PARSER:
        return f"{name} ..."
    if action.nargs == "+":
        return f"{name} [{name} ...]"
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)
