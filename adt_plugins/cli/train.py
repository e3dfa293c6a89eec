"""``adt train``: from performances and sampled kits to a model (extra `train`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console, _options, _train_tools
from adt_plugins.cli._command import set_command
from adt_plugins.cli._train_live import add_live, need_torch
from adt_plugins.cli._train_split import add_split


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """Options of ``adt train render``."""

    out: Path
    data: Path
    sounds: Path
    hours: float = 10.0
    seed: int = 0
    workers: int = os.cpu_count() or 1
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """Options of ``adt train fit``."""

    renders: Path
    out: Path
    steps: int = 2900
    batch: int = 48
    rate: float = 2e-3
    weights: tuple[Path, ...] = ()
    model: str | None = None
    seed: int = 0
    consistency: float = 20.0
    margin: int = 0
    threads: int = max(1, (os.cpu_count() or 1) // 2)
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Options of ``adt train export``."""

    checkpoints: tuple[Path, ...]
    renders: Path
    out: Path
    name: str = "drums"
    float32: bool = False
    overwrite: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "train",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_render(actions)
    _add_fit(actions)
    _add_export(actions)
    add_live(actions)
    add_split(actions)
    _train_tools.add_parsers(actions)


def _add_render(actions: Any) -> None:
    parser = actions.add_parser(
        "render",
        help="render training clips",
        description="Render training clips. Existing clips are kept, so the same"
        " command resumes an interrupted run.",
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
    parser.add_argument(
        "--hours", type=float, help="hours of sound to render (default: 10)"
    )
    _options.add_seed(parser)
    parser.add_argument(
        "--workers", type=int, help="clips at a time (default: one per processor core)"
    )
    _options.add_quiet(parser)
    set_command(parser, RenderOptions, run_render)


def _add_fit(actions: Any) -> None:
    parser = actions.add_parser(
        "fit",
        help="train a network on rendered clips",
        description="Train a network. The same command resumes from the last"
        " checkpoint of an interrupted run.",
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.add_argument("out", type=Path, help="folder for checkpoints and log")
    parser.add_argument(
        "--steps", type=int, help="steps of the optimiser (default: 2900)"
    )
    parser.add_argument("--batch", type=int, help="clips per step (default: 48)")
    parser.add_argument(
        "--rate", type=float, help="highest learning rate (default: 0.002)"
    )
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        metavar="CHECKPOINT",
        help="checkpoint that a new run begins with (of several, the mean)",
    )
    begin.add_argument(
        "--model",
        metavar="NAME",
        help="model that a new run begins with: a name, its card or .tflite file",
    )
    _options.add_seed(parser)
    parser.add_argument(
        "--consistency",
        type=float,
        help="weight of the difference between two cuts of a clip, in the last steps"
        " (default: 20)",
    )
    parser.add_argument(
        "--margin",
        type=int,
        help="frames at the ends of a cut that this ignores (default: 0)",
    )
    parser.add_argument(
        "--threads", type=int, help="threads of PyTorch (default: half of the cores)"
    )
    _options.add_quiet(parser)
    set_command(parser, FitOptions, run_fit)


def _add_export(actions: Any) -> None:
    parser = actions.add_parser(
        "export", help="turn a checkpoint into a .tflite file and its card"
    )
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", help="checkpoints, whose mean is exported"
    )
    parser.add_argument("renders", type=Path, help="clips to choose thresholds on")
    parser.add_argument("out", type=Path, help="folder for the model")
    parser.add_argument(
        "--name", help="name of the model and its files (default: drums)"
    )
    parser.add_argument(
        "--float32", action="store_true", help="do not quantise the weights"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a model that was changed"
    )
    set_command(parser, ExportOptions, run_export)


def run_render(options: RenderOptions) -> int:
    """Render training clips."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.training.render.clip import render

    with progress_bar("Rendering", quiet=options.quiet) as report:
        failed = render(
            options.out,
            data=options.data,
            sounds=options.sounds,
            hours=options.hours,
            seed=options.seed,
            workers=options.workers,
            progress=lambda done, count: report(done / count),
        )
    return int(failed > 0)


def run_fit(options: FitOptions) -> int:
    """Train a network."""
    need_torch()
    import torch

    from adt_plugins.training.learn.configuration import (
        FRONT_END,
        LEVEL,
        TRAINING_GEOMETRY,
    )
    from adt_plugins.training.learn.fit import Settings, fit

    torch.set_num_threads(options.threads)
    weights = list(options.weights)
    if options.model is not None:
        from adt_plugins.network.catalogue import find_model
        from adt_plugins.training.learn.shipped import checkpoint_of

        begin = options.out / "begin.pt"
        weights = [checkpoint_of(find_model(options.model), TRAINING_GEOMETRY, begin)]
    fit(
        options.renders,
        options.out,
        settings=Settings(
            steps=options.steps,
            batch=options.batch,
            rate=options.rate,
            seed=options.seed,
            consistency=options.consistency,
            margin=options.margin,
        ),
        front_end=FRONT_END,
        level=LEVEL,
        geometry=TRAINING_GEOMETRY,
        weights=weights,
        progress=not options.quiet,
    )
    return 0


def run_export(options: ExportOptions) -> int:
    """Turn a checkpoint into a model."""
    need_torch()
    from adt_plugins.training.learn.configuration import (
        FRONT_END,
        GEOMETRY,
        LEVEL,
        MATERIAL,
    )
    from adt_plugins.training.learn.export import export

    card = export(
        options.checkpoints,
        options.renders,
        options.out,
        name=options.name,
        front_end=FRONT_END,
        level=LEVEL,
        geometry=GEOMETRY,
        training=MATERIAL,
        quantise=not options.float32,
        overwrite=options.overwrite,
    )
    _console.say(str(options.out / card.file))
    _console.say(str(card.path))
    return 0
