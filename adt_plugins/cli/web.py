"""``adt web``: a page that transcribes in the browser, as one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console
from adt_plugins.cli._command import set_command


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """Options of ``adt web``."""

    output: Path = Path("drums.html")
    overwrite: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "web",
        help="write a page that transcribes in the browser, offline",
        description="Write one HTML file on which recordings are dropped. It works from"
        " disk and from any web server, needs no network, and sends nothing.",
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=Path,
        metavar="FILE",
        help="default: drums.html in this folder",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a file that exists"
    )
    set_command(parser, WebOptions, run)


def run(options: WebOptions) -> int:
    """Write the page."""
    from adt_plugins.web_page import write_page

    _console.say(str(write_page(options.output, overwrite=options.overwrite)))
    return 0
