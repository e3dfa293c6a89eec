"""``adt transcribe``: recordings to files."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _midi, _options

if TYPE_CHECKING:
    import threading

    from adt_plugins.audio.reader import AudioSource
    from adt_plugins.card import ModelCard
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.picking.kit_adaptation import Adaptation
    from adt_plugins.transcription import Transcription

STDIN = "-"


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "transcribe",
        help="find the drum hits of recordings and write them",
        description="Find the drum hits of recordings and write them, by default as"
        " Audacity labels (song.labels.txt) and as a MIDI drum track"
        " (song.drums.mid) beside each.",
        examples=[
            ("adt transcribe song.flac", "labels and a MIDI track beside it"),
            ("adt transcribe *.wav --format pdf -o Parts", "drum parts to print"),
            ("adt transcribe song.mp3 --drums kick,snare", "only these drums"),
        ],
    )
    _options.add_inputs(parser, "recording; - for standard input, e.g. a pipe")
    parser.add_argument(
        "--name", metavar="SONG", help="what the outputs are called (for one input)"
    )
    add_work(parser)
    _options.add_report(parser)
    parser.set_defaults(run=run)


def add_work(parser: argparse.ArgumentParser, *, into_folder: bool = False) -> None:
    """Add what is done with each recording."""
    _options.add_outputs(parser, "labels,midi", into_folder=into_folder)
    parser.add_argument(
        "--save-activations",
        action="store_true",
        help="write what the network said as song.drums.npz too",
    )
    _options.add_labels(parser)
    _midi.add_midi(parser)
    _options.add_part(parser)
    _options.add_track(parser)
    _options.add_beats(parser)
    _options.add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from adt_plugins.cli._job_loop import run_jobs
    from adt_plugins.cli._job_plan import check_formats, plan

    check_formats(args.format)
    _check_name(args)
    jobs = plan(args, lambda path: args.name or path.stem)
    jobs = [
        replace(job, audio=None if _is_pipe(job.source) else job.source) for job in jobs
    ]
    if args.folder is None:  # where the name of a pipe lies is nobody's folder
        jobs = [
            replace(job, folder=Path()) if _is_nameless(job.source) else job
            for job in jobs
        ]
    return run_jobs(args, jobs, Transcriber(args))


def _is_pipe(source: str) -> bool:
    """Whether an input can be read only once."""
    return source == STDIN or Path(source).is_fifo()


def _is_nameless(source: str) -> bool:
    """Whether an input is a pipe that the user gave no name, as ``<(...)``."""
    return source == STDIN or (
        _is_pipe(source) and source.startswith(("/dev/", "/proc/"))
    )


def _check_name(args: argparse.Namespace) -> None:
    from adt_plugins.errors import AdtError

    if args.name is not None and len(args.inputs) > 1:
        raise AdtError("--name: is for one input")
    if args.name is not None and args.name != Path(args.name).name:
        raise AdtError(f"--name: {args.name!r} is not a plain name; -o is the folder")
    for source in filter(_is_pipe, args.inputs):
        if args.name is None and _is_nameless(source):
            name = "standard input" if source == STDIN else source
            raise AdtError(f"--name: what shall the outputs of {name} be called?")
        for name in args.format:
            if "audio" in _needs(name):
                raise AdtError(f"--format: {name} needs a recording that stays")


class Transcriber:
    """Transcribes one input after the other with one open network.

    Parameters
    ----------
    args
        Parsed options of `add_part`, `add_model` and `add_outputs`.
    cancel
        See `adt_plugins.pipeline.transcribe`.

    Raises
    ------
    AdtError
        If the part is empty, or the model has not what is asked for.
    """

    def __init__(
        self, args: argparse.Namespace, cancel: threading.Event | None = None
    ) -> None:
        from adt_plugins.formats import find_format
        from adt_plugins.pipeline import open_network

        card = check_options(args)
        self._args, self._cancel = args, cancel
        self._network = open_network(card)
        self._thresholds = dict(args.threshold)
        self._adaptation = read_adaptation(args)
        self._keep_activations = args.save_activations or any(
            "activations" in find_format(name).wants for name in args.format
        )
        self._beats = args.beats is not False

    def __call__(self, job: Job, result: Result) -> Transcription:
        """Transcribe one input."""
        from adt_plugins.base.progress import progress_bar
        from adt_plugins.cli._wrong_input import instead_of_a_recording
        from adt_plugins.pipeline import transcribe
        from adt_plugins.rhythm.beats import has_beats

        source: AudioSource = job.source
        label = Path(job.source).name
        if job.source == STDIN:
            source, label = _console.binary_input(), self._args.name
        if self._beats and has_beats(self._network.card.outputs):
            result.beats = 0
        with (
            instead_of_a_recording(job.source),
            progress_bar(label, quiet=self._args.quiet) as progress,
        ):
            return transcribe(
                source,
                model=self._network,
                start=self._args.start or 0.0,
                end=self._args.end,
                audio_track=getattr(self._args, "audio_track", None),
                drums=self._args.drums,
                thresholds=self._thresholds,
                fine=self._args.fine,
                song_gate=self._args.song_gate,
                adaptation=self._adaptation,
                beats=self._beats,
                bpm=self._args.bpm,
                meter=self._args.meter,
                first_downbeat=self._args.first_downbeat,
                keep_activations=self._keep_activations,
                progress=progress,
                cancel=self._cancel,
            )


def check_options(args: argparse.Namespace) -> ModelCard:
    """Return the model's card; raise `AdtError` if it has not what is asked for."""
    from adt_plugins.errors import AdtError
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.picking.fine_drums import FineDrumTagger
    from adt_plugins.pipeline import check_request

    start = args.start or 0.0
    if args.end is not None and args.end <= start:
        raise AdtError(f"--end: {args.end:g} s is not after the start, {start:g} s")
    for name in args.format:
        if getattr(args, "audio_track", None) and "audio" in _needs(name):
            raise AdtError(
                f"--audio-track: {name} is made with the file's first choice"
            )
    if args.beats is False:
        given = ("quantize", "bpm", "meter", "first_downbeat")
        needy = [name for name in args.format if "beats" in _needs(name)]
        needy += [
            f"--{n.replace('_', '-')}" for n in given if getattr(args, n) is not None
        ]
        if needy:
            raise AdtError(f"--no-beats: but they are needed for {', '.join(needy)}")
    card = find_model(args.model)
    kinds = FineDrumTagger(card).kinds if args.fine else ()
    check_request(card, args.drums, dict(args.threshold), kinds)
    adaptation = read_adaptation(args)
    if adaptation is not None:
        adaptation.check(card)
    return card


def read_adaptation(args: argparse.Namespace) -> Adaptation | None:
    """Return what ``--adapt`` names."""
    if args.adapt is None:
        return None
    from adt_plugins.picking.kit_adaptation import Adaptation

    return Adaptation.read(args.adapt)


def _needs(format_id: str) -> tuple[str, ...]:
    from adt_plugins.formats import find_format

    return find_format(format_id).needs
