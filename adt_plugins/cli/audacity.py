"""``adt audacity ACTION``: from a recording into Audacity, and back."""

from __future__ import annotations

from typing import Any

from adt_plugins.cli import (
    audacity_open,
    audacity_plugins,
    audacity_pull,
    audacity_push,
)

ACTIONS: tuple[Any, ...] = (
    audacity_open,
    audacity_plugins,
    audacity_push,
    audacity_pull,
)
"""Modules with `add_parser`, like those of the commands."""


def add_parser(subparsers: Any) -> None:
    """Add the command and its actions to the command line."""
    parser = subparsers.add_parser(
        "audacity",
        examples=[
            ("adt audacity open song.flac", "see and correct its hits"),
            ("adt audacity install", "two commands in Audacity's menus"),
            ("adt convert song.aup3 --format midi", "from a saved project to a DAW"),
        ],
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for action in ACTIONS:
        action.add_parser(actions)
