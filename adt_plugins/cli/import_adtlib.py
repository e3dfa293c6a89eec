"""``adt import-adtlib``: converts ADTLib's networks to models of this package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console
from adt_plugins.cli._command import an_input, set_command


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of ``adt import-adtlib``."""

    archive: Path
    folder: Path | None = None
    overwrite: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "import-adtlib",
        description="Read the networks of ADTLib from its source archive, which"
        " 'pip download --no-deps --no-binary :all: ADTLib==2.1.2' fetches, and"
        " write them into the user's model folder. '--model adtlib' and '--model"
        " adtlib-released' use them.",
    )
    parser.add_argument(
        "archive",
        type=Path,
        metavar="ADTLib-2.1.2.tar.gz",
        help="source archive of ADTLib 2.1.2",
    )
    parser.add_argument(
        "-o", dest="folder", type=Path, metavar="DIR", help="another folder"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace models that were changed"
    )
    set_command(parser, ImportOptions, run)


def run(options: ImportOptions) -> int:
    """Run the command."""
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.network.adtlib import import_adtlib

    with an_input(options.archive):
        check_no_pipe(options.archive)
        cards = import_adtlib(
            options.archive, options.folder, overwrite=options.overwrite
        )
    for card in cards:
        _console.say(f"{card.name}: {card.path}")
    return 0
