"""``adt train``: from performances and sampled kits to a model (extra `train`)."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console
from adt_plugins.errors import MissingDependencyError


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("train", help="make a model of your own")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_render(actions)
    _add_fit(actions)
    _add_export(actions)
    _add_gate(actions)
    _add_finer(actions)
    _add_analyse(actions)
    _add_check_data(actions)


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


def _add_fit(actions: Any) -> None:
    parser = actions.add_parser(
        "fit",
        help="train a network on rendered clips",
        description="Train a network; the same command goes on from the last"
        " checkpoint of an earlier run.",
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.add_argument("out", type=Path, help="folder for checkpoints and log")
    parser.add_argument("--steps", type=int, default=2900)
    parser.add_argument("--batch", type=int, default=48, help="clips in a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="of learning, at most")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        default=[],
        metavar="CHECKPOINT",
        help="what a new run begins with (of several, their mean)",
    )
    begin.add_argument(
        "--model",
        metavar="NAME",
        help="model that a new run begins with: a name, its card or .tflite file",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--consistency",
        type=float,
        default=20.0,
        help="how much two cuts of a clip that differ count, in the last steps",
    )
    parser.add_argument(
        "--margin",
        type=int,
        default=0,
        help="frames at the ends of a cut that do not count in that",
    )
    parser.add_argument(
        "--threads", type=int, default=max(1, (os.cpu_count() or 1) // 2)
    )
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.set_defaults(run=run_fit)


def _add_export(actions: Any) -> None:
    parser = actions.add_parser(
        "export", help="turn a checkpoint into a .tflite file and its card"
    )
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", help="of several, the mean is taken"
    )
    parser.add_argument("renders", type=Path, help="clips to choose thresholds on")
    parser.add_argument("out", type=Path, help="folder for the model")
    parser.add_argument("--name", default="drums", help="of the model and its files")
    parser.add_argument(
        "--float32", action="store_true", help="leave the weights as they are"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a model that was changed"
    )
    parser.set_defaults(run=run_export)


def _add_finer(actions: Any) -> None:
    parser = actions.add_parser(
        "finer",
        help="teach a model to tell finer drums",
        description="Learn from rendered clips to tell open from closed hi-hats and"
        " rides from crashes among the hits that a model finds. Writes a file beside"
        " the model's card and names it there; the network stays as it is.",
    )
    parser.add_argument(
        "taught", metavar="model", help="card or .tflite file, or a name"
    )
    parser.add_argument("renders", type=Path, nargs="+", help="folders of the clips")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.set_defaults(run=run_finer)


def run_finer(args: argparse.Namespace) -> int:
    """Teach a model to distinguish finer drums."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network
    from adt_plugins.training.learn import fine_drums

    card = find_model(args.taught)
    with progress_bar("Learning", quiet=args.quiet) as report:
        learnt, measured = fine_drums.learn(
            args.renders, Network(card), seed=args.seed, progress=report
        )
    card = fine_drums.attach(card, learnt, measured)
    if not args.quiet:
        _console.say(fine_drums.table(measured))
    _console.say(str(card.path))
    return 0


def _add_gate(actions: Any) -> None:
    parser = actions.add_parser(
        "gate",
        help="teach a model which recordings have a drum at all",
        description="Learn from rendered clips how clear the hits of a drum must be"
        " for a whole recording to have it, and write that into the model's card. A"
        " model that was exported has learnt it.",
    )
    parser.add_argument(
        "taught", metavar="model", help="card or .tflite file, or a name"
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.set_defaults(run=run_gate)


def run_gate(args: argparse.Namespace) -> int:
    """Teach a model which recordings have a drum at all."""
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.training.learn.drum_presence import attach_gate

    _console.say(str(attach_gate(find_model(args.taught), args.renders).path))
    return 0


def _add_analyse(actions: Any) -> None:
    parser = actions.add_parser(
        "analyse",
        help="tell where a model loses",
        description="Transcribe the recordings of a folder (NAME.wav or NAME.KIND.wav"
        " beside NAME.txt) and count hits, missed and extra onsets by recording,"
        " level, time since the last hit, and what sounds with them.",
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", help="name, card or .tflite file")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw it, as PNG, PDF or SVG"
    )
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.set_defaults(run=run_analyse)


def _add_check_data(actions: Any) -> None:
    parser = actions.add_parser(
        "check-data",
        help="tell which upstream files training needs, and which are there",
        description="Compare folders with the list of the files, and their hashes,"
        " that the shipped model was trained from. Exit code 1 if some are missing or"
        " differ.",
    )
    parser.add_argument("data", type=Path, help="as 'adt train render --data' takes it")
    parser.add_argument(
        "--sounds",
        type=Path,
        metavar="DIR",
        help="as 'adt train render' takes it (default: the same folder)",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write a list of what is there instead",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an existing list"
    )
    parser.add_argument(
        "--list", type=Path, metavar="FILE", help="compare with this list"
    )
    parser.add_argument(
        "--report", choices=["json"], help="print a report for programs on stdout"
    )
    parser.set_defaults(run=run_check_data)


def run_check_data(args: argparse.Namespace) -> int:
    """Tell which upstream files are there, or list them."""
    from adt_plugins.training.sources import material

    sounds = args.sounds or args.data
    if args.write:
        from adt_plugins.base.files import write_files

        text = material.write_list(material.list_material(args.data, sounds))
        write_files({args.write: text.encode()}, overwrite=args.overwrite)
        _console.say(str(args.write))
        return 0
    wanted = material.read_list(args.list or material.LIST)
    findings = material.check(args.data, sounds, wanted)
    complete = all(finding.complete for finding in findings)
    if args.report == "json":
        upstream = [finding.to_dict() for finding in findings]
        _console.say_json({"complete": complete, "upstream": upstream})
    else:
        _console.say_lines(material.table(findings))
    return int(not complete)


def run_analyse(args: argparse.Namespace) -> int:
    """Tell where a model loses."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network
    from adt_plugins.training.learn import analysis

    recordings = list(analysis.find_recordings(args.folder))
    network = Network(find_model(args.model))
    cases: list[analysis.Case] = []
    with progress_bar("Analysing", quiet=args.quiet) as report:
        for number, (audio, reference) in enumerate(recordings, start=1):
            cases += analysis.analyse_file(audio, reference, network)
            report(number / len(recordings))
    _console.say_lines(analysis.table(cases))
    if args.plot:
        analysis.plot(cases, args.plot)
        _console.say(str(args.plot))
    return 0


def run_render(args: argparse.Namespace) -> int:
    """Render training clips."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.training.render.clip import render

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


def run_fit(args: argparse.Namespace) -> int:
    """Train a network."""
    _need_torch()
    import torch

    from adt_plugins.training.learn.configuration import (
        FRONT_END,
        LEVEL,
        TRAINING_GEOMETRY,
    )
    from adt_plugins.training.learn.fit import Settings, fit

    torch.set_num_threads(args.threads)
    weights = args.weights
    if args.model is not None:
        from adt_plugins.network.catalogue import find_model
        from adt_plugins.training.learn.shipped import checkpoint_of

        begin = args.out / "begin.pt"
        weights = [checkpoint_of(find_model(args.model), TRAINING_GEOMETRY, begin)]
    fit(
        args.renders,
        args.out,
        settings=Settings(
            steps=args.steps,
            batch=args.batch,
            rate=args.rate,
            seed=args.seed,
            consistency=args.consistency,
            margin=args.margin,
        ),
        front_end=FRONT_END,
        level=LEVEL,
        geometry=TRAINING_GEOMETRY,
        weights=weights,
        progress=not args.quiet,
    )
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Turn a checkpoint into a model."""
    _need_torch()
    from adt_plugins.training.learn.configuration import (
        FRONT_END,
        GEOMETRY,
        LEVEL,
        MATERIAL,
    )
    from adt_plugins.training.learn.export import export

    card = export(
        args.checkpoints,
        args.renders,
        args.out,
        name=args.name,
        front_end=FRONT_END,
        level=LEVEL,
        geometry=GEOMETRY,
        training=MATERIAL,
        quantise=not args.float32,
        overwrite=args.overwrite,
    )
    _console.say(str(args.out / card.file))
    _console.say(str(card.path))
    return 0


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError.of("training", "PyTorch", "train") from error
