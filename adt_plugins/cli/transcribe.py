"""``adt transcribe``: finds the hits of recordings and writes them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _format_options, _options, _values
from adt_plugins.cli._command import group, set_command
from adt_plugins.drums import Drum

if TYPE_CHECKING:
    import threading

    from adt_plugins.audio.opening import AudioSource
    from adt_plugins.card import ModelCard
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.picking.kit_adaptation import Adaptation
    from adt_plugins.transcription import Transcription


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """Options of the work on each recording."""

    outputs: _options.OutputOptions = field(metadata=group(_options.OutputOptions))
    writers: _format_options.WriterOptions = field(
        default=_format_options.WriterOptions(),
        metadata=group(_format_options.WriterOptions),
    )
    part: _options.PartOptions = field(
        default=_options.PartOptions(), metadata=group(_options.PartOptions)
    )
    beats: _options.BeatOptions = field(
        default=_options.BeatOptions(), metadata=group(_options.BeatOptions)
    )
    model: _options.ModelOptions = field(
        default=_options.ModelOptions(), metadata=group(_options.ModelOptions)
    )


@dataclass(frozen=True, kw_only=True)
class TranscribeOptions:
    """Options of ``adt transcribe``."""

    inputs: tuple[str, ...]
    name: str | None = None
    threads: int | None = None
    work: WorkOptions = field(metadata=group(WorkOptions))
    report: _options.ReportOptions = field(metadata=group(_options.ReportOptions))


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "transcribe",
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
        "--name", metavar="SONG", help="stem of the outputs' names (for one input)"
    )
    add_work(parser)
    parser.add_argument(
        "--threads",
        type=_values.positive,
        metavar="N",
        help="processor cores to use; the result is the same (default: all)",
    )
    _options.add_report(parser)
    set_command(parser, TranscribeOptions, run)


def add_work(parser: argparse.ArgumentParser, *, into_folder: bool = False) -> None:
    """Add options of the work on each recording."""
    _options.add_outputs(parser, _options.DEFAULT_FORMATS, into_folder=into_folder)
    parser.add_argument(
        "--save-activations",
        action="store_true",
        help="write the network's activations too, as song.drums.npz",
    )
    _format_options.add_writers(parser)
    _options.add_part(parser)
    _options.add_track(parser)
    _options.add_beats(parser)
    _options.add_model(parser)


def run(options: TranscribeOptions) -> int:
    """Run the command."""
    from adt_plugins.cli._job_loop import Settings, run_jobs
    from adt_plugins.cli._job_plan import check_formats, plan

    outputs = options.work.outputs
    check_formats(outputs.formats)
    _check_name(options)
    jobs = plan(options.inputs, outputs.folder, lambda path: options.name or path.stem)
    jobs = [
        replace(job, audio=None if is_pipe(job.source) else job.source) for job in jobs
    ]
    if outputs.folder is None:  # a pipe's folder, such as /dev, is not the user's
        jobs = [
            replace(job, folder=Path()) if _is_nameless(job.source) else job
            for job in jobs
        ]
    settings = Settings(
        outputs, options.work.writers.writing(outputs.formats), options.report
    )
    work = Transcriber(
        options.work,
        options.name,
        quiet=options.report.quiet,
        threads=options.threads,
    )
    return run_jobs(settings, jobs, work)


def is_pipe(source: str) -> bool:
    """Whether an input can be read only once."""
    from adt_plugins.base.pipes import is_named_pipe

    return source == _options.STDIN or is_named_pipe(source)


def _is_nameless(source: str) -> bool:
    """Whether an input is a pipe without a name of its own, such as ``<(...)``."""
    return source == _options.STDIN or (
        is_pipe(source) and source.startswith(("/dev/", "/proc/"))
    )


def _check_name(options: TranscribeOptions) -> None:
    from adt_plugins.errors import AdtError

    name = options.name
    if name is not None and len(options.inputs) > 1:
        raise AdtError("--name: is for one input")
    if name is not None and name != Path(name).name:
        raise AdtError(f"--name: {name!r} is not a plain name; -o is the folder")
    for source in filter(is_pipe, options.inputs):
        if name is None and _is_nameless(source):
            pipe = "standard input" if source == _options.STDIN else source
            raise AdtError(f"--name: needed to name the outputs of {pipe}: --name SONG")
        for form in options.work.outputs.formats:
            if "audio" in _needs(form):
                raise AdtError(f"--format: {form} needs a recording in a file")


class Transcriber:
    """Transcribes one input after the other with one open network.

    Parameters
    ----------
    options
        Options of the command.
    stdin_name
        Name for standard input.
    quiet
        Show no progress.
    cancel, threads
        See `adt_plugins.pipeline.transcribe`.

    Raises
    ------
    AdtError
        If the part is empty, or the model cannot do what is asked for.
    """

    def __init__(
        self,
        options: WorkOptions,
        stdin_name: str | None = None,
        *,
        quiet: bool = False,
        cancel: threading.Event | None = None,
        threads: int | None = None,
    ) -> None:
        from adt_plugins.formats import find_format
        from adt_plugins.pipeline import open_network

        card = check_options(options)
        self._options, self._cancel = options, cancel
        self._stdin_name, self._quiet = stdin_name, quiet
        self._threads = threads
        self._network = open_network(card)
        self._adaptation = read_adaptation(options.model)
        outputs = options.outputs
        self._keep_activations = outputs.save_activations or any(
            "activations" in find_format(name).wants for name in outputs.formats
        )
        self._beats = options.beats.beats is not False
        self._fine = _wants_fine(options, card)

    def __call__(self, job: Job, result: Result) -> Transcription:
        """Transcribe one input."""
        from adt_plugins.base.progress import progress_bar
        from adt_plugins.cli._wrong_input import instead_of_a_recording
        from adt_plugins.pipeline import transcribe
        from adt_plugins.rhythm.beats import has_beats

        part, model, beats = (
            self._options.part,
            self._options.model,
            self._options.beats,
        )
        source: AudioSource = job.source
        label = Path(job.source).name
        if job.source == _options.STDIN:
            source, label = _console.binary_input(), self._stdin_name or label
        if self._beats and has_beats(self._network.card.outputs):
            result.beats = 0
        with (
            instead_of_a_recording(job.source, self._options.outputs.formats),
            progress_bar(label, quiet=self._quiet) as progress,
        ):
            return transcribe(
                source,
                model=self._network,
                start=part.start,
                end=part.end,
                audio_track=part.audio_track,
                drums=self._options.outputs.drums,
                thresholds=dict(model.thresholds),
                fine=self._fine,
                song_gate=model.song_gate,
                adaptation=self._adaptation,
                beats=self._beats,
                bpm=beats.bpm,
                meter=beats.meter,
                first_downbeat=beats.first_downbeat,
                keep_activations=self._keep_activations,
                progress=progress,
                cancel=self._cancel,
                threads=self._threads,
            )


def check_options(options: WorkOptions) -> ModelCard:
    """Return the model's card; raise `AdtError` if it cannot do what is asked for."""
    from adt_plugins.network.catalogue import find_model
    from adt_plugins.picking.request import check_request

    _check_part(options)
    _check_beats(options)
    card = find_model(options.model.model)
    kinds = _fine_kinds(card) if _wants_fine(options, card) else ()
    check_request(card, options.outputs.drums, dict(options.model.thresholds), kinds)
    adaptation = read_adaptation(options.model)
    if adaptation is not None:
        adaptation.check(card)
    return card


def _wants_fine(options: WorkOptions, card: ModelCard) -> bool:
    """Return whether to distinguish kinds of drums.

    By default for paper, if the model can, and if such a kind is asked for.
    """
    from adt_plugins.formats import find_format

    if options.model.fine is not None:
        return options.model.fine
    if card.finer is None:
        return False
    formats = map(find_format, options.outputs.formats)
    if any("fine" in form.wants for form in formats):
        return True
    asked = set(options.outputs.drums or ()) - {Drum(code) for code in card.drums}
    return bool(asked) and not asked.isdisjoint(_fine_kinds(card))


def _fine_kinds(card: ModelCard) -> tuple[Drum, ...]:
    from adt_plugins.picking.fine_drums import FineDrumTagger

    return FineDrumTagger(card).kinds


def _check_part(options: WorkOptions) -> None:
    from adt_plugins.errors import AdtError

    start, end = options.part.start, options.part.end
    if end is not None and end <= start:
        raise AdtError(f"--end: {end:g} s is not after the start, {start:g} s")
    for name in options.outputs.formats:
        if options.part.audio_track is not None and "audio" in _needs(name):
            raise AdtError(f"--audio-track: {name} always uses the default track")


def _check_beats(options: WorkOptions) -> None:
    from adt_plugins.errors import AdtError

    if options.beats.beats is not False:
        return
    needy = [name for name in options.outputs.formats if "beats" in _needs(name)]
    needy += [*options.writers.need_beats, *options.beats.given]
    if needy:
        raise AdtError(f"--no-beats: beats are needed for {', '.join(needy)}")


def read_adaptation(options: _options.ModelOptions) -> Adaptation | None:
    """Read the file that ``--adapt`` names."""
    if options.adapt is None:
        return None
    from adt_plugins.picking.kit_adaptation import Adaptation

    return Adaptation.read(options.adapt)


def _needs(format_id: str) -> tuple[str, ...]:
    from adt_plugins.formats import find_format

    return find_format(format_id).needs
