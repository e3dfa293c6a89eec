"""``adt convert``: transcriptions from one format into others."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _midi, _options

if TYPE_CHECKING:
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.transcription import Transcription


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "convert",
        help="turn transcriptions into other formats",
        description="Turn transcriptions into other formats. What a file is, is told"
        " by its name, then by its content.",
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
        help="what the inputs are",
    )
    parser.add_argument(
        "--audio",
        metavar="FILE",
        help="the recording, for an input that does not say: formats may need it, and"
        " new hits, and beats, are heard in it",
    )
    _options.add_labels(parser)
    _midi.add_midi(parser)
    _midi.add_midi_inputs(parser)
    _options.add_beats(
        parser,
        "find beats and bars in the recording, where the input has none (default: if"
        " a format or option needs them)",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="model that finds beats; see 'adt models list'"
    )
    _options.add_report(parser)
    parser.set_defaults(run=run, save_activations=False)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from adt_plugins import formats
    from adt_plugins.base.reporting import did_you_mean
    from adt_plugins.cli import _recalled
    from adt_plugins.cli._job_loop import run_jobs
    from adt_plugins.cli._job_plan import check_formats, plan
    from adt_plugins.cli._wrong_input import instead_of_a_transcription
    from adt_plugins.corrections import read_whole
    from adt_plugins.errors import AdtError

    known = [name for name, form in formats.FORMATS.items() if form.read is not None]
    if args.source_format not in (None, *known):
        hint = did_you_mean(args.source_format, known)
        hint = hint or f"; there are {', '.join(known)}"
        raise AdtError(f"--from: no format {args.source_format!r} to read{hint}")

    def work(job: Job, result: Result) -> Transcription:
        _check_there(Path(job.source))
        with instead_of_a_transcription(job.source):
            return read(job, result)

    def read(job: Job, result: Result) -> Transcription:
        name = args.source_format or formats.format_of_file(job.source)
        form = formats.FORMATS.get(name or "")
        options: dict[str, Any] = {}
        if (
            form is not None
            and "names" in form.options
            and args.label_names is not None
        ):
            options["names"] = args.label_names
        if name == "midi":
            options |= _midi.reader_options(args)
        found = read_whole(
            job.source, name, audio=job.audio, warn=result.warn, **options
        )
        if not (args.quiet or args.report):
            _recalled.tell(job.source, found)
        return _recalled.complete(args, args.format, found, job.source)

    check_formats(args.format)
    if args.audio is not None and len(args.inputs) > 1:
        raise AdtError("--audio: is for one input")
    jobs = [replace(job, audio=args.audio) for job in plan(args, formats.song_stem)]
    return run_jobs(args, jobs, work)


def _check_there(path: Path) -> None:
    """Raise `AdtError` if a saved project is not there, and say what may be meant.

    Audacity proposes names and folders of its own.
    """
    from adt_plugins.audacity.saved_projects import SUFFIXES, find_saved
    from adt_plugins.errors import AdtError
    from adt_plugins.formats import song_stem

    if path.suffix.lower() not in SUFFIXES or path.exists():
        return
    stem = song_stem(path)
    found = next(find_saved(stem, path.parent), None)
    if found is None:
        hint = (
            "save the project in Audacity (File > Save Project) under this name, or"
            " name the file that it was saved as"
        )
    else:
        hint = f"the project of {stem} that was saved last is {found}"
    raise AdtError(f"{path}: no such file; {hint}")
