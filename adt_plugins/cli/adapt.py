"""``adt adapt``: learn a kit from a corrected transcription."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import an_input, group, set_command

if TYPE_CHECKING:
    from adt_plugins.activations import Activations
    from adt_plugins.network.inference import Network
    from adt_plugins.transcription import Transcription


@dataclass(frozen=True, kw_only=True)
class AdaptOptions:
    """Options of ``adt adapt``."""

    recording: str
    corrected: Path
    output: Path
    overwrite: bool = False
    part: _options.PartOptions = field(metadata=group(_options.PartOptions))
    model: str | None = None
    quiet: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "adapt",
        description="Learn how the drums of a recording sound from its corrected"
        " transcription, or from that of a minute of it (--start, --end); 'adt"
        " transcribe --adapt FILE' then uses it for other recordings of the same kit.",
        examples=[
            ("adt adapt song.flac song.aup3 -o kit.json", "from a corrected project"),
            (
                "adt adapt song.flac song.labels.txt --end 60 -o kit.json",
                "from its first minute",
            ),
            ("adt transcribe other.flac --adapt kit.json", "then use it"),
        ],
    )
    parser.add_argument("recording", metavar="RECORDING", help="recording of the kit")
    parser.add_argument(
        "corrected",
        type=Path,
        metavar="CORRECTED",
        help="all hits of that part: labels, a saved Audacity project, MIDI or JSON",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="file to write, in JSON",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an existing file"
    )
    _options.add_part(parser)
    parser.add_argument(
        "--model", metavar="NAME", help="model to use; see 'adt models list'"
    )
    _options.add_quiet(parser)
    set_command(parser, AdaptOptions, run)


def run(options: AdaptOptions) -> int:
    """Run the command."""
    import math

    from adt_plugins import formats
    from adt_plugins.base.files import (
        check_folder,
        check_free,
        leaving_no_empty_folder,
        make_folder,
        write_files,
    )
    from adt_plugins.cli._wrong_input import instead_of_a_transcription
    from adt_plugins.picking.kit_adaptation import MISTAKES, learn
    from adt_plugins.pipeline import open_network
    from adt_plugins.recording import as_recorded

    check_free([options.output], overwrite=options.overwrite)
    check_folder(options.output.parent)
    with (
        an_input(options.corrected),
        instead_of_a_transcription(str(options.corrected)),
    ):
        corrected = as_recorded(formats.read(options.corrected))
    network = open_network(options.model)
    adaptation = learn(
        _activations(options, network, corrected),
        corrected,
        network.card,
        start=options.part.start,
        end=math.inf if options.part.end is None else options.part.end,
    )
    content = adaptation.to_json().encode()
    with leaving_no_empty_folder(options.output.parent):
        make_folder(options.output.parent)
        write_files({options.output: content}, overwrite=options.overwrite)
    if not options.quiet:
        learnt = ", ".join(adaptation.weights) or (
            f"nothing: of no drum were {MISTAKES} hits missed or wrong"
        )
        _console.say(f"{options.output}: learnt {learnt}")
    return 0


def _activations(
    options: AdaptOptions, network: Network, corrected: Transcription
) -> Activations:
    """Run the network over the recording; warn if it may be that of other hits."""
    from adt_plugins.audio import open_audio
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.base.reporting import past_the_end
    from adt_plugins.cli._wrong_input import instead_of_a_recording
    from adt_plugins.pipeline import listen

    with (
        an_input(options.recording),
        instead_of_a_recording(options.recording),
        progress_bar("Listening", quiet=options.quiet) as report,
        open_audio(options.recording) as reader,
    ):
        activations = listen(reader, network, progress=report).activations
    times = [onset.time for onset in corrected]
    for text in (*reader.warnings, *past_the_end(times, reader.duration)):
        _console.warn(f"{reader.label}: {text}")
    return activations
