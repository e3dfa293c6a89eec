"""``adt train live``: a network that reports hits as they are played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command
from adt_plugins.errors import MissingDependencyError


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """Options of ``adt train live``."""

    renders: Path
    out: Path
    model: str | None = None
    steps: int | None = None
    name: str = "drums-live"
    seed: int = 0
    overwrite: bool = False
    quiet: bool = False


def add_live(actions: Any) -> None:
    """Add the action to ``adt train``."""
    parser = actions.add_parser(
        "live",
        help="train a network for adt listen",
        description="Train a small network that runs frame by frame, from rendered"
        " clips and the activations of a model that teaches it, and write it with its"
        " card into a folder. The same command resumes an interrupted run.",
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.add_argument("out", type=Path, help="folder for checkpoint and model")
    parser.add_argument("--model", metavar="NAME", help="model that teaches it")
    parser.add_argument("--steps", type=int, help="steps of the optimiser")
    parser.add_argument("--name", help="name of the model and its files")
    _options.add_seed(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a model that was changed"
    )
    _options.add_quiet(parser)
    set_command(parser, LiveOptions, run)


def run(options: LiveOptions) -> int:
    """Train the network and write it."""
    from dataclasses import replace

    need_torch()
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.training.learn.configuration import (
        FRONT_END,
        LEVEL,
        TRAINING_GEOMETRY,
    )
    from adt_plugins.training.learn.export import load_model
    from adt_plugins.training.learn.low_delay import (
        Settings,
        export_low_delay,
        fit_low_delay,
    )
    from adt_plugins.training.learn.shipped import checkpoint_of

    options.out.mkdir(parents=True, exist_ok=True)
    teacher, _ = load_model(
        checkpoint_of(
            find_model(options.model), TRAINING_GEOMETRY, options.out / "teacher.pt"
        )
    )
    settings = Settings(seed=options.seed)
    if options.steps is not None:
        settings = replace(settings, steps=options.steps)
    model = fit_low_delay(
        options.renders,
        options.out,
        teacher,
        front_end=FRONT_END,
        level=LEVEL,
        settings=settings,
        progress=not options.quiet,
    )
    card = export_low_delay(
        model,
        options.renders,
        options.out,
        name=options.name,
        front_end=FRONT_END,
        level=LEVEL,
        overwrite=options.overwrite,
    )
    _console.say(str(card.path))
    return 0


def need_torch() -> None:
    """Raise `MissingDependencyError` if PyTorch is missing."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError.of("training", "PyTorch", "train") from error
