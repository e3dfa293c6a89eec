"""``adt split``: recordings without their drums, and the drums by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import group, set_command

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
        description="Take the drums out of recordings: song.drumless.flac is the rest,"
        " song.drums.flac the drums, and they sum to the song, sample for sample. What"
        " is taken out are the hits that are found, or those of a transcription that"
        " you have corrected.",
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
        help="transcription whose hits are taken out, of any format that can be read"
        " (for one input; default: hits are found)",
    )
    written = parser.add_argument_group("what is written")
    written.add_argument(
        "--by-drum",
        action="store_true",
        help="each drum by itself as well: song.drums.KD.flac, song.drums.SD.flac …",
    )
    _options.add_places(written, only="take out only these drums")
    _options.add_model(parser, fine="where the model can")
    _options.add_report(parser)
    set_command(parser, SplitOptions, run)


def run(options: SplitOptions) -> int:
    """Run the command."""
    from adt_plugins.cli._job_loop import attempted, reported
    from adt_plugins.cli._job_plan import plan
    from adt_plugins.errors import AdtError

    if options.hits is not None and len(options.inputs) > 1:
        raise AdtError("--from: is for one input")
    if options.hits is not None and options.model.given:
        given = ", ".join(options.model.given)
        raise AdtError(f"{given}: for hits that are found, and --from gives them")
    hits_of = _hits(options)
    jobs = plan(options.inputs, options.places.folder, lambda path: path.stem)
    work = partial(_split, options, hits_of)
    results = [attempted(job, partial(work, job)) for job in jobs]
    return reported(options.report, results)


def _split(
    options: SplitOptions,
    hits_of: Callable[[Job, Result], Transcription],
    job: Job,
    result: Result,
) -> None:
    from adt_plugins.base.files import check_folder, check_free, make_folder
    from adt_plugins.base.progress import progress_bar
    from adt_plugins.base.protected import WRITTEN, protect, protecting
    from adt_plugins.cli._job_loop import note, warnings_to
    from adt_plugins.cli.transcribe import is_pipe
    from adt_plugins.errors import AdtError
    from adt_plugins.separation.files import stem_paths, write_stems
    from adt_plugins.separation.separator import Separator

    places, talks = options.places, options.report.talks
    if job.rival is not None:
        raise AdtError(f"{job.source}: its outputs would be those of {job.rival}")
    if is_pipe(job.source):
        raise AdtError(
            f"{job.source}: can be read only once, and to split a song takes it twice"
        )
    check_folder(job.folder)
    targets = list(stem_paths(job.folder, job.stem).values())
    if places.skip_existing and _is_done(options, job):
        result.status = "skipped"
        if talks:
            _console.say(f"{job.source}: skipped, its outputs exist")
        return
    check_free(targets, overwrite=places.overwrite)
    started = time.monotonic()
    with warnings_to(result):
        found = hits_of(job, result)
        asked = found if places.drums is None else found.only(places.drums)
        note(result, asked)
        if not len(asked):
            result.warn(f"{job.source}: no drum hits to take out")
        separator = Separator(
            found, job.source, drums=places.drums, by_drum=options.by_drum
        )
        make_folder(job.folder)
        label = f"{Path(job.source).name}, stems"
        with (
            protecting(found.source.path),
            progress_bar(label, quiet=options.report.quiet) as progress,
        ):
            paths = write_stems(
                separator,
                job.folder,
                job.stem,
                by_drum=options.by_drum,
                overwrite=places.overwrite,
                progress=progress,
            )
    protect(*paths.values(), because=WRITTEN)
    result.outputs = [{"format": k, "path": str(p)} for k, p in paths.items()]
    result.seconds = round(time.monotonic() - started, 3)
    if talks:
        _tell(job.stem, asked, paths, result.seconds)


def _is_done(options: SplitOptions, job: Job) -> bool:
    """Whether outputs exist; of single drums any, for no song has them all."""
    from adt_plugins.drums import Drum
    from adt_plugins.separation.files import stem_paths

    whole = stem_paths(job.folder, job.stem)
    paths = stem_paths(job.folder, job.stem, options.places.drums or tuple(Drum))
    there = {name for name, path in paths.items() if path.exists()}
    return there >= whole.keys() and (not options.by_drum or there > whole.keys())


def _tell(
    stem: str, hits: Transcription, paths: dict[str, Path], seconds: float
) -> None:
    from adt_plugins.cli._summary import hits_text, listed

    told = hits_text({str(drum): n for drum, n in hits.counts().items()})
    _console.say(f"{stem}: {told} taken out ({seconds:.1f} s)")
    for line in listed([(str(p), _purpose(name)) for name, p in paths.items()]):
        _console.say(line)


def _hits(options: SplitOptions) -> Callable[[Job, Result], Transcription]:
    """What gives the hits of an input: a file, or the network.

    The latter tells open from closed hats, which sound otherwise.
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

    with instead_of_a_transcription(hits):
        found = read_whole(hits, audio=job.source, warn=result.warn)
    if talks:
        _recalled.tell(hits, found)
    return found.transcription


def _purpose(name: str) -> str:
    from adt_plugins.drums import Drum
    from adt_plugins.separation.files import DRUMLESS, DRUMS

    if name == DRUMLESS:
        return "the song without them, to play along with"
    if name == DRUMS:
        return "the drums"
    return Drum(name.removeprefix(f"{DRUMS}.")).full_name.lower()
