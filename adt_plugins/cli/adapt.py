"""``adt adapt``: learn a kit from a corrected transcription."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console, _options


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "adapt",
        help="learn a kit from your corrections",
        description="Learn from the corrected transcription of a recording, or of a"
        " minute of it (--start, --end), how its drums sound; 'adt transcribe --adapt"
        " FILE' then uses that for other recordings of the same kit.",
        examples=[
            ("adt adapt song.flac song.aup3 -o kit.json", "by a corrected project"),
            (
                "adt adapt song.flac song.labels.txt --end 60 -o kit.json",
                "by its first minute",
            ),
            ("adt transcribe other.flac --adapt kit.json", "and then use it"),
        ],
    )
    parser.add_argument("recording", metavar="RECORDING")
    parser.add_argument(
        "corrected",
        type=Path,
        metavar="CORRECTED",
        help="every hit of that part: labels, a saved Audacity project, MIDI or JSON",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="FILE.json"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an existing file"
    )
    _options.add_part(parser)
    parser.add_argument(
        "--model", metavar="NAME", help="model to use; see 'adt models list'"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only what went wrong"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    import math

    from adt_plugins import formats
    from adt_plugins.audio import open_audio
    from adt_plugins.base.files import (
        check_folder,
        check_free,
        make_folder,
        write_files,
    )
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.cli._wrong_input import (
        instead_of_a_recording,
        instead_of_a_transcription,
    )
    from adt_plugins.picking.kit_adaptation import learn
    from adt_plugins.pipeline import listen, open_network

    check_free([args.output], overwrite=args.overwrite)
    check_folder(args.output.parent)
    with instead_of_a_transcription(str(args.corrected)):
        corrected = formats.read(args.corrected)
    network = open_network(args.model)
    with (
        instead_of_a_recording(args.recording),
        progress_bar("Listening", quiet=args.quiet) as report,
        open_audio(args.recording) as reader,
    ):
        activations, _ = listen(reader, network, progress=report)
    adaptation = learn(
        activations,
        corrected,
        network.card,
        start=args.start or 0.0,
        end=math.inf if args.end is None else args.end,
    )
    content = adaptation.to_json().encode()
    make_folder(args.output.parent)
    write_files({args.output: content}, overwrite=args.overwrite)
    if not args.quiet:
        learnt = ", ".join(adaptation.weights) or "nothing: too few hits were corrected"
        _console.say(f"{args.output}: learnt {learnt}")
    return 0
