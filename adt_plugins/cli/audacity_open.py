"""``adt audacity open``: opens recordings in Audacity with their hits labelled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _format_options, _options
from adt_plugins.cli._command import an_input, group, set_command
from adt_plugins.cli.transcribe import WorkOptions

if TYPE_CHECKING:
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.cli.transcribe import Transcriber
    from adt_plugins.transcription import Transcription

FORMAT = "aup"


@dataclass(frozen=True, kw_only=True)
class OpenOptions:
    """Options of ``adt audacity open``."""

    inputs: tuple[str, ...]
    program: str | None = None
    work: WorkOptions = field(metadata=group(WorkOptions))
    report: _options.ReportOptions = field(metadata=group(_options.ReportOptions))


def add_parser(subparsers: Any) -> None:
    """Add the action to those of ``adt audacity``."""
    parser = subparsers.add_parser(
        "open",
        help="transcribe recordings and open them in Audacity",
        description="Transcribe recordings and open each in Audacity, with the audio,"
        " a label track for each drum, and two for beats and bars. Writes"
        " song.drums.aup and the folder song.drums_data beside the song; what you"
        " make of it, Audacity saves as a project of its own. A transcription"
        " (song.drums.json) is opened without transcribing again.",
        examples=[
            ("adt audacity open song.flac", "drums, beats and bars as labels"),
            ("adt audacity open song.flac --no-beats", "only the drums"),
            ("adt audacity open song.drums.json", "an existing transcription"),
        ],
    )
    _options.add_inputs(parser, "recording, or transcription of one")
    _options.add_outputs(parser, FORMAT)
    parser.add_argument(
        "--program", metavar="FILE", help="Audacity's program, if it is not found"
    )
    _format_options.add_writers(parser)
    _options.add_part(parser)
    _options.add_beats(parser)
    _options.add_model(parser)
    _options.add_report(parser)
    set_command(parser, OpenOptions, run)


def run(options: OpenOptions) -> int:
    """Run the action."""
    from adt_plugins import formats
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.cli._job_loop import Settings, run_jobs
    from adt_plugins.cli._job_plan import check_formats, plan
    from adt_plugins.cli._reopening import project_of

    for source in options.inputs:
        with an_input(source):
            check_no_pipe(source)
    work = options.work
    check_formats(work.outputs.formats)
    written = tuple(dict.fromkeys((*work.outputs.formats, FORMAT)))
    work = replace(work, outputs=replace(work.outputs, formats=written))
    writing = work.writers.writing(written)

    def stem(path: Path) -> str:
        return formats.song_stem(path) if _is_transcription(path) else path.stem

    jobs = [
        job if _is_transcription(job.source) else replace(job, audio=job.source)
        for job in plan(options.inputs, work.outputs.folder, stem)
    ]
    command = _find_program(options.program)
    talk = options.report.talks
    projects = ((job, project_of(work, job, options.report)) for job in jobs)
    existing = {job: path for job, path in projects if path is not None}
    for job, path in existing.items():
        if talk:
            _console.say(f"{path}: exists; --overwrite transcribes {job.stem} again")
        _open(command, path, talk=talk, made=False)

    def show(job: Job) -> None:
        _open(command, job.target(FORMAT), talk=talk)

    jobs = [job for job in jobs if job not in existing]
    if existing and not jobs:
        return 0
    settings = Settings(work.outputs, writing, options.report)
    return run_jobs(settings, jobs, _Work(work, quiet=options.report.quiet), show)


class _Work:
    """Makes or reads the transcription of an input."""

    def __init__(self, options: WorkOptions, *, quiet: bool) -> None:
        self._options, self._quiet = options, quiet
        self._transcriber: Transcriber | None = None

    def __call__(self, job: Job, result: Result) -> Transcription:
        from adt_plugins.cli.transcribe import Transcriber
        from adt_plugins.corrections import read_whole

        if _is_transcription(job.source):
            return read_whole(job.source, warn=result.warn).transcription
        if self._transcriber is None:
            self._transcriber = Transcriber(self._options, quiet=self._quiet)
        return self._transcriber(job, result)


def _is_transcription(path: str | Path) -> bool:
    """Whether a file is a transcription by its name, and not a recording."""
    from adt_plugins import formats

    name = formats.format_of_name(path)
    return name is not None and formats.FORMATS[name].read is not None


def _find_program(name: str | None) -> list[str] | None:
    import shutil

    from adt_plugins.audacity.launch import command_of, find_audacity
    from adt_plugins.errors import AdtError

    if name is None:
        return find_audacity()
    folder = Path(name)
    program = folder if folder.suffix == ".app" else shutil.which(name)
    if program is None:
        raise AdtError(f"--program: {name} is not a program")
    return command_of(Path(program))


def _open(
    command: list[str] | None, path: Path, *, talk: bool, made: bool = True
) -> None:
    from adt_plugins.audacity.launch import start_audacity
    from adt_plugins.errors import AdtError

    is_there = "is written" if made else "is there"
    if command is None:
        raise AdtError(
            f"{path}: {is_there}, but no Audacity was found to open it: install it, or"
            " name it with --program"
        )
    try:
        start_audacity(command, path)
    except AdtError as error:
        raise AdtError(f"{path}: {is_there}, but not opened: {error}") from error
    if talk:
        _console.say(f"opened it in Audacity ({' '.join(command)})")
