"""Tools around training: further steps for a finished model, and checks of material."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command


@dataclass(frozen=True, kw_only=True)
class FinerOptions:
    """Options of ``adt train finer``; `taught` is the model."""

    taught: str
    renders: tuple[Path, ...]
    seed: int = 0
    mean: bool = False
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """Options of ``adt train gate``; `taught` is the model."""

    taught: str
    renders: Path


@dataclass(frozen=True, kw_only=True)
class SongsOptions:
    """Options of ``adt train songs``."""

    sounds: Path
    renders: Path
    models: tuple[str, ...] = ("drums",)
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class AnalyseOptions:
    """Options of ``adt train analyse``."""

    folder: Path
    model: str | None = None
    plot: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckDataOptions:
    """Options of ``adt train check-data``."""

    data: Path
    sounds: Path | None = None
    write: Path | None = None
    overwrite: bool = False
    list: Path | None = None
    report: Literal["json"] | None = None


def add_parsers(actions: Any) -> None:
    """Add these actions to those of ``adt train``."""
    _add_gate(actions)
    _add_finer(actions)
    _add_songs(actions)
    _add_analyse(actions)
    _add_check_data(actions)


def _add_finer(actions: Any) -> None:
    parser = actions.add_parser(
        "finer",
        help="teach a model to distinguish finer drums",
        description="Learn from rendered clips to distinguish open from closed hi-hats"
        " and rides from crashes among the hits that a model finds. Writes a file"
        " beside the model's card and names it there; the network stays as it is.",
    )
    parser.add_argument(
        "taught", metavar="MODEL", help="card or .tflite file, or a name"
    )
    parser.add_argument("renders", type=Path, nargs="+", help="folders of the clips")
    _options.add_seed(parser)
    parser.add_argument(
        "--mean",
        action="store_true",
        help="take the mean of what is learnt and what the model has",
    )
    _options.add_quiet(parser)
    set_command(parser, FinerOptions, run_finer)


def run_finer(options: FinerOptions) -> int:
    """Teach a model to distinguish finer drums."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network
    from adt_plugins.picking.fine_drums import FineDrumModel
    from adt_plugins.training.learn import fine_drums

    card = find_model(options.taught)
    earlier = FineDrumModel.of(card) if options.mean else None
    with progress_bar("Learning", quiet=options.quiet) as report:
        learnt, measured = fine_drums.learn(
            options.renders,
            Network(card),
            seed=options.seed,
            earlier=earlier,
            progress=report,
        )
    card = fine_drums.attach(card, learnt, measured)
    if not options.quiet:
        _console.say(fine_drums.table(measured))
    _console.say(str(card.path))
    return 0


def _add_gate(actions: Any) -> None:
    parser = actions.add_parser(
        "gate",
        help="teach a model which drums a recording has at all",
        description="Learn from rendered clips how clear a drum's hits must be before"
        " the recording counts as having the drum, and write that into the model's"
        " card. 'adt train export' does the same.",
    )
    parser.add_argument(
        "taught", metavar="MODEL", help="card or .tflite file, or a name"
    )
    parser.add_argument("renders", type=Path, help="folder of the clips")
    set_command(parser, GateOptions, run_gate)


def run_gate(options: GateOptions) -> int:
    """Teach a model which drums a recording has at all."""
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.training.learn.drum_presence import attach_gate

    _console.say(str(attach_gate(find_model(options.taught), options.renders).path))
    return 0


def _add_songs(actions: Any) -> None:
    parser = actions.add_parser(
        "songs",
        help="label recorded songs by what models are sure of",
        description="Add clips of recorded songs to rendered ones. Models that hear the"
        " songs as they are label what they are sure of; the rest is not learnt from.",
    )
    parser.add_argument("sounds", type=Path, help="folder of unpacked sound packages")
    parser.add_argument("renders", type=Path, help="folder of the clips")
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="NAME",
        help="models whose mean activation labels: names, cards or .tflite files",
    )
    _options.add_quiet(parser)
    set_command(parser, SongsOptions, run_songs)


def run_songs(options: SongsOptions) -> int:
    """Label recorded songs by what models are sure of."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network
    from adt_plugins.training.learn.recorded_songs import label_songs

    teachers = [Network(find_model(name)) for name in options.models]
    with progress_bar("Labelling", quiet=options.quiet) as report:
        count = label_songs(
            options.sounds,
            options.renders,
            teachers,
            progress=lambda done, songs: report(done / songs),
        )
    _console.say(f"{options.renders}: {count} clips of recorded songs")
    return 0


def _add_analyse(actions: Any) -> None:
    parser = actions.add_parser(
        "analyse",
        help="show where a model makes errors",
        description="Transcribe the recordings of a folder (NAME.wav or NAME.KIND.wav"
        " beside NAME.txt) and count hits, missed and extra onsets by recording,"
        " level, time since the last hit, and what sounds with them.",
    )
    parser.add_argument("folder", type=Path, help="folder of the recordings")
    parser.add_argument("--model", metavar="NAME", help="name, card or .tflite file")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw it, as PNG, PDF or SVG"
    )
    _options.add_quiet(parser)
    set_command(parser, AnalyseOptions, run_analyse)


def _add_check_data(actions: Any) -> None:
    parser = actions.add_parser(
        "check-data",
        help="check which upstream files training needs, and which you have",
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
        help="write a list of your files instead",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an existing list"
    )
    parser.add_argument(
        "--list", type=Path, metavar="FILE", help="compare with this list"
    )
    _options.add_json_report(parser)
    set_command(parser, CheckDataOptions, run_check_data)


def run_check_data(options: CheckDataOptions) -> int:
    """Check which upstream files exist, or list them."""
    from adt_plugins.training.sources import material

    sounds = options.sounds or options.data
    if options.write:
        from adt_plugins.base.files import write_files

        text = material.write_list(material.list_material(options.data, sounds))
        write_files({options.write: text.encode()}, overwrite=options.overwrite)
        _console.say(str(options.write))
        return 0
    expected = material.read_list(options.list or material.LIST)
    findings = material.check(options.data, sounds, expected)
    complete = all(finding.complete for finding in findings)
    if options.report == "json":
        upstream = [finding.to_dict() for finding in findings]
        _console.say_json({"complete": complete, "upstream": upstream})
    else:
        _console.say_lines(material.table(findings))
    return int(not complete)


def run_analyse(options: AnalyseOptions) -> int:
    """Show where a model makes errors."""
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.network.inference import Network
    from adt_plugins.training.learn import analysis

    recordings = list(analysis.find_recordings(options.folder))
    network = Network(find_model(options.model))
    cases: list[analysis.Case] = []
    with progress_bar("Analysing", quiet=options.quiet) as report:
        for number, (audio, reference) in enumerate(recordings, start=1):
            cases += analysis.analyse_file(audio, reference, network)
            report(number / len(recordings))
    _console.say_lines(analysis.table(cases))
    if options.plot:
        analysis.plot(cases, options.plot)
        _console.say(str(options.plot))
    return 0
