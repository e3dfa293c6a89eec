"""``adt evaluate``: measures how well transcriptions agree with references."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adt_plugins.cli import _console, _options, _values
from adt_plugins.cli._command import an_input, set_command

if TYPE_CHECKING:
    from adt_plugins.drums import Drum


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of ``adt evaluate``; None: the default of `evaluate_files`."""

    reference: Path
    estimates: tuple[Path, ...]
    suffix: str = ""
    reference_suffix: str = ""
    drums: tuple[Drum, ...] | None = None
    windows: tuple[float, ...] | None = None
    fine: bool = False
    report: Literal["json"] | None = None


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "evaluate",
        description="Compare transcriptions with the truth: F-measure, precision and"
        " recall of each drum and of all, pooled over the recordings, with bootstrap"
        " intervals.",
        examples=[
            ("adt evaluate truth.txt song.drums.json", "one recording"),
            ("adt evaluate Truth Drums", "two folders, paired by name"),
            ("adt evaluate Truth Drums --drums snare", "one drum"),
        ],
    )
    parser.add_argument(
        "reference",
        type=Path,
        metavar="REFERENCE",
        help="file or folder with the truth",
    )
    parser.add_argument(
        "estimates",
        type=Path,
        nargs="+",
        metavar="ESTIMATE",
        help="files or folders to compare with it, paired by name",
    )
    parser.add_argument(
        "--suffix",
        metavar=".SUFFIX",
        help="what an estimate's name adds to that of its reference",
    )
    parser.add_argument(
        "--reference-suffix",
        metavar=".SUFFIX",
        help="what a reference's name adds to that of the recording",
    )
    parser.add_argument(
        "--drums",
        type=_values.drums,
        metavar="DRUM,DRUM",
        help="drums to compare (default: KD,SD,HH)",
    )
    parser.add_argument(
        "--window",
        dest="windows",
        type=_windows,
        metavar="SECONDS",
        help="how far apart a match may be, one or several (default: 0.05,0.02)",
    )
    parser.add_argument(
        "--fine", action="store_true", help="distinguish the kinds of a drum"
    )
    _options.add_json_report(parser)
    set_command(parser, EvaluateOptions, run)


def run(options: EvaluateOptions) -> int:
    """Run the command."""
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.cli._wrong_input import check_no_recording
    from adt_plugins.errors import FormatError
    from adt_plugins.evaluation import evaluate_files

    for path in (options.reference, *options.estimates):
        with an_input(path):
            check_no_pipe(path)
            check_no_recording(path)
    given = {
        name: value
        for name, value in (("drums", options.drums), ("windows", options.windows))
        if value is not None
    }
    try:
        result = evaluate_files(
            options.reference,
            options.estimates,
            suffix=options.suffix,
            reference_suffix=options.reference_suffix,
            fine=options.fine,
            warn=_console.warn,
            **given,
        )
    except FormatError as error:  # nothing to compare
        _console.complain(str(error))
        return 1
    if options.report == "json":
        _console.say_json(result.to_dict())
    elif result.tracks:
        _console.say_lines(result.table().rstrip("\n"))
    for failure in result.failures:
        _console.complain(failure)
    return int(bool(result.failures))


def _windows(text: str) -> tuple[float, ...]:
    try:
        windows = tuple(float(part) for part in text.split(","))
    except ValueError:
        windows = (0.0,)
    if not all(0 < window < float("inf") for window in windows):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of seconds")
    return windows
