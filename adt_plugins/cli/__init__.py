"""The command line: ``adt COMMAND …``, one module a command."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from adt_plugins import __version__
from adt_plugins.base.protected import protect, protecting
from adt_plugins.cli import _console
from adt_plugins.cli._command import Call, InputError, parse
from adt_plugins.cli._parser import Parser
from adt_plugins.errors import AdtError, reason_of

COMMANDS = {
    "transcribe": "find the drum hits of recordings and write them",
    "batch": "transcribe a library of recordings",
    "convert": "turn transcriptions into other formats",
    "listen": "report drum hits as they are played",
    "split": "separate the drums of recordings from the rest",
    "audacity": "open recordings in Audacity with their drum hits as label tracks",
    "evaluate": "compare transcriptions with references",
    "adapt": "learn a kit from your corrections",
    "models": "list the networks, show their cards, verify their files",
    "maps": "list the drum-note maps of samplers and e-kits",
    "web": "write a page that transcribes in the browser, offline",
    "import-adtlib": "convert the networks of ADTLib 2.1.2",
    "train": "make a model of your own",
}
"""Commands, and the line that ``adt --help`` has for each.

Each is a module, which is imported for this command alone: importing all of them and
building their options takes longer than Python takes to start.
"""

_NO_INPUTS = {"taught", "argv", "folder", "output", "write"}
"""Options that name outputs, or that hold words of other options."""

_DASHES = "-\N{EN DASH}\N{EM DASH}"
_LONG_DASH = re.compile(f"-?[{_DASHES[1:]}]+[a-z][a-z-]+(=.*)?")

INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Arguments without the program's name; None: those of the process.

    Returns
    -------
    int
        0 if all is done, 1 if some inputs failed, 2 if the command was wrong,
        130 if it was interrupted, 143 if it was told to end.
    """
    _console.prepare()
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        if not argv:
            build_parser(()).print_help()
            return 0
        argv = completed(argv)
        with protecting():
            call = parse(build_parser({argv[0]}), argv)
            from adt_plugins.base import written  # after what only prints

            written.begin_run()
            _protect_inputs(call)
            with _console.one_line_warnings(), _console.ending_cleanly():
                return call.run()
    except SystemExit as stop:  # argparse: help, version or a usage error
        return stop.code if isinstance(stop.code, int) else 2
    except AdtError as error:  # of the command; inputs are caught one by one
        _console.complain(str(error))
        return 1 if isinstance(error, InputError) else 2
    except OSError as error:  # pathlib's, of names that cannot be
        if error.filename is None:
            raise
        _console.complain(f"{error.filename}: {reason_of(error)}")
        return 2
    except KeyboardInterrupt:
        return interrupted()
    finally:
        _console.flush()


def _protect_inputs(call: Call[Any]) -> None:
    """Protect every file that the command line names as an input."""
    for name, words in call.files.items():
        if name not in _NO_INPUTS:
            protect(*filter(_is_file, words))
    for word in call.files.get("model", ()):
        from adt_plugins.network.catalogue import files_of, find_model

        with suppress(AdtError):  # the command says so itself
            protect(*files_of(find_model(word)))


def _is_file(name: str | Path) -> bool:
    return os.path.isfile(name)  # noqa: PTH113 - pathlib's raises for odd names


def interrupted() -> int:
    """Report a Ctrl-C, and return its exit code."""
    _console.complain("interrupted")
    return INTERRUPTED


def completed(argv: Sequence[str]) -> list[str]:
    """Complete a command: ``adt song.flac`` transcribes, ``-dash.wav`` is a file."""
    words = [f"./{word}" if _is_dashed_file(word) else word for word in argv]
    for word in words:
        if _LONG_DASH.fullmatch(word) and not Path(word).exists():
            typed = f"--{word.lstrip(_DASHES)}"
            raise AdtError(
                f"{word}: begins with a long dash, as text programs make one of two"
                f" hyphens; type {typed}"
            )
    first = words[0]
    if words in (["-v"], ["-V"], ["version"]):
        return ["--version"]
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return words
    is_file = "." in first or os.sep in first or "/" in first or Path(first).exists()
    if is_file or first.startswith("-"):
        return ["transcribe", *words]
    return [*words[1:], "--help"] if first == "help" else words


def _is_dashed_file(word: str) -> bool:
    """Whether a word that looks like an option is a file: no option has a dot."""
    return word.startswith("-") and "." in word and Path(word).is_file()


def build_parser(commands: Collection[str] = COMMANDS) -> Parser:
    """Return the parser of the command line.

    Parameters
    ----------
    commands
        Those that may be parsed. If there are none, the parser knows only the names of
        the commands, which is enough for its help and for a wrong name.
    """
    parser = Parser(
        prog="adt",
        description="Automatic drum transcription.",
        examples=[
            ("adt song.flac", "the same as adt transcribe song.flac"),
            ("adt audacity open song.flac", "see and correct it in Audacity"),
            ("adt batch Music -o Drums", "all recordings of a folder"),
        ],
    )
    parser.add_argument("--version", action="version", version=f"adt {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        if command in commands:
            module = import_module(f"{__name__}.{command.replace('-', '_')}")
            module.add_parser(subparsers)
    if not subparsers.choices:
        for command, summary in COMMANDS.items():
            subparsers.add_parser(command, help=summary, add_help=False)
    return parser
