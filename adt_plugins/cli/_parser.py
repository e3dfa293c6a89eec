"""The parser of every command: a short usage line, examples first, one-line errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from adt_plugins.base.reporting import did_you_mean

WRONG = 2
"""Exit code of a command that was wrong."""

_NAMES_OF_FILES = ("FILE", "DIR", "FOLDER")
"""Placeholders of options whose value names a file or a folder."""

# Options as other programs call them, and as they are called here.
_ELSEWHERE = {
    **dict.fromkeys(("--output", "--out", "--outdir", "--output-dir", "--dest"), "-o"),
    "-f": "--format",
    "--to": "--format",
    "-m": "--model",
    "-y": "--overwrite",
    "--force": "--overwrite",
    **dict.fromkeys(("--jobs", "--workers", "--cores"), "-j"),
}

Examples = Sequence[tuple[str, str]]
_Action = TypeVar("_Action", bound=argparse.Action)


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
        self._given: Sequence[str] = ()

    def _add_action(self, action: _Action) -> _Action:
        """Add an argument; one without a placeholder has its name in capitals."""
        if not action.option_strings and action.metavar is None:
            action.metavar = action.dest.upper()
        return super()._add_action(action)

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
        self._given = sys.argv[1:] if args is None else list(args)
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown[0], self._given))
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Exit with a one-line message that says how to get help."""
        from adt_plugins.cli import _console

        text = message.removeprefix("argument ")
        # A wrong option says more than what is missing because of it.
        wrong = next(filter(self._is_no_option, self._given), None)
        if wrong is not None and "are required" in text:
            text = self._unknown(wrong, self._given)
        for action in self._actions:
            if action.nargs == argparse.PARSER and "are required" in text:
                text = f"which {action.metavar}? {', '.join(action.choices or ())}"
        if text.startswith("ambiguous option: "):
            text += _hint_of_format(text.split()[2].partition("=")[0])
        if text.endswith("required: --format"):
            text += " A,B, such as --format midi"
        _console.complain(f"{text} (see {self.prog} --help)")
        raise SystemExit(WRONG)

    def _is_no_option(self, word: str) -> bool:
        """Whether a word looks like an option and is none."""
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if not (name.startswith("-") and name.lstrip("-")[:1].isalpha()):
            return False
        return not any(other.startswith(name) for other in self._option_string_actions)

    def _unknown(self, word: str, args: Sequence[str]) -> str:
        """Return what is wrong about an unknown word among the arguments."""
        actions = self._option_string_actions
        if not word.startswith("-"):
            before = args[: args.index(word)] if word in args else ()
            option, *values = (*before[-2:], word) if len(before) > 1 else ("", word)
            form = str(actions[option].metavar) if option in actions else ""
            hint = ""
            if "," in form:
                hint = f"; without a space: {option} {','.join(values)}"
            elif "=" in form:
                hint = f"; once for each: {option} {f' {option} '.join(values)}"
            return f"unexpected argument {word!r}{hint}"
        option = word.partition("=")[0]
        options = [name for name in actions if name[:2] == "--"]
        hint = did_you_mean(option, options)
        instead = _ELSEWHERE.get(option, "")
        if instead in actions:
            value = actions[instead].metavar
            hint = f"; did you mean {instead}{f' {value}' if value else ''}?"
        elif not hint and "--format" in actions:
            hint = _hint_of_format(option)
        return f"no option {option}{hint}"

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
        if action.dest == "tempo" and str(value).replace(".", "", 1).isdecimal():
            hint = f"no tempo map {value!r}; to give the tempo: --bpm {value}"
            raise argparse.ArgumentError(action, hint)
        names = [str(choice) for choice in choices]
        known = f"are {', '.join(names)}" if len(names) > 1 else f"is only {names[0]}"
        hint = did_you_mean(str(value), names) or f"; there {known}"
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


def _hint_of_format(option: str) -> str:
    """Return a hint for a format that is given as an option, such as ``--midi``."""
    from adt_plugins.formats import FORMATS

    name = option.lstrip("-")
    return f"; did you mean --format {name}?" if name in FORMATS else ""


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    if action.nargs == argparse.PARSER:
        return f"{name} ..."
    if action.nargs == "+":
        return f"{name} [{name} ...]"
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)
