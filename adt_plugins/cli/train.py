"""``adt train``: from performances and sampled kits to a model (extra `train`)."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("train", help="make a model of your own")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_render(actions)


def _add_render(actions: Any) -> None:
    parser = actions.add_parser(
        "render",
        help="render training clips",
        description="Render training clips; those that stand there are kept, so the"
        " same command goes on where it was stopped.",
    )
    parser.add_argument("out", type=Path, help="folder for the clips")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with groove, MIDI songs, oneshots and rooms",
    )
    parser.add_argument(
        "--sounds",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of unpacked sound packages",
    )
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.set_defaults(run=run_render)


def run_render(args: argparse.Namespace) -> int:
    """Render training clips."""
    from adt_plugins.progress import progress_bar
    from adt_plugins.training.render import render

    with progress_bar("Rendering", quiet=args.quiet) as report:
        failed = render(
            args.out,
            data=args.data,
            sounds=args.sounds,
            hours=args.hours,
            seed=args.seed,
            workers=args.workers,
            progress=lambda done, count: report(done / count),
        )
    return int(failed > 0)
