"""``adt train split``: learns the model of drums that ``adt split`` uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command
from adt_plugins.cli._train_live import need_torch


@dataclass(frozen=True, kw_only=True)
class TrainSplitOptions:
    """Options of ``adt train split``."""

    renders: Path
    out: Path
    data: Path
    mixes: int = 220
    seed: int = 0
    overwrite: bool = False
    quiet: bool = False


def add_split(actions: Any) -> None:
    """Add the action to ``adt train``."""
    parser = actions.add_parser(
        "split",
        help="learn what adt split knows about drums",
        description="Learn from one-shots what drums sound like in general, and from"
        " rendered clips which part of a mix is drums, and write learnt.npz with its"
        " card into a folder. The same command resumes an interrupted run.",
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.add_argument("out", type=Path, help="folder for examples and result")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with oneshots, as 'adt train render --data' takes it",
    )
    parser.add_argument("--mixes", type=int, help="mixes to learn from and validate on")
    _options.add_seed(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that were changed"
    )
    _options.add_quiet(parser)
    set_command(parser, TrainSplitOptions, run)


def run(options: TrainSplitOptions) -> int:
    """Learn and write."""
    need_torch()
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.training.learn.separation import MaskSettings, learn_separation
    from adt_plugins.training.learn.separation_examples import MixSettings

    settings = MaskSettings(options.mixes, examples=MixSettings(seed=options.seed))
    with progress_bar("Learning", quiet=options.quiet) as report:
        path = learn_separation(
            options.renders,
            options.data,
            options.out,
            settings=settings,
            overwrite=options.overwrite,
            progress=report,
        )
    _console.say(str(path))
    return 0
