"""``adt convert``: converts transcriptions from one format to others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _format_options, _options
from adt_plugins.cli._command import an_input, group, set_command

if TYPE_CHECKING:
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.transcription import Transcription


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """Options of ``adt convert``."""

    inputs: tuple[str, ...]
    source_format: str | None = None
    audio: str | None = None
    model: str | None = None
    outputs: _options.OutputOptions = field(metadata=group(_options.OutputOptions))
    writers: _format_options.WriterOptions = field(
        metadata=group(_format_options.WriterOptions)
    )
    midi_inputs: _format_options.MidiInputOptions = field(
        metadata=group(_format_options.MidiInputOptions)
    )
    beats: _options.BeatOptions = field(metadata=group(_options.BeatOptions))
    report: _options.ReportOptions = field(metadata=group(_options.ReportOptions))

    def reading(self) -> dict[str, Any]:
        """Return the options of readers, by name."""
        assumed = self.writers.midi.drum_map
        return {
            **self.writers.labels.reading(),
            **self.midi_inputs.reading(),
            **({} if assumed is None else {"assumed_map": assumed}),
        }


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "convert",
        description="Convert transcriptions to other formats. The format of a file is"
        " recognised by its name, or else by its content.",
        examples=[
            ("adt convert song.labels.txt --format midi", "labels to a MIDI track"),
            ("adt convert song.aup3 --format midi,pdf", "a project saved in Audacity"),
            (
                "adt convert song.drums.json --format midi --drum-map ezdrummer",
                "notes of a sampler",
            ),
        ],
    )
    _options.add_inputs(parser, "transcription")
    _options.add_outputs(parser, None)
    parser.add_argument(
        "--from",
        dest="source_format",
        type=str.casefold,
        metavar="FORMAT",
        help="format of the inputs",
    )
    parser.add_argument(
        "--audio",
        metavar="FILE",
        help="the recording, if the input does not name it: some formats need it, and"
        " beats and the velocities of new hits are found in it",
    )
    _format_options.add_writers(parser)
    _format_options.add_midi_inputs(parser)
    _options.add_beats(
        parser,
        "find beats and bars in the recording, where the input has none (default: if"
        " a format or option needs them)",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="model that finds beats; see 'adt models list'"
    )
    _options.add_report(parser)
    set_command(parser, ConvertOptions, run)


def run(options: ConvertOptions) -> int:
    """Run the command."""
    from adt_plugins import formats
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.cli._job_loop import Settings, run_jobs
    from adt_plugins.cli._job_plan import check_formats, plan
    from adt_plugins.cli._wrong_input import instead_of_a_transcription
    from adt_plugins.errors import AdtError

    def work(job: Job, result: Result) -> Transcription:
        check_no_pipe(job.source)
        _check_project_exists(Path(job.source))
        with instead_of_a_transcription(job.source):
            return _read(job, result, options)

    _check_source_format(options.source_format)
    outputs = options.outputs
    check_formats(outputs.formats)
    # Names of drums and, without --from-drum-map, the map are those of the input too.
    writing = options.writers.writing(outputs.formats, read=("names", "drum_map"))
    if options.audio is not None and len(options.inputs) > 1:
        raise AdtError("--audio: is for one input")
    if options.audio is not None:
        with an_input(options.audio):
            check_no_pipe(options.audio)
    jobs = plan(options.inputs, outputs.folder, formats.song_stem)
    jobs = [replace(job, audio=options.audio) for job in jobs]
    settings = Settings(outputs, writing, options.report)
    return run_jobs(settings, jobs, work)


def _read(job: Job, result: Result, options: ConvertOptions) -> Transcription:
    """Read a file, and what it corrects or what the formats need, if that is found."""
    from adt_plugins import formats
    from adt_plugins.cli import _recalled
    from adt_plugins.corrections import read_whole

    name = options.source_format or formats.format_of_file(job.source)
    form = formats.FORMATS.get(name or "")
    declared = () if form is None else form.reader_options
    reading = options.reading()
    recalled = read_whole(
        job.source,
        name,
        audio=job.audio,
        warn=result.warn,
        **{key: value for key, value in reading.items() if key in declared},
    )
    if options.report.talks:
        _recalled.report_corrections(job.source, recalled)
    transcription = _recalled.complete(
        recalled,
        job.source,
        options.outputs.formats,
        beats=options.beats,
        on_grid=bool(options.writers.midi.quantize),
        model=options.model,
        quiet=options.report.quiet,
    )
    outputs = options.outputs.formats
    if (
        not transcription.beats
        and recalled.sound() is None
        and (
            options.writers.need_beats
            or any("beats" in formats.FORMATS[name].needs for name in outputs)
        )
    ):
        result.warn(f"{job.source}: has no beats; --audio RECORDING finds them")
    return transcription


def _check_source_format(name: str | None) -> None:
    """Raise `AdtError` for a format that does not exist or is only written."""
    from adt_plugins.base.reporting import did_you_mean
    from adt_plugins.errors import AdtError
    from adt_plugins.formats import FORMATS

    readable = [id_ for id_, form in FORMATS.items() if form.read is not None]
    if name is not None and name not in readable:
        hint = did_you_mean(name, readable) or f"; there are {', '.join(readable)}"
        raise AdtError(f"--from: no format {name!r} to read{hint}")


def _check_project_exists(path: Path) -> None:
    """Raise `AdtError` if a saved project does not exist, and suggest another.

    Audacity proposes its own names and folders.
    """
    from adt_plugins.audacity.saved_projects import SUFFIXES, find_saved
    from adt_plugins.errors import AdtError
    from adt_plugins.formats import song_stem

    if path.suffix.lower() not in SUFFIXES or path.exists():
        return
    stem = song_stem(path)
    newest = next(find_saved(stem, path.parent), None)
    if newest is None:
        hint = (
            "save the project in Audacity (File > Save Project) under this name, or"
            " name the file that it was saved as"
        )
    else:
        hint = f"the project of {stem} that was saved last is {newest}"
    raise AdtError(f"{path}: no such file; {hint}")
