"""The command line: ``adt COMMAND …``, one module a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from adt_plugins import __version__
from adt_plugins.cli import (
    _console,
    adapt,
    audacity,
    batch,
    convert,
    evaluate,
    import_adtlib,
    maps,
    models,
    train,
    transcribe,
    web,
)
from adt_plugins.errors import AdtError

COMMANDS = (
    transcribe,
    batch,
    convert,
    audacity,
    evaluate,
    adapt,
    models,
    maps,
    web,
    import_adtlib,
    train,
)

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
        args = build_parser().parse_args(argv, argparse.Namespace(argv=argv))
        with _console.one_line_warnings(), _console.ending_cleanly():
            return int(args.run(args))
    except SystemExit as stop:  # argparse: help, version or a usage error
        return stop.code if isinstance(stop.code, int) else 2
    except AdtError as error:  # of the command; inputs are caught one by one
        _console.complain(str(error))
        return 2
    except KeyboardInterrupt:
        return interrupted()
    finally:
        _console.flush()


def interrupted() -> int:
    """Say that a Ctrl-C ended it; return the exit code for that."""
    _console.complain("interrupted")
    return INTERRUPTED


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="adt", description="Automatic drum transcription."
    )
    parser.add_argument("--version", action="version", version=f"adt {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
