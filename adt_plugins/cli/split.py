"""``adt split``: recordings without their drums, and the drums by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import an_input, group, set_command

if TYPE_CHECKING:
    from adt_plugins.cli._job_loop import Result
    from adt_plugins.cli._job_plan import Job
    from adt_plugins.transcription import Transcription


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """Options of ``adt split``."""

    inputs: tuple[str, ...]
    hits: str | None = None
    by_drum: bool = False
    places: _options.PlaceOptions = field(metadata=group(_options.PlaceOptions))
    model: _options.ModelOptions = field(metadata=group(_options.ModelOptions))
    report: _options.ReportOptions = field(metadata=group(_options.ReportOptions))


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "split",
        description="Separate the drums of recordings from the rest: song.drums.flac"
        " has the drums, song.drumless.flac everything else, and both add up to the"
        " song, sample by sample. Drums are separated where hits are found, or where a"
        " transcription that you have corrected has them.",
        examples=[
            ("adt split song.mp3", "a track to play along with"),
            ("adt split song.mp3 --by-drum", "each drum as a file, too"),
            ("adt split song.mp3 --from song.labels.txt", "by hits that you corrected"),
        ],
    )
    _options.add_inputs(parser, "recording")
    parser.add_argument(
        "--from",
        dest="hits",
        metavar="FILE",
        help="transcription with the hits to separate, in any format that can be read"
        " (for one input; default: find the hits)",
    )
    written = parser.add_argument_group("what is written")
    written.add_argument(
        "--by-drum",
        action="store_true",
        help="write each drum as a file, too: song.drums.KD.flac, song.drums.SD.flac …",
    )
    _options.add_places(written, only="take out only these drums")
    _options.add_model(parser, fine="where the model can")
    _options.add_report(parser)
    set_command(parser, SplitOptions, run)


def run(options: SplitOptions) -> int:
    """Run the command."""
    from adt_plugins.base.files import leaving_no_empty_folder
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.cli._job_loop import attempted, reported
    from adt_plugins.cli._job_plan import plan
    from adt_plugins.errors import AdtError

    if options.hits is not None and len(options.inputs) > 1:
        raise AdtError("--from: is for one input")
    if options.hits is not None and options.model.given:
        given = ", ".join(options.model.given)
        raise AdtError(f"{given}: has no effect, since --from gives the hits")
    if options.hits is not None:
        with an_input(options.hits):
            check_no_pipe(options.hits)
    hits_of = _hits(options)
    jobs = plan(options.inputs, options.places.folder, lambda path: path.stem)
    work = partial(_split, options, hits_of)
    with leaving_no_empty_folder(*(job.folder for job in jobs)):
        results = [attempted(job, partial(work, job)) for job in jobs]
    return reported(options.report, results)


def _split(
    options: SplitOptions,
    hits_of: Callable[[Job, Result], Transcription],
    job: Job,
    result: Result,
) -> None:
    """Find the hits of one input and write its stems, unless they exist."""
    from adt_plugins.cli._job_loop import note, warnings_to

    _check(job)
    if options.places.skip_existing and _is_done(options, job):
        result.status = "skipped"
        if options.report.talks:
            _console.say(f"{job.source}: skipped, its outputs exist")
        return
    _check_targets(options, job)
    started = time.monotonic()
    with warnings_to(result):
        hits = hits_of(job, result)
        drums = options.places.drums
        chosen = hits if drums is None else hits.only(drums)
        note(result, chosen)
        if not len(chosen):
            result.warn(f"{job.source}: no drum hits to take out")
        paths = _write(options, hits, job)
    result.outputs = [{"format": k, "path": str(p)} for k, p in paths.items()]
    result.seconds = round(time.monotonic() - started, 3)
    if options.report.talks:
        _report(job.stem, chosen, paths, result.seconds)


_BY_HITS = "to separate a recording by its hits: adt split RECORDING --from"


def _check(job: Job) -> None:
    """Refuse an input that cannot be split, before work that may be long."""
    from adt_plugins.audio.channels import ChannelReader
    from adt_plugins.base.files import check_folder
    from adt_plugins.cli._wrong_input import instead_of_a_recording
    from adt_plugins.cli.transcribe import is_pipe
    from adt_plugins.errors import AdtError
    from adt_plugins.separation.files import check_stems

    if job.rival is not None:
        raise AdtError(f"{job.source}: its outputs would replace those of {job.rival}")
    if is_pipe(job.source):
        raise AdtError(
            f"{job.source}: can be read only once, but splitting a song reads it twice"
        )
    check_folder(job.folder)
    with (
        instead_of_a_recording(job.source, use=_BY_HITS),
        ChannelReader(job.source) as reader,
    ):
        check_stems(reader.label, reader.channels, reader.info.sample_rate)


def _check_targets(options: SplitOptions, job: Job) -> None:
    """Refuse to replace files that are not ours."""
    from adt_plugins.base.files import check_free
    from adt_plugins.separation.files import stem_paths

    targets = stem_paths(job.folder, job.stem).values()
    check_free(list(targets), overwrite=options.places.overwrite)


def _write(options: SplitOptions, hits: Transcription, job: Job) -> dict[str, Path]:
    """Write the stems of one input; return their paths by name."""
    from adt_plugins.base.files import make_folder
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.base.protected import WRITTEN, protect, protecting
    from adt_plugins.separation.files import write_stems
    from adt_plugins.separation.separator import Separator

    separator = Separator(
        hits, job.source, drums=options.places.drums, by_drum=options.by_drum
    )
    make_folder(job.folder)
    label = f"{Path(job.source).name}, stems"
    with (
        protecting(hits.source.path),
        progress_bar(label, quiet=options.report.quiet) as progress,
    ):
        paths = write_stems(
            separator,
            job.folder,
            job.stem,
            by_drum=options.by_drum,
            overwrite=options.places.overwrite,
            progress=progress,
        )
    protect(*paths.values(), because=WRITTEN)
    return paths


def _is_done(options: SplitOptions, job: Job) -> bool:
    """Whether outputs exist; any single drum will do, as no song has them all."""
    from adt_plugins.drums import Drum
    from adt_plugins.separation.files import stem_paths

    whole = stem_paths(job.folder, job.stem)
    paths = stem_paths(job.folder, job.stem, options.places.drums or tuple(Drum))
    existing = {name for name, path in paths.items() if path.exists()}
    return existing >= whole.keys() and (not options.by_drum or existing > whole.keys())


def _report(
    stem: str, hits: Transcription, paths: dict[str, Path], seconds: float
) -> None:
    from adt_plugins.cli._summary import hits_lines, listed

    counts = {str(drum): n for drum, n in hits.counts().items()}
    for line in (
        *hits_lines(f"{stem}: ", counts, f" taken out ({seconds:.1f} s)"),
        *listed([(str(p), _purpose(name)) for name, p in paths.items()]),
    ):
        _console.say(line)


def _hits(options: SplitOptions) -> Callable[[Job, Result], Transcription]:
    """Return the source of an input's hits: a file, or the network.

    The network distinguishes open and closed hats, since they sound different.
    """
    from adt_plugins.cli.transcribe import Transcriber, WorkOptions
    from adt_plugins.network.catalogue import find_model

    if options.hits is not None:
        return partial(_read, options.hits, talks=options.report.talks)
    model = options.model
    if model.fine is None:
        finer = find_model(model.model).finer
        model = replace(model, fine=finer is not None)
    work = WorkOptions(
        outputs=_options.OutputOptions(formats=()),
        beats=_options.BeatOptions(beats=False),
        model=model,
    )
    return Transcriber(work, quiet=options.report.quiet)


def _read(hits: str, job: Job, result: Result, *, talks: bool) -> Transcription:
    from adt_plugins.cli import _recalled
    from adt_plugins.cli._wrong_input import instead_of_a_transcription
    from adt_plugins.corrections import read_whole
    from adt_plugins.recording import as_recorded

    with instead_of_a_transcription(hits):
        recalled = read_whole(hits, audio=job.source, warn=result.warn)
    if talks:
        _recalled.report_corrections(hits, recalled)
    return as_recorded(recalled.transcription)


def _purpose(name: str) -> str:
    from adt_plugins.drums import Drum
    from adt_plugins.separation.files import DRUMLESS, DRUMS

    if name == DRUMLESS:
        return "the song without them, to play along with"
    if name == DRUMS:
        return "the drums"
    return Drum(name.removeprefix(f"{DRUMS}.")).full_name.lower()
