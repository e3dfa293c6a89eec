"""``adt web``: a page that transcribes in the browser, as one file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console


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
        default=Path("drums.html"),
        metavar="FILE",
        help="default: drums.html in this folder",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a file that exists"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from adt_plugins.web_page import write_page

    _console.say(str(write_page(args.output, overwrite=args.overwrite)))
    return 0
